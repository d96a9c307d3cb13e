"""The companies and people who pay for campaigns."""

from django.apps import AppConfig


class AdvertisersConfig(AppConfig):
    """Advertisers, whom to call there, and where their money comes from."""

    name = "advertisers"
    verbose_name = "Advertising"

    def ready(self) -> None:
        """Register permission rules and audited models."""
        from advertisers import models, rules  # noqa: F401 - rules is imported for what it registers
        from campaign_studio import audit

        audit.register(models.Advertiser)
        audit.register(models.AdvertiserContact)
        audit.register(models.AdvertiserBankAccount, mask={"bank_account_number", "bank_account_iban"})
