"""Advertisers: the companies and people who pay for campaigns."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AdvertisersConfig(AppConfig):
    """Advertisers, their contacts and their bank accounts."""

    name = "advertisers"
    verbose_name = _("Advertising")

    def ready(self) -> None:
        from accounts.audit import recording
        from advertisers import models, rules  # noqa: F401 - importing rules registers the permissions

        recording.register(models.Advertiser)
        recording.register(models.AdvertiserContact)
        recording.register(models.AdvertiserBankAccount, mask=frozenset({"bank_account_number", "bank_account_iban"}))
