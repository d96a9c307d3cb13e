"""Ads: what is shown on the screen, when, and to whom it may be shown."""

from django.apps import AppConfig


class AdsConfig(AppConfig):
    """Ads with their time slots and content ratings."""

    name = "ads"
    verbose_name = "Advertising"

    def ready(self) -> None:
        """Register permission rules and audited models."""
        from ads import models, rules  # noqa: F401 - rules is imported for what it registers
        from campaign_studio import audit

        audit.register(models.Ad, exclude={"ad_number", "ad_view_count"})
        audit.register(models.AdTimeSlot)
        audit.register(models.AdContentRating)
