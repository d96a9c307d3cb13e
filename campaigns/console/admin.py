"""The admin console's pages on campaigns."""

from typing import ClassVar, cast

from django.db import models
from django.db.models import QuerySet
from django.forms import TypedChoiceField
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelect2Widget

from campaign_studio.console.base import Fieldsets, StudioStackedInline
from campaign_studio.console.lists import ChoiceFilter, DateRangeFilter
from campaign_studio.places import country_choices
from campaigns.console.forms import STATUS_COLOURS, LifecycleForm, TargetForm
from campaigns.console.status import StatusActionsMixin
from campaigns.models import Campaign, CampaignAudienceTargeting
from campaigns.querysets import CampaignQuerySet


class CountryFilter(ChoiceFilter):
    """By a country the campaign is aimed at."""

    title = "target country"
    parameter_name = "country"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return country_choices()

    def matching(self, queryset: QuerySet, value: str) -> QuerySet:
        return cast(CampaignQuerySet, queryset).targeted_at(country=value)


class TargetInline(StudioStackedInline):
    """The audience targets on the page of their campaign."""

    model = CampaignAudienceTargeting
    form = TargetForm
    verbose_name_plural = "audience: where it shows"
    fields = [("region", "country"), ("cities", "postcodes")]

    def formfield_for_choice_field(
        self, db_field: models.Field, request: HttpRequest, **kwargs: object
    ) -> TypedChoiceField | None:
        """Countries are found by typing."""
        return super().formfield_for_choice_field(db_field, request, widget=UnfoldAdminSelect2Widget(), **kwargs)


class CampaignAdmin(StatusActionsMixin):
    """Campaigns with their audience. The app whose pages join campaigns with what they run registers it."""

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
    search_fields = ["campaign_name__ilike"]
    search_help_text = "Campaign name"
    date_hierarchy = "campaign_start_date"
    ordering = ["-created_at", "-campaign_id"]
    autocomplete_fields = ["advertiser"]
    readonly_fields = ["creator", "created_at", "last_editor", "updated_at"]
    inlines = [TargetInline]
    fieldsets: ClassVar[Fieldsets] = [
        ("What", {"fields": [("campaign_name", "campaign_status"), "advertiser", "campaign_description"]}),
        ("When", {"fields": [("campaign_start_date", "campaign_end_date", "campaign_expiry_date")]}),
        (
            "Caps",
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
        ("Who", {"fields": [("creator", "created_at"), ("last_editor", "updated_at")]}),
    ]

    @display(description="Status", ordering="campaign_status", label=STATUS_COLOURS)
    def status_badge(self, campaign: Campaign) -> tuple[str, str]:
        return campaign.campaign_status, campaign.get_campaign_status_display()

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        """For `?changeable`, a picker's question: only campaigns that the user may change."""
        if "changeable" in request.GET:
            queryset = cast(CampaignQuerySet, queryset).changeable_by(request.user)
        return super().get_search_results(request, queryset, search_term)

    def get_fieldsets(self, request: HttpRequest, obj: Campaign | None = None) -> Fieldsets:
        """Without names and dates of what doesn't exist yet."""
        return self.fieldsets if obj else self.fieldsets[:3]
