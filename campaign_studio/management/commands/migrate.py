"""Django's `migrate`, which here ignores changes to labels, help texts and messages, and loads the gazetteer."""

from typing import Any

from django.core.management.commands import migrate

from campaign_studio.database.schema_changes import SchemaAutodetector
from campaign_studio.places.gazetteer import load_gazetteer
from campaigns.models import CampaignAudienceTargeting


class Command(migrate.Command):
    """Compares the models by SchemaAutodetector."""

    autodetector = SchemaAutodetector

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate, then load the gazetteer if a migration to the present schema leaves it out of date."""
        super().handle(*args, **options)
        if load_gazetteer():
            CampaignAudienceTargeting.objects.all().rekey()
