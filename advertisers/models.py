"""Advertisers with their contacts and bank accounts."""

import uuid

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from accounts.audit import recording
from accounts.choices import SecurityEventKind
from accounts.models import SecurityEvent
from accounts.validators import validate_person_name, validate_title
from advertisers import constraints
from advertisers.choices import AdvertiserType, ContactType
from advertisers.fields import PhoneField
from advertisers.phones import refusal, stored_form
from advertisers.querysets import AdvertiserQuerySet, BankAccountQuerySet, ContactQuerySet
from advertisers.validators import compact_iban, validate_account_number, validate_bic, validate_iban
from campaign_studio import acting
from campaign_studio.encryption import EncryptedTextField
from campaign_studio.lookups import SearchKey
from campaign_studio.models.base import TimestampedModel
from campaign_studio.models.stamped import StampedModel
from campaign_studio.models.versioned import PartModel
from campaign_studio.places import country_choices, currency_choices, timezone_choices

LAST_CONTACT = _("An advertiser needs at least one contact. Add another contact first.")


class Advertiser(StampedModel):
    """A customer who pays for campaigns."""

    advertiser_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    advertiser_name = models.CharField(verbose_name=_("name"), max_length=255)
    advertiser_type = models.CharField(verbose_name=_("type"), max_length=20, choices=AdvertiserType.choices)
    address_line_1 = models.CharField(verbose_name=_("address line 1"), max_length=255, null=True, blank=True)
    address_line_2 = models.CharField(verbose_name=_("address line 2"), max_length=255, null=True, blank=True)
    city = models.CharField(verbose_name=_("city"), max_length=100, null=True, blank=True)
    state = models.CharField(verbose_name=_("state or region"), max_length=100, null=True, blank=True)
    postal_code = models.CharField(verbose_name=_("postcode"), max_length=20, null=True, blank=True)
    country = models.CharField(
        verbose_name=_("country"), max_length=100, null=True, blank=True, choices=country_choices
    )
    latitude = models.FloatField(
        verbose_name=_("latitude"), null=True, blank=True, help_text=_("Degrees north, from −90 to 90.")
    )
    longitude = models.FloatField(
        verbose_name=_("longitude"), null=True, blank=True, help_text=_("Degrees east, from −180 to 180.")
    )
    timezone = models.CharField(
        verbose_name=_("time zone"), max_length=64, null=True, blank=True, choices=timezone_choices
    )
    created_by = models.ForeignKey(
        "accounts.User", models.PROTECT, related_name="+", editable=False, verbose_name=_("created by")
    )

    created_by_field = "created_by"

    objects = AdvertiserQuerySet.as_manager()

    class Meta:
        db_table = "advertisers"
        ordering = ["advertiser_name", "advertiser_id"]
        verbose_name = _("advertiser")
        verbose_name_plural = _("advertisers")
        indexes = [
            GinIndex(
                OpClass(SearchKey("advertiser_name"), name="gin_trgm_ops"),
                OpClass(SearchKey("city"), name="gin_trgm_ops"),
                name="advertisers_search",
            )
        ]
        constraints = constraints.OF_AN_ADVERTISER

    def __str__(self) -> str:
        return self.advertiser_name

    def clean(self) -> None:
        """Refuse a new name that would turn around lines in which it stands."""
        super().clean()
        self.check_changed({"advertiser_name": validate_title})


class AdvertiserContact(PartModel, TimestampedModel):
    """A person to contact at an advertiser. Every advertiser has at least one."""

    contact_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    advertiser = models.ForeignKey(Advertiser, models.CASCADE, related_name="contacts", verbose_name=_("advertiser"))
    contact_name = models.CharField(verbose_name=_("name"), max_length=255)
    contact_email = models.EmailField(verbose_name=_("email address"), max_length=255)
    contact_phone = PhoneField(
        verbose_name=_("phone"),
        null=True,
        blank=True,
        help_text=_("With the country code and any extension, such as +49 30 901820 or +1 415 555 2671 ext. 89."),
    )
    contact_address = models.CharField(verbose_name=_("address"), max_length=255, null=True, blank=True)
    contact_city = models.CharField(verbose_name=_("city"), max_length=100, null=True, blank=True)
    contact_state = models.CharField(verbose_name=_("state or region"), max_length=100, null=True, blank=True)
    contact_postal_code = models.CharField(verbose_name=_("postcode"), max_length=20, null=True, blank=True)
    contact_country = models.CharField(
        verbose_name=_("country"), max_length=100, null=True, blank=True, choices=country_choices
    )
    is_point_of_contact = models.BooleanField(
        default=False,
        verbose_name=_("point of contact"),
        help_text=_("The contact to call first. Replaces the advertiser's current point of contact."),
    )
    contact_type = models.CharField(
        verbose_name=_("type"), max_length=20, choices=ContactType.choices, default=ContactType.MANAGER
    )

    whole_field = "advertiser"
    flag_field = "is_point_of_contact"
    only_one_message = constraints.ONE_POINT_OF_CONTACT

    objects = ContactQuerySet.as_manager()

    class Meta:
        db_table = "advertiser_contacts"
        ordering = ["-is_point_of_contact", "contact_name", "contact_id"]
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        constraints = constraints.OF_A_CONTACT

    def __str__(self) -> str:
        return self.contact_name

    def clean(self) -> None:
        """Raise ValidationError for a new name that could mislead, and for what isn't a phone number."""
        super().clean()
        self.check_changed({"contact_name": validate_person_name, "contact_phone": self._normalise_phone})

    def _normalise_phone(self, phone: str | None) -> None:
        """Store the phone number in its normal form. One without a country code is in the contact's country."""
        if not phone:
            return
        country = self.contact_country or self.advertiser.country
        normal = stored_form(phone, country=country)
        if normal is None:
            raise refusal(phone, country=country)
        self.contact_phone = normal

    def remove(self) -> None:
        """Delete this contact. Raises ValidationError (code `last_contact`) if it is the advertiser's last one."""
        with transaction.atomic():
            Advertiser.objects.select_for_update(no_key=True).get(pk=self.advertiser_id)
            if not AdvertiserContact.objects.filter(advertiser_id=self.advertiser_id).exclude(pk=self.pk).exists():
                raise ValidationError(LAST_CONTACT, code="last_contact")
            self.delete()


