"""The admin console's pages for campaigns."""

from typing import ClassVar, cast

from django.db import models
from django.db.models import QuerySet
from django.forms import BaseInlineFormSet, ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import display

from campaign_studio.console.base import Fieldsets
from campaign_studio.console.inlines import StudioStackedInline
from campaign_studio.console.lists import ChoiceFilter, DateRangeFilter
from campaign_studio.console.long_lists import LongListsMixin
from campaign_studio.places import country_choices
from campaigns.console.doubts import warn_of
from campaigns.console.forms import STATUS_COLOURS, LifecycleForm, TargetForm
from campaigns.console.status import StatusActionsMixin
from campaigns.doubts import doubts_about_targets
from campaigns.models import Campaign, CampaignAudienceTargeting
from campaigns.querysets import CampaignQuerySet


class CountryFilter(ChoiceFilter):
    """Filters by a country that the campaign targets."""

    title = _("target country")
    parameter_name = "country"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return country_choices()

    def matching(self, queryset: QuerySet, value: str) -> QuerySet:
        return cast(CampaignQuerySet, queryset).targeted_at(country=value)


class TargetInline(LongListsMixin, StudioStackedInline):
    """The targets on their campaign's page."""

    model = CampaignAudienceTargeting
    form = TargetForm
    verbose_name_plural = _("targeting")
    fields = [("region", "country"), ("cities", "postcodes")]
    long_lists = {"country": "countries"}


class CampaignAdmin(StatusActionsMixin):
    """Campaigns with their targeting. `ads.console.campaigns` extends this page with ads and registers it."""

    form = LifecycleForm
    list_display = [
        "campaign_name",
        "advertiser",
        "status_badge",
        "campaign_start_date",
        "campaign_end_date",
        "creator",
    ]
    list_filter = [
        ("campaign_status", ChoicesDropdownFilter),
        ("advertiser", AutocompleteSelectFilter),
        CountryFilter,
        ("campaign_start_date", DateRangeFilter),
        ("campaign_end_date", DateRangeFilter),
    ]
    list_select_related = ["advertiser"]
    search_fields = ["campaign_name__matches"]
    search_help_text = _("Campaign name")
    ordering = ["-created_at", "-campaign_id"]
    autocomplete_fields = ["advertiser"]
    readonly_fields = ["creator", "created_at", "last_editor", "updated_at"]
    inlines = [TargetInline]
    fieldsets: ClassVar[Fieldsets] = [
        (_("Details"), {"fields": [("campaign_name", "campaign_status"), "advertiser", "campaign_description"]}),
        (_("Dates"), {"fields": [("campaign_start_date", "campaign_end_date", "campaign_expiry_date")]}),
        (
            _("Caps"),
            {
                "fields": [
                    (
                        "campaign_max_view_duration_value",
                        "campaign_max_view_duration_unit",
                        "campaign_max_view_count",
                    )
                ]
            },
        ),
        (_("Created and updated"), {"fields": [("creator", "created_at"), ("last_editor", "updated_at")]}),
    ]

    @display(description=_("Status"), ordering="campaign_status", label=STATUS_COLOURS)
    def status_badge(self, campaign: Campaign) -> tuple[str, str]:
        return campaign.campaign_status, campaign.get_campaign_status_display()

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        """With `?changeable`, which pickers send, only campaigns that the user may change."""
        if "changeable" in request.GET:
            queryset = cast(CampaignQuerySet, queryset).changeable_by(request.user)
        return super().get_search_results(request, queryset, search_term)

    def save_related(
        self, request: HttpRequest, form: ModelForm, formsets: list[BaseInlineFormSet], change: bool
    ) -> None:
        """Save the targets too, and warn of places in them that don't seem to exist."""
        super().save_related(request, form, formsets, change)
        saved = [
            row.pk for formset in formsets for row in _saved(formset) if formset.model is CampaignAudienceTargeting
        ]
        if saved:
            warn_of(doubts_about_targets(saved), request)

    def get_fieldsets(self, request: HttpRequest, obj: Campaign | None = None) -> Fieldsets:
        """Leave out “Created and updated” on the add page, where it would be empty."""
        return self.fieldsets if obj else self.fieldsets[:3]


def _saved(formset: BaseInlineFormSet) -> list[models.Model]:
    """The rows that the formset has just added or changed."""
    return [*formset.new_objects, *(row for row, _fields in formset.changed_objects)]
