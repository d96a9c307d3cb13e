"""Django's `makemigrations`, which here ignores changes to labels, help texts and messages."""

from django.core.management.commands import makemigrations

from campaign_studio.database.schema_changes import SchemaAutodetector


class Command(makemigrations.Command):
    """Compares the models by SchemaAutodetector."""

    autodetector = SchemaAutodetector
