"""Ads: what shows on the screen, where and when it may show, and what is counted."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AdsConfig(AppConfig):
    """Registers the models that the audit log records, and the rules."""

    name = "ads"
    verbose_name = _("Advertising")

    def ready(self) -> None:
        from accounts.audit import recording
        from ads import changesets, models, rules  # noqa: F401 - importing rules registers them

        recording.register(models.Ad, exclude=frozenset({"ad_number", "ad_view_count"}))
        recording.register(models.AdTimeSlot)
        recording.register(models.AdContentRating)
        recording.register(models.Device, exclude=frozenset({"last_seen_at"}), mask=frozenset({"key_hash"}))
        changesets.register_ads()
