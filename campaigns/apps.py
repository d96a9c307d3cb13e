"""Campaigns: what is advertised, when, and where."""

from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    """Campaigns and their audience."""

    name = "campaigns"
    verbose_name = "Advertising"

    def ready(self) -> None:
        from accounts.audit import recording
        from campaigns import models, rules  # noqa: F401 - rules is imported for what it registers

        recording.register(models.Campaign)
        recording.register(models.CampaignAudienceTargeting)
