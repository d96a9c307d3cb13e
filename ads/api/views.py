"""Ads, and the same ads below their campaign."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.functional import cached_property
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from accounts.api.history import HistoryMixin
from ads.api import serializers
from ads.api.filters import AdFilter, CampaignAdFilter, QueueFilter
from ads.models import Ad
from ads.querysets import AdQuerySet
from campaign_studio.api.viewsets import StrictQueryParamsMixin, StudioViewSet
from campaigns.models import Campaign


class AdsView(StudioViewSet):
    """What both addresses of ads have in common."""

    model = Ad
    queryset = Ad.objects.all()
    row_serializer_class = serializers.AdRowSerializer
    search_fields = ("ad_name",)
    lookup_url_kwarg = "ad_id"
    counters = ("ad_view_count",)

    def refusal(self, row: Any) -> str:
        """Managers add ads to campaigns of their own."""
        return "You can add ads to campaigns of your own only."


class AdViewSet(HistoryMixin, AdsView):
    """Ads. Everybody reads them; managers change those in their own campaigns; moderators rate and decide."""

    serializer_class = serializers.AdSerializer
    filterset_class = AdFilter

    def required_permission(self) -> str:
        """Deciding needs a moderator; so does changing nothing but the rating, unless the ad is one's own."""
        if self.action in ("approve", "reject"):
            return "ads.moderate_ad"
        if self.action == "partial_update" and set(self.request.data) == {"content_rating"}:
            return "ads.rate_ad"
        return super().required_permission()

    def get_queryset(self) -> QuerySet[Any]:
        """For a change the campaign is locked first (R1)."""
        rows: Any = self.visible_rows()
        if self.request.method not in SAFE_METHODS and "ad_id" in self.kwargs:
            return rows.for_change(self.kwargs["ad_id"])
        return super().get_queryset()

    def visible_rows(self) -> QuerySet[Any]:
        """With the campaign, whose creator owns the ad."""
        return super().visible_rows().select_related("campaign")

    @extend_schema(request=serializers.DecisionSerializer, responses=serializers.AdSerializer)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, **kwargs: Any) -> Response:
        """Let it be shown. Nobody approves an ad that they made."""
        ad, said = self._decision(request)
        ad.approve(request.user, at=timezone.now(), **said)
        return self.document_answer(self.document(self.document_row(ad.pk)))

    @extend_schema(request=serializers.DecisionSerializer, responses=serializers.AdSerializer)
    @action(detail=True, methods=["post"])
    def reject(self, request: Request, **kwargs: Any) -> Response:
        """Refuse it. The note tells the creator why."""
        ad, said = self._decision(request)
        ad.reject(request.user, at=timezone.now(), **said)
        return self.document_answer(self.document(self.document_row(ad.pk)))

    def _decision(self, request: Request) -> tuple[Ad, dict[str, Any]]:
        ad: Ad = self.get_object()
        serializer = serializers.DecisionSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        said = serializer.validated_data
        return ad, {"note": said.get("note") or "", "version": said.get("version")}


class ModerationQueueViewSet(StrictQueryParamsMixin, mixins.ListModelMixin, GenericViewSet):
    """What waits for a moderator, what goes live soonest first."""

    queryset = Ad.objects.all()
    serializer_class = serializers.WaitingAdSerializer
    row_serializer_class = serializers.WaitingAdSerializer
    filterset_class = QueueFilter
    computed_orderings = {"goes_live_on": AdQuerySet.with_goes_live_on}

    def required_permission(self) -> str:
        """For those who decide."""
        return "ads.moderate_ad"

    def get_queryset(self) -> QuerySet[Ad]:
        """Pending ads that can still run."""
        ads: QuerySet[Ad] = Ad.objects.all().visible_to(self.request.user).awaiting_review(on=timezone.localdate())
        return ads


class CampaignAdViewSet(AdsView):
    """The ads of one campaign: at most six."""

    serializer_class = serializers.CampaignAdSerializer
    filterset_class = CampaignAdFilter

    def visible_rows(self) -> QuerySet[Any]:
        """This campaign's."""
        return super().visible_rows().filter(campaign=self.campaign)

    @cached_property
    def campaign(self) -> Campaign:
        """The campaign in the address. Raises Http404."""
        campaigns = Campaign.objects.visible_to(self.request.user)
        return get_object_or_404(campaigns, pk=self.kwargs.get("campaign_id"))

    def new_row(self) -> Ad:
        """An ad of this campaign."""
        return Ad(campaign=self.campaign)
