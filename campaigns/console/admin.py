"""The admin console's pages on campaigns."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSelect2Widget

from accounts.console.history import AuditedAdmin
from accounts.rules import is_admin
from campaign_studio.console.base import StudioStackedInline
from campaign_studio.console.lists import ChoiceFilter, DateRangeFilter, StudioChangeList
from campaign_studio.places import country_choices
from campaigns.console.forms import STATUS_COLOURS, LifecycleForm, TargetForm
from campaigns.console.status import StatusActionsMixin
from campaigns.models import Campaign, CampaignAudienceTargeting

# What a readiness light says, and its colour.
LIGHTS = {"green": ("Ready", "success"), "amber": ("Has warnings", "warning"), "red": ("Not ready", "danger")}


def linked_label(address: str, text: str, colour: str) -> SafeString:
    """A coloured label that leads somewhere."""
    return render_to_string("unfold/helpers/label.html", {"href": address, "text": text, "type": colour})


class MayExplain(AuditedAdmin):
    """For pages and buttons that say why ads show or not."""

    def has_explain_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether they may ask why ads show."""
        user: Any = request.user
        return bool(user.has_perm("ads.explain_delivery"))


class CampaignList(StudioChangeList):
    """One page of campaigns, each with its readiness."""

    def get_results(self, request: HttpRequest) -> None:
        """Judge these rows alone."""
        super().get_results(request)
        ads: Any = Campaign._meta.get_field("ads").related_model._default_manager.all()
        found = ads.readiness_of(self.result_list, on=timezone.localdate())
        for campaign in self.result_list:
            campaign.readiness = found[campaign.pk]


class CountryFilter(ChoiceFilter):
    """By a country the campaign is aimed at."""

    title = "target country"
    parameter_name = "country"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every country."""
        return country_choices()

    def matching(self, queryset: Any, value: str) -> Any:
        """Campaigns with a target there."""
        return queryset.targeted_at(country=value)


class TargetInline(StudioStackedInline):
    """Where a campaign shows."""

    model = CampaignAudienceTargeting
    form = TargetForm
    verbose_name_plural = "audience: where it shows"
    fields = [("region", "country"), ("cities", "postcodes")]

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Countries are found by typing."""
        return super().formfield_for_choice_field(db_field, request, widget=UnfoldAdminSelect2Widget(), **kwargs)


@admin.register(Campaign)
class CampaignAdmin(StatusActionsMixin, MayExplain):
    """Campaigns with their audience; their ads are listed, and edited on pages of their own."""

    form = LifecycleForm
    list_display = [
        "campaign_name",
        "advertiser",
        "status_badge",
        "light",
        "campaign_start_date",
        "campaign_end_date",
        "ads_of_six",
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
    actions_detail = ["why"]
    search_fields = ["campaign_name__ilike"]
    search_help_text = "Campaign name"
    date_hierarchy = "campaign_start_date"
    ordering = ["-created_at", "-campaign_id"]
    autocomplete_fields = ["advertiser"]
    readonly_fields = ["ads_of_campaign", "creator", "created_at", "last_editor", "updated_at"]
    inlines = [TargetInline]
    fieldsets = [
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
        ("Ads", {"fields": ["ads_of_campaign"]}),
        ("Who", {"fields": [("creator", "created_at"), ("last_editor", "updated_at")]}),
    ]

    class Media:
        css = {"all": ["admin_console/why.css"]}

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[CampaignList]:
        """With readiness lights."""
        return CampaignList

    @display(description="Status", ordering="campaign_status", label=STATUS_COLOURS)
    def status_badge(self, campaign: Campaign) -> tuple[str, str]:
        """Where it stands."""
        return campaign.campaign_status, campaign.get_campaign_status_display()

    @display(description="Readiness")
    def light(self, campaign: Any) -> str:
        """Whether it can run. Leads to the reasons."""
        return linked_label(_reasons(campaign.pk), *LIGHTS[campaign.readiness.light])

    @action(description="Why (not)?", icon="help", permissions=["explain"])
    def why(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Off to the page that says why its ads show or not."""
        campaign = self.get_object(request, unquote(object_id))
        if campaign is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return HttpResponseRedirect(_reasons(campaign.pk))

    @display(description="Ads")
    def ads_of_six(self, campaign: Any) -> str:
        """How many of the six places are taken."""
        return f"{campaign.ad_count}/6"

    @display(description="Ads of this campaign")
    def ads_of_campaign(self, campaign: Any) -> str:
        """Each ad with its state, leading to its page."""
        context = {"campaign": campaign, "ads": campaign.ads.all(), "may_add": campaign.may_add_ads}
        return render_to_string("admin/campaigns/ads.html", context)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """For `?changeable`, a picker's question: only campaigns that the user may put ads into."""
        if "changeable" in request.GET and not is_admin(request.user):
            queryset = queryset.filter(campaign_created_by=request.user)
        return super().get_search_results(request, queryset, search_term)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The campaign, knowing whether its reader may add ads to it."""
        campaign = super().get_object(request, object_id, from_field)
        if campaign is not None:
            campaign.may_add_ads = request.user.has_perm("ads.add_ad", campaign)
        return campaign

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Without ads, names and dates of what doesn't exist yet."""
        return self.fieldsets if obj else self.fieldsets[:3]


def _reasons(key: Any) -> str:
    """The page that says why a campaign's ads show or not, which stands with the ads."""
    return reverse("admin:ads_ad_why_campaign", args=[key])
