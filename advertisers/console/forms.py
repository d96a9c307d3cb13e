"""The console's forms for contacts and bank accounts."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from advertisers.models import LAST_CONTACT, AdvertiserBankAccount, AdvertiserContact
from advertisers.phones import readable, stored_form
from campaign_studio.console.forms import RowRefusedError, StudioForm, StudioFormSet
from campaign_studio.encryption import Secret

NO_CONTACT = _("An advertiser needs at least one contact.")
SECRETS = ("bank_account_number", "bank_account_iban")


class ContactFormSet(StudioFormSet):
    """The contacts of an advertiser. At least one must remain."""

    def clean(self) -> None:
        super().clean()
        if not self.remaining():
            raise ValidationError(NO_CONTACT, code="last_contact")

    def save(self, commit: bool = True) -> list[AdvertiserContact]:
        """Save, then count again: someone else may have deleted the other contact since `clean()`.

        Saving the advertiser locked it, so this count is final. Raises RowRefusedError if no contact is left.
        """
        saved = super().save(commit)
        if commit and not AdvertiserContact.objects.filter(advertiser=self.instance).exists():
            raise RowRefusedError(None, ValidationError(LAST_CONTACT, code="last_contact"))
        return saved


class PhoneField(forms.CharField):
    """A phone number as people write it."""

    def prepare_value(self, value: object) -> object:
        return readable(value) if isinstance(value, str) else value

    def to_python(self, value: object) -> str:
        """In its normal form where no country is needed, so that opening and saving the page is no change."""
        text = super().to_python(value) or ""
        return stored_form(text) or text


class ContactForm(StudioForm):
    """A contact of an advertiser."""

    class Meta:
        model = AdvertiserContact
        field_classes: ClassVar = {"contact_phone": PhoneField}
        fields = "__all__"


class BankAccountForm(StudioForm):
    """A bank account. Its stored numbers never reach the browser: their fields show only the mask, as a placeholder."""

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
                self.fields[name].help_text = _("Leave empty to keep the stored value.")

    def clean_bank_account_number(self) -> Secret | str | None:
        return self._typed_or_stored("bank_account_number")

    def clean_bank_account_iban(self) -> Secret | str | None:
        return self._typed_or_stored("bank_account_iban")

    def _typed_or_stored(self, name: str) -> Secret | str | None:
        typed: str | None = self.cleaned_data[name]
        stored: Secret | None = getattr(self.instance, name)
        return stored if not typed or typed == str(stored) else typed
