"""Django's `migrate`, which leaves words out when it looks for changes of the models."""

from django.core.management.commands import migrate

from campaign_studio.database.schema_changes import SchemaAutodetector


class Command(migrate.Command):
    """As Django's."""

    autodetector = SchemaAutodetector
