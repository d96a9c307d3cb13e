"""The project package as an app: its model, commands, static files and checks."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate

from campaign_studio.database.timeouts import lift_statement_timeout, restore_statement_timeout


class CampaignStudioConfig(AppConfig):
    """The foundations that all apps build on, and the table of kept answers (`Idempotency-Key`)."""

    name = "campaign_studio"
    verbose_name = "Campaign Studio"

    def ready(self) -> None:
        """Register look-ups and system checks, and lift the statement timeout during migrations."""
        from campaign_studio import checks, lookups  # noqa: F401 - imported for their side effects

        pre_migrate.connect(lift_statement_timeout, sender=self)
        post_migrate.connect(restore_statement_timeout, sender=self)
