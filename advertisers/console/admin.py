"""The admin console's pages for advertisers."""

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from accounts.console.history import AuditedAdmin
from advertisers.console.forms import BankAccountForm, ContactForm, ContactFormSet
from advertisers.models import Advertiser, AdvertiserBankAccount, AdvertiserContact
from campaign_studio.console.base import Fieldsets
from campaign_studio.console.inlines import StudioStackedInline
from campaign_studio.console.lists import DateRangeFilter
from campaign_studio.console.long_lists import LongListsMixin

TYPE_COLOURS = {"individual": "info", "business": "success", "enterprise": "primary", "agency": "warning"}


class ContactInline(LongListsMixin, StudioStackedInline):
    """The contacts on their advertiser's page."""

    model = AdvertiserContact
    form = ContactForm
    formset = ContactFormSet
    long_lists = {"contact_country": "countries"}
    min_num = 1
    fieldsets = [
        (
            None,
            {
                "fields": [
                    ("contact_name", "contact_type", "is_point_of_contact"),
                    ("contact_email", "contact_phone"),
                    ("contact_address", "contact_postal_code", "contact_city"),
                    ("contact_state", "contact_country"),
                ]
            },
        )
    ]


class BankAccountInline(LongListsMixin, StudioStackedInline):
    """The bank accounts on their advertiser's page, with masked numbers."""

    model = AdvertiserBankAccount
    long_lists = {"bank_account_currency": "currencies"}
    form = BankAccountForm
    readonly_fields = ["full_number"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    ("bank_name", "bank_account_name", "bank_account_currency"),
                    ("bank_account_iban", "bank_account_number"),
                    ("bank_account_bic", "bank_account_swift_code", "bank_account_routing_number"),
                    ("is_default", "is_verified", "is_sepa_compliant"),
                    "full_number",
                ]
            },
        )
    ]

    @display(description=_("Full number"))
    def full_number(self, account: AdvertiserBankAccount) -> str:
        """A link to the page that reveals the numbers."""
        if account._state.adding:
            return gettext("Available once the bank account is saved.")
        address = reverse("admin:advertisers_bank_account_reveal", args=[account.advertiser_id, account.pk])
        return format_html('<a href="{}" class="text-link">{}</a>', address, gettext("Show number and IBAN"))

    def get_fieldsets(self, request: HttpRequest, obj: models.Model | None = None) -> Fieldsets:
        """Leave out the link to the full number for users who may not reveal it."""
        if self.may(request, "reveal"):
            return self.fieldsets
        rows = self.fieldsets[0][1]["fields"]
        return [(None, {"fields": [row for row in rows if row != "full_number"]})]


@admin.register(Advertiser)
class AdvertiserAdmin(LongListsMixin, AuditedAdmin):
    """Advertisers, with contacts and bank accounts on the same page."""

    list_display = ["advertiser_name", "type_badge", "city", "country", "creator", "created_at"]
    list_filter = [
        ("advertiser_type", ChoicesDropdownFilter),
        ("country", ChoicesDropdownFilter),
        ("created_at", DateRangeFilter),
    ]
    search_fields = ["advertiser_name__matches", "city__matches"]
    search_help_text = _("Name or city")
    ordering = ["advertiser_name", "advertiser_id"]
    readonly_fields = ["creator", "created_at", "last_editor", "updated_at"]
    inlines = [ContactInline, BankAccountInline]
    long_lists = {"country": "countries", "timezone": "timezones"}
    fieldsets = [
        (None, {"fields": [("advertiser_name", "advertiser_type")]}),
        (
            _("Address"),
            {
                "fields": [
                    ("address_line_1", "address_line_2"),
                    ("postal_code", "city", "state"),
                    ("country", "timezone"),
                    ("latitude", "longitude"),
                ]
            },
        ),
        (_("Created and updated"), {"fields": [("creator", "created_at"), ("last_editor", "updated_at")]}),
    ]

    @display(description=_("Type"), ordering="advertiser_type", label=TYPE_COLOURS)
    def type_badge(self, advertiser: Advertiser) -> tuple[str, str]:
        return advertiser.advertiser_type, advertiser.get_advertiser_type_display()

    def get_fieldsets(self, request: HttpRequest, obj: models.Model | None = None) -> Fieldsets:
        """Leave out “Created and updated” on the add page, where it would be empty."""
        return self.fieldsets if obj else self.fieldsets[:2]
