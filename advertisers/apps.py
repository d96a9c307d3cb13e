"""The companies and people who pay for campaigns."""

from django.apps import AppConfig


class AdvertisersConfig(AppConfig):
    """Advertisers, whom to call there, and where their money comes from."""

    name = "advertisers"
    verbose_name = "Advertising"

    def ready(self) -> None:
        from accounts.audit import recording
        from advertisers import models, rules  # noqa: F401 - rules is imported for what it registers

        recording.register(models.Advertiser)
        recording.register(models.AdvertiserContact)
        recording.register(models.AdvertiserBankAccount, mask=frozenset({"bank_account_number", "bank_account_iban"}))
