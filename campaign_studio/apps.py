"""The project package as an app: its commands, static files and checks."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate

from campaign_studio.database.timeouts import lift_statement_timeout, restore_statement_timeout


class CampaignStudioConfig(AppConfig):
    """Foundations and composition, with the table of answers that may be asked for again."""

    name = "campaign_studio"
    verbose_name = "Campaign Studio"

    def ready(self) -> None:
        """Register look-ups and system checks; migrations take as long as they need."""
        from campaign_studio import checks, lookups  # noqa: F401 - imported for what they register

        pre_migrate.connect(lift_statement_timeout, sender=self)
        post_migrate.connect(restore_statement_timeout, sender=self)
