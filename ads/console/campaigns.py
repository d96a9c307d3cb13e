"""The console's campaign pages, extended with readiness, the list of ads, and the delivery check."""

from typing import ClassVar, Protocol
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from ads.console.diagnosis import LIGHTS
from ads.constraints import MAX_ADS
from ads.delivery.readiness import Readiness, readiness_of
from ads.querysets import AdQuerySet
from campaign_studio.console.base import Fieldsets
from campaign_studio.console.lists import StudioChangeList
from campaign_studio.console.rows import label
from campaigns.console.admin import CampaignAdmin
from campaigns.models import Campaign


class ListedCampaign(Protocol):
    """A campaign in the list."""

    pk: UUID
    ad_count: int
    readiness: Readiness


class OpenCampaign(Protocol):
    """A campaign on its own page."""

    pk: UUID
    ads: AdQuerySet
    may_add_ads: bool


class CampaignList(StudioChangeList):
    """One page of campaigns, each with its readiness."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        found = readiness_of(self.result_list, at=timezone.now())
        for campaign in self.result_list:
            # Set on the row: a column's method gets nothing else.
            campaign.readiness = found[campaign.pk]


@admin.register(Campaign)
class CampaignWithAdsAdmin(CampaignAdmin):
    """Campaigns with their readiness and a list of their ads, which have pages of their own."""

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
    actions_detail = ["why"]
    readonly_fields = ["ads_of_campaign", *CampaignAdmin.readonly_fields]
    fieldsets: ClassVar[Fieldsets] = [
        *CampaignAdmin.fieldsets[:-1],
        (_("Ads"), {"fields": ["ads_of_campaign"]}),
        CampaignAdmin.fieldsets[-1],
    ]

    class Media:
        css = {"all": ["admin_console/why.css"]}

    def get_changelist(self, request: HttpRequest, **kwargs: object) -> type[CampaignList]:
        return CampaignList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Campaign]:
        """With `may_add_ads`: whether the user may add ads to the campaign."""
        own = Campaign.objects.all().changeable_by(request.user).filter(pk=OuterRef("pk"))
        return super().get_queryset(request).annotate(may_add_ads=Exists(own))

    def has_explain_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.has_perm("ads.explain_delivery")

    @display(description=_("Readiness"))
    def light(self, campaign: ListedCampaign) -> str:
        """Whether the campaign can run, with a link to the reasons."""
        return label(*LIGHTS[campaign.readiness.light], url=_reasons(campaign.pk))

    @action(description=_("Check delivery"), icon="help", permissions=["explain"])
    def why(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Redirect to the delivery check of the campaign's ads."""
        campaign = self.get_object(request, unquote(object_id))
        if campaign is None:
            return self.not_found(request, object_id)
        return HttpResponseRedirect(_reasons(campaign.pk))

    @display(description=_("Ads"))
    def ads_of_six(self, campaign: ListedCampaign) -> str:
        """The number of ads, and how many there can be: `3/6`."""
        return f"{campaign.ad_count}/{MAX_ADS}"

    @display(description=_("Ads of this campaign"))
    def ads_of_campaign(self, campaign: OpenCampaign) -> str:
        """A table of the ads with their status and review, linked to their pages."""
        ads = campaign.ads.all()
        context = {"campaign": campaign, "ads": ads, "is_full": len(ads) >= MAX_ADS, "may_add": campaign.may_add_ads}
        return render_to_string("admin/ads/includes/ads_of_campaign.html", context)


def _reasons(key: UUID) -> str:
    return reverse("admin:ads_ad_why_campaign", args=[key])
