"""The project package as an app: its commands, static files and checks."""

from django.apps import AppConfig


class CampaignStudioConfig(AppConfig):
    """Foundations and composition; no tables of its own."""

    name = "campaign_studio"
    verbose_name = "Campaign Studio"

    def ready(self) -> None:
        """Register look-ups and system checks."""
        from campaign_studio import checks, lookups  # noqa: F401 - imported for what they register
