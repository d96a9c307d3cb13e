"""The database constraints of advertisers, contacts and bank accounts, each with its message."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from advertisers.choices import AdvertiserType, ContactType
from campaign_studio.constraints import FieldCheck, FieldUnique, choose_one_of

ONE_POINT_OF_CONTACT = _("Only one contact can be the point of contact. Choose one.")
ONE_DEFAULT_ACCOUNT = _("Only one bank account can be the default. Choose one.")

OF_AN_ADVERTISER: list[models.BaseConstraint] = [
    FieldCheck(
        field="advertiser_type",
        name="advertiser_type_is_known",
        condition=Q(advertiser_type__in=AdvertiserType.values),
        violation_error_message=choose_one_of(AdvertiserType.values),
    ),
    FieldCheck(
        field="latitude",
        name="advertiser_latitude_is_on_earth",
        condition=Q(latitude__isnull=True) | Q(latitude__gte=-90, latitude__lte=90),
        violation_error_message=_("The latitude must be between −90 and 90."),
    ),
    FieldCheck(
        field="longitude",
        name="advertiser_longitude_is_on_earth",
        condition=Q(longitude__isnull=True) | Q(longitude__gte=-180, longitude__lte=180),
        violation_error_message=_("The longitude must be between −180 and 180."),
    ),
    models.CheckConstraint(
        name="advertiser_latitude_and_longitude_together",
        condition=Q(latitude__isnull=True, longitude__isnull=True) | Q(latitude__isnull=False, longitude__isnull=False),
        violation_error_message=_("Enter both latitude and longitude, or neither."),
    ),
]

OF_A_CONTACT: list[models.BaseConstraint] = [
    FieldCheck(
        field="contact_type",
        name="contact_type_is_known",
        condition=Q(contact_type__in=ContactType.values),
        violation_error_message=choose_one_of(ContactType.values),
    ),
    FieldUnique(
        field="is_point_of_contact",
        fields=["advertiser"],
        condition=Q(is_point_of_contact=True),
        name="advertiser_has_one_point_of_contact",
        violation_error_message=ONE_POINT_OF_CONTACT,
    ),
]

OF_A_BANK_ACCOUNT: list[models.BaseConstraint] = [
    models.CheckConstraint(
        name="bank_account_has_a_number_or_an_iban",
        condition=Q(bank_account_number__isnull=False) | Q(bank_account_iban__isnull=False),
        violation_error_message=_("Enter an account number or an IBAN."),
    ),
    FieldUnique(
        field="is_default",
        fields=["advertiser"],
        condition=Q(is_default=True),
        name="advertiser_has_one_default_bank_account",
        violation_error_message=ONE_DEFAULT_ACCOUNT,
    ),
]
