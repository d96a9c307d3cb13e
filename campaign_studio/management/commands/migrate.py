"""Django's `migrate`, which here ignores changes to labels, help texts and messages."""

from django.core.management.commands import migrate

from campaign_studio.database.schema_changes import SchemaAutodetector


class Command(migrate.Command):
    """Compares the models by SchemaAutodetector."""

    autodetector = SchemaAutodetector
