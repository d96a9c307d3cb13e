"""Advertisers, contacts and bank accounts as JSON."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from advertisers.models import Advertiser, AdvertiserBankAccount, AdvertiserContact
from advertisers.phones import LONGEST, stored_form
from campaign_studio.api.fields import CountryField, SecretField
from campaign_studio.api.schema import OPTIONAL
from campaign_studio.api.serializers import RowListSerializer, StudioSerializer

MAX_CONTACTS = 100


class PhoneField(serializers.CharField):
    """A phone number. The model refuses what isn't one."""

    def to_internal_value(self, data: Any) -> str:
        """In its normal form where no country is needed, so that another spelling of the stored number is no change."""
        text = super().to_internal_value(data)
        return stored_form(text) or text


@extend_schema_serializer(description=_("A contact at a URL of its own."))
class ContactSerializer(StudioSerializer):
    """A contact at a URL of its own."""

    contact_phone = PhoneField(required=False, allow_null=True, max_length=LONGEST)
    contact_country = CountryField(required=False, allow_null=True)

    class Meta:
        model = AdvertiserContact
        fields = [
            "contact_id",
            "contact_name",
            "contact_email",
            "contact_phone",
            "contact_address",
            "contact_city",
            "contact_state",
            "contact_postal_code",
            "contact_country",
            "is_point_of_contact",
            "contact_type",
            "created_at",
            "updated_at",
        ]


@extend_schema_serializer(
    description=_("A contact within its advertiser. One with a known `contact_id` is changed, others are created.")
)
class NestedContactSerializer(ContactSerializer):
    """A contact within its advertiser. One with a known `contact_id` is changed, others are created."""

    contact_id = serializers.UUIDField(required=False)


@extend_schema_serializer(description=_("A bank account. Account number and IBAN are masked in every response."))
class BankAccountSerializer(StudioSerializer):
    """A bank account. Account number and IBAN are masked in every response."""

    bank_account_number = SecretField(required=False, allow_null=True, max_length=34)
    bank_account_iban = SecretField(required=False, allow_null=True, max_length=60)

    class Meta:
        model = AdvertiserBankAccount
        fields = [
            "bank_id",
            "bank_name",
            "bank_account_name",
            "bank_account_number",
            "bank_account_iban",
            "bank_account_routing_number",
            "bank_account_swift_code",
            "bank_account_bic",
            "bank_account_currency",
            "is_default",
            "is_verified",
            "is_sepa_compliant",
            "created_at",
            "updated_at",
        ]


@extend_schema_serializer(description=_("Account number and IBAN of a bank account, unmasked."))
class RevealedSerializer(serializers.Serializer):
    """Account number and IBAN of a bank account, unmasked."""

    bank_account_number = serializers.CharField(allow_null=True)
    bank_account_iban = serializers.CharField(allow_null=True)


@extend_schema_serializer(description=_("An advertiser in a list."))
class AdvertiserRowSerializer(StudioSerializer):
    """An advertiser in a list."""

    created_by_id = serializers.UUIDField(read_only=True)
    country = CountryField(required=False, allow_null=True)
    # The model validates the name: 600 choices would bloat the schema.
    timezone = serializers.CharField(
        required=False, allow_null=True, max_length=64, help_text=_("An IANA name, for example Europe/Berlin.")
    )

    class Meta:
        model = Advertiser
        fields = [
            "advertiser_id",
            "advertiser_name",
            "advertiser_type",
            "address_line_1",
            "address_line_2",
            "city",
            "state",
            "postal_code",
            "country",
            "latitude",
            "longitude",
            "timezone",
            "created_by_id",
            "created_by_name",
            "updated_by_name",
            "created_at",
            "updated_at",
            "version",
        ]
        read_only_fields = ["created_by_name", "updated_by_name", "version"]
        # The audit log doesn't record versions, so `as_of` can't show them.
        extra_kwargs = {"version": {"allow_null": True}}


@extend_schema_serializer(
    description=_(
        "An advertiser with its contacts and bank accounts. Users who may not see bank accounts don't get the field."
    ),
    # Users who may not see bank accounts don't get the field.
    extensions={OPTIONAL: ["bank_accounts"]},
)
class AdvertiserSerializer(AdvertiserRowSerializer):
    """An advertiser with its contacts and bank accounts."""

    contacts = RowListSerializer(child=NestedContactSerializer(), allow_empty=False, max_length=MAX_CONTACTS)
    bank_accounts = BankAccountSerializer(many=True, read_only=True)

    class Meta(AdvertiserRowSerializer.Meta):
        fields = [*AdvertiserRowSerializer.Meta.fields, "contacts", "bank_accounts"]
        parts = ("contacts",)

    def get_fields(self) -> dict[str, serializers.Field]:
        """`contacts` is required for a new advertiser; an update without it leaves the contacts unchanged."""
        fields = super().get_fields()
        fields["contacts"].required = self.instance is None
        return fields

    def to_representation(self, instance: Advertiser) -> dict[str, object]:
        """Leave out bank accounts for users who may not view them."""
        document: dict[str, object] = super().to_representation(instance)
        if not self.context["request"].user.has_perm("advertisers.view_advertiserbankaccount"):
            del document["bank_accounts"]
        return document
