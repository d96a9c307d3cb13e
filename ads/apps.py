"""Ads: what is shown on the screen, when, and to whom it may be shown."""

from django.apps import AppConfig


class AdsConfig(AppConfig):
    """Ads with their time slots and content ratings."""

    name = "ads"
    verbose_name = "Advertising"

    def ready(self) -> None:
        from accounts.audit import recording
        from ads import models, rules  # noqa: F401 - rules is imported for what it registers

        recording.register(models.Ad, exclude=frozenset({"ad_number", "ad_view_count"}))
        recording.register(models.AdTimeSlot)
        recording.register(models.AdContentRating)
