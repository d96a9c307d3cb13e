"""Ads, the ads of a campaign, and the review queue."""

from typing import TypedDict, cast

from django.db.models import Model, QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.history import AuditedViewSet
from accounts.models import User
from ads.api import serializers
from ads.api.filters import AdFilter, CampaignAdFilter, QueueFilter
from ads.models import Ad, AdContentRating
from ads.moderation import UNRATED, UnratedError
from ads.querysets import AdQuerySet
from ads.rules import NOT_OWN_CAMPAIGN
from campaign_studio.api.counts import DESCRIPTION, counts_answer, counts_of
from campaign_studio.api.errors import Conflict
from campaign_studio.api.viewsets import StudioListViewSet, StudioViewSet
from campaign_studio.places.clock import still_today
from campaign_studio.querysets import StudioQuerySet
from campaigns.models import Campaign

# What ads are counted by.
COUNTED = ("ad_status", "moderation_status", "ad_type_id", "media_type")
PERMISSIONS = {"approve": "ads.moderate_ad", "reject": "ads.moderate_ad", "content_rating": "ads.rate_ad"}


class Review(TypedDict):
    """A moderator's note on an ad, and the version that they reviewed."""

    note: str
    version: int | None


class AdViewSet(AuditedViewSet[Ad]):
    """Ads. All users read them, campaign managers change those of their campaigns, moderators rate and review them."""

    # With the campaign: its creator owns the ad.
    queryset = Ad.objects.select_related("campaign")
    serializer_class = serializers.AdSerializer
    row_serializer_class = serializers.AdRowSerializer
    filterset_class = AdFilter
    search_fields = ("ad_name",)
    computed_orderings = {"campaign_name": AdQuerySet.with_campaign_name}
    lookup_url_kwarg = "ad_id"
    counters = serializers.NOT_EDITED
    addition_refusal = NOT_OWN_CAMPAIGN

    @extend_schema(
        operation_id="countAds",
        summary=_("Count ads"),
        description=DESCRIPTION,
        responses=counts_answer("AdCounts", Ad, COUNTED),
        filters=True,
    )
    @action(detail=False, methods=["get"], pagination_class=None)
    def counts(self, request: Request) -> Response:
        return Response(counts_of(self.filter_queryset(self.get_queryset()), COUNTED))

    def required_permission(self) -> str:
        """Reviewing and rating have permissions of their own. Owners may rate too, but not review."""
        return PERMISSIONS.get(self.action) or super().required_permission()

    def get_queryset(self) -> QuerySet[Ad]:
        """The ads to read, or to change: a change locks the campaign first."""
        if self.request.method not in SAFE_METHODS and "ad_id" in self.kwargs:
            return self.visible_rows().for_change(self.kwargs["ad_id"])
        return super().get_queryset()

    @extend_schema(
        summary=_("Set content rating of ad"),
        description=_(
            "Rate the ad, or change its rating. Fields that are left out keep their values. The response is the whole "
            "ad."
        ),
        request=serializers.ContentRatingSerializer,
        responses=serializers.AdSerializer,
    )
    @action(detail=True, methods=["put"], url_path="content-rating")
    def content_rating(self, request: Request, **kwargs: object) -> Response:
        ad = self.get_object()
        serializer = serializers.ContentRatingSerializer(
            getattr(ad, "content_rating", None),
            data=request.data,
            context={**self.get_serializer_context(), "new_row": AdContentRating(ad=ad)},
        )
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return self.document_answer(self.document(ad.pk))

    @extend_schema(
        summary=_("Approve ad"),
        description=_(
            "Approve the ad. Users can't approve an ad if they created it or its campaign. An ad whose content rating "
            "doesn't confirm the content declaration is refused with a 409."
        ),
        request=serializers.ReviewSerializer,
        responses=serializers.AdSerializer,
    )
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, **kwargs: object) -> Response:
        ad, review = self._review(request)
        try:
            ad.approve(cast(User, request.user), at=timezone.now(), **review)
        except UnratedError as error:
            raise Conflict(UNRATED, error.code) from error
        return self.document_answer(self.document(ad.pk))

    @extend_schema(
        summary=_("Reject ad"),
        description=_("Reject the ad. The note tells its creator why."),
        request=serializers.ReviewSerializer,
        responses=serializers.AdSerializer,
    )
    @action(detail=True, methods=["post"])
    def reject(self, request: Request, **kwargs: object) -> Response:
        ad, review = self._review(request)
        ad.reject(cast(User, request.user), at=timezone.now(), **review)
        return self.document_answer(self.document(ad.pk))

    def _review(self, request: Request) -> tuple[Ad, Review]:
        ad = self.get_object()
        serializer = serializers.ReviewSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        values = serializer.validated_data
        return ad, {"note": values.get("note") or "", "version": values.get("version")}


@extend_schema_view(
    list=extend_schema(
        operation_id="listCampaignAds",
        summary=_("List ads of campaign"),
        description=_("The ads of the campaign, of which there are at most six."),
    ),
    create=extend_schema(
        operation_id="createCampaignAd",
        summary=_("Create ad of campaign"),
        description=_("Create an ad of the campaign in the URL, as with `POST /api/ads`."),
    ),
)
class CampaignAdViewSet(StudioViewSet[Ad]):
    """The ads of one campaign: at most six."""

    queryset = Ad.objects.all()
    serializer_class = serializers.CampaignAdSerializer
    row_serializer_class = serializers.AdRowSerializer
    filterset_class = CampaignAdFilter
    search_fields = ("ad_name",)
    computed_orderings = {"campaign_name": AdQuerySet.with_campaign_name}
    counters = serializers.NOT_EDITED
    addition_refusal = NOT_OWN_CAMPAIGN

    def visible_rows(self) -> StudioQuerySet:
        return super().visible_rows().filter(campaign=self.campaign)

    @cached_property
    def campaign(self) -> Campaign:
        """The campaign in the URL. Raises Http404."""
        campaigns = Campaign.objects.visible_to(self.request.user)
        return get_object_or_404(campaigns, pk=self.kwargs.get("campaign_id"))

    def new_row(self) -> Ad:
        return Ad(campaign=self.campaign)

    def url_of(self, row: Model) -> str:
        return reverse("ad-detail", args=[row.pk])


@extend_schema_view(
    list=extend_schema(
        summary=_("List ads pending review"),
        description=_("The ads that are pending review, in the order in which they go live."),
    )
)
class ModerationQueueViewSet(StudioListViewSet[Ad]):
    """The review queue."""

    queryset = Ad.objects.all()
    row_serializer_class = serializers.WaitingAdSerializer
    filterset_class = QueueFilter
    computed_orderings = {
        "campaign_name": AdQuerySet.with_campaign_name,
        "goes_live_on": AdQuerySet.with_goes_live_on,
    }

    def required_permission(self) -> str:
        return "ads.moderate_ad"

    def get_queryset(self) -> QuerySet[Ad]:
        """The ads pending review that can still run."""
        return Ad.objects.all().visible_to(self.request.user).awaiting_review(on=still_today())
