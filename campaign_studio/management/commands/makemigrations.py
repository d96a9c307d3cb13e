"""Django's `makemigrations`, which leaves words out when it looks for changes of the models."""

from django.core.management.commands import makemigrations

from campaign_studio.database.schema_changes import SchemaAutodetector


class Command(makemigrations.Command):
    """As Django's."""

    autodetector = SchemaAutodetector
