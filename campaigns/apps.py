"""Campaigns: what is advertised, when, and where."""

from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    """Campaigns and their audience."""

    name = "campaigns"
    verbose_name = "Advertising"

    def ready(self) -> None:
        """Register permission rules and audited models."""
        from campaign_studio import audit
        from campaigns import models, rules  # noqa: F401 - rules is imported for what it registers

        audit.register(models.Campaign)
        audit.register(models.CampaignAudienceTargeting)