class AdvertiserBankAccount(PartModel, TimestampedModel):
    """An account an advertiser pays from. Number and IBAN are encrypted at rest and shown masked."""

    bank_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    advertiser = models.ForeignKey(
        Advertiser, models.CASCADE, related_name="bank_accounts", verbose_name=_("advertiser")
    )
    bank_name = models.CharField(verbose_name=_("bank"), max_length=255)
    bank_account_name = models.CharField(max_length=255, verbose_name=_("account holder"))
    bank_account_number = EncryptedTextField(
        verbose_name=_("account number"), null=True, blank=True, max_length=34, validators=[validate_account_number]
    )
    bank_account_iban = EncryptedTextField(
        null=True, blank=True, max_length=60, verbose_name=_("IBAN"), validators=[validate_iban]
    )
    bank_account_routing_number = models.CharField(
        max_length=34,
        null=True,
        blank=True,
        verbose_name=_("routing number"),
        validators=[
            RegexValidator(
                r"^[0-9A-Za-z -]+\Z", _("A routing number contains only letters, digits, spaces and hyphens.")
            )
        ],
    )
    bank_account_swift_code = models.CharField(
        max_length=11, null=True, blank=True, verbose_name=_("SWIFT code"), validators=[validate_bic]
    )
    bank_account_bic = models.CharField(
        max_length=11, null=True, blank=True, verbose_name=_("BIC"), validators=[validate_bic]
    )
    bank_account_currency = models.CharField(
        max_length=3, choices=currency_choices, default="EUR", verbose_name=_("currency")
    )
    is_default = models.BooleanField(
        default=False,
        verbose_name=_("default"),
        help_text=_("Replaces the advertiser's current default account."),
    )
    is_verified = models.BooleanField(default=False, verbose_name=_("verified"))
    is_sepa_compliant = models.BooleanField(default=False, verbose_name=_("SEPA-compliant"))

    whole_field = "advertiser"
    flag_field = "is_default"
    only_one_message = constraints.ONE_DEFAULT_ACCOUNT

    objects = BankAccountQuerySet.as_manager()

    class Meta:
        db_table = "advertiser_bank_accounts"
        ordering = ["-is_default", "bank_name", "bank_id"]
        verbose_name = _("bank account")
        verbose_name_plural = _("bank accounts")
        constraints = constraints.OF_A_BANK_ACCOUNT

    def __str__(self) -> str:
        return f"{self.bank_name} {self.bank_account_iban or self.bank_account_number or ''}".strip()

    def clean(self) -> None:
        """Normalise IBAN, SWIFT code and BIC: no label, no spaces, upper case."""
        super().clean()
        if self.bank_account_iban:
            self.bank_account_iban = compact_iban(self.bank_account_iban.reveal())
        for name in ("bank_account_swift_code", "bank_account_bic"):
            code = getattr(self, name)
            setattr(self, name, code.replace(" ", "").upper() if code else code)

    def reveal(self) -> dict[str, str | None]:
        """Account number and IBAN, unmasked. Records an audit entry and a security event."""
        recording.log_access(self)
        SecurityEvent.objects.record(
            SecurityEventKind.BANK_NUMBER_REVEALED,
            acting.current_user(),
            detail=f"bank account {self.pk} of {self.advertiser}",
        )
        secrets = {
            "bank_account_number": self.bank_account_number,
            "bank_account_iban": self.bank_account_iban,
        }
        return {name: secret.reveal() if secret else None for name, secret in secrets.items()}
