"""The admin console's forms for advertisers, their contacts and their bank accounts."""

from typing import Any

from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminTextInputWidget

from advertisers.models import LAST_CONTACT, AdvertiserBankAccount, AdvertiserContact
from campaign_studio.console.forms import RowRefusedError, StudioForm, StudioFormSet
from campaign_studio.encryption import Secret

NO_CONTACT = "An advertiser needs at least one contact."
SECRETS = ("bank_account_number", "bank_account_iban")


class ContactFormSet(StudioFormSet):
    """At least one contact stays."""

    def clean(self) -> None:
        super().clean()
        if not self.remaining():
            raise ValidationError(NO_CONTACT, code="last_contact")

    def save(self, commit: bool = True) -> list[AdvertiserContact]:
        """Count again: somebody may have deleted the other one meanwhile. Saving the advertiser made us wait for them.

        Raises RowRefusedError.
        """
        saved = super().save(commit)
        if commit and not AdvertiserContact.objects.filter(advertiser=self.instance).exists():
            raise RowRefusedError(None, ValidationError(LAST_CONTACT, code="last_contact"))
        return saved


class BankAccountForm(StudioForm):
    """Number and IBAN go in and never come out: the field is empty, its placeholder the mask."""

    class Meta:
        model = AdvertiserBankAccount
        fields = (
            "bank_name",
            "bank_account_name",
            *SECRETS,
            "bank_account_routing_number",
            "bank_account_swift_code",
            "bank_account_bic",
            "bank_account_currency",
            "is_default",
            "is_verified",
            "is_sepa_compliant",
        )
        widgets = {name: UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}) for name in SECRETS}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in SECRETS:
            self.initial[name] = ""
            stored = getattr(self.instance, name)
            if stored and name in self.fields:
                self.fields[name].widget.attrs["placeholder"] = str(stored)
                self.fields[name].help_text = "Leave empty to keep the one that is stored."

    def clean_bank_account_number(self) -> Secret | str | None:
        """What was typed, else what is stored."""
        return self._typed_or_stored("bank_account_number")

    def clean_bank_account_iban(self) -> Secret | str | None:
        """What was typed, else what is stored."""
        return self._typed_or_stored("bank_account_iban")

    def _typed_or_stored(self, name: str) -> Secret | str | None:
        typed: str | None = self.cleaned_data[name]
        stored: Secret | None = getattr(self.instance, name)
        return stored if not typed or typed == str(stored) else typed
