"""What shows here and now, why not, and whether a campaign can run at all."""

import io
from functools import cache
from uuid import UUID

from django.db.models import Case, QuerySet, Value, When
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.http import parse_etags
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from ads.api import delivery_serializers as serializers
from ads.delivery.engine import Decision, decide
from ads.delivery.explaining import explain, with_failures
from ads.delivery.opportunity import Opportunity
from ads.delivery.readiness import readiness_of
from ads.media import BAR_POSITIONS, qr_code
from ads.models import Ad
from campaign_studio.api.base import StudioView
from campaign_studio.api.etags import etag_of
from campaign_studio.api.pagination import PARAMETERS as PAGE_PARAMETERS
from campaign_studio.api.pagination import KeysFirstPagination
from campaigns.models import Campaign

URL_TOO_LONG_FOR_QR = "The forwarding URL is longer than a QR code can hold. Set a shorter one first."
# As the standard asks.
QUIET_ZONE_MODULES = 4
PIXELS_PER_MODULE = 4
DECISION_PARAMETERS = set(serializers.OpportunitySerializer().fields)
EXPLAIN_PARAMETERS = {*serializers.QuestionSerializer().fields, *PAGE_PARAMETERS}


class DeliveryViewSet(StudioView, GenericViewSet[Ad]):
    """Asked by vehicles, and by whoever wants to know what they are told."""

    queryset = Ad.objects.none()

    def required_permission(self) -> str:
        """Asking is for everybody, explaining for staff."""
        return "ads.explain_delivery" if self.action == "explain" else "ads.ask_delivery"

    def known_parameters(self) -> set[str]:
        """A place, a moment, and what to explain."""
        return EXPLAIN_PARAMETERS if self.action == "explain" else DECISION_PARAMETERS

    @extend_schema(
        operation_id="delivery",
        parameters=[serializers.OpportunitySerializer],
        responses={200: serializers.DeliverySerializer, 304: None},
    )
    def decision(self, request: Request) -> Response:
        """What shows in the six positions. The answer holds until the next quarter hour, and says so to caches."""
        query = serializers.OpportunitySerializer(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        opportunity = query.opportunity()
        document = _document(decide(opportunity))
        tag = etag_of({name: value for name, value in document.items() if name != "at"})
        headers = {
            # A weak one: `at` is the moment of the question, and says nothing about what to show.
            "ETag": f"W/{tag}",
            "Cache-Control": f"private, max-age={_seconds_left(opportunity)}",
        }
        # By hand: Django's own helper also answers an `If-Match`, by a 412 that says nothing.
        known = parse_etags(request.headers.get("If-None-Match", ""))
        if "*" in known or tag in [one.removeprefix("W/") for one in known]:
            return Response(status=status.HTTP_304_NOT_MODIFIED, headers=headers)
        return Response(document, headers=headers)

    @extend_schema(
        operation_id="delivery_explain",
        parameters=[serializers.QuestionSerializer],
        responses=serializers.ExplanationSerializer(many=True),
    )
    def explain(self, request: Request) -> Response:
        """Why an ad shows or not, or each ad of a campaign or a position: a paged list, what may show first."""
        given = {name: value for name, value in request.query_params.items() if name not in PAGE_PARAMETERS}
        query = serializers.QuestionSerializer(data=given)
        query.is_valid(raise_exception=True)
        decision = decide(query.opportunity())
        paginator = ExplainablePages(decision)
        page = paginator.paginate_queryset(self._about(query.validated_data, decision), request)
        explained = serializers.ExplanationSerializer(explain(page, decision.opportunity, decision), many=True)
        return paginator.get_paginated_response(explained.data)

    def _about(self, query: serializers.Values, decision: Decision) -> QuerySet[Ad]:
        """The ads to explain. Raises NotFound for an ad or a campaign that doesn't exist."""
        ads: QuerySet[Ad] = Ad.objects.all().visible_to(self.request.user)
        names = [name for name in ("ad_id", "campaign_id", "ad_type_id") if name in query]
        ads = ads.filter(**{name: query[name] for name in names})
        if "ad_type_id" not in query and not ads.exists():
            campaigns = Campaign.objects.all().visible_to(self.request.user)
            if "ad_id" in query or not campaigns.filter(pk=query["campaign_id"]).exists():
                raise NotFound(f"There is no such {'ad' if 'ad_id' in query else 'campaign'}.")
        may_show = [key for keys in decision.eligible.values() for key in keys]
        first = Case(When(pk__in=may_show, then=Value(0)), default=Value(1))
        return ads.alias(first=first).order_by("first", "ad_id")


class ExplainablePages(KeysFirstPagination):
    """Pages of ads with the criteria that fail: only those of the page are asked about."""

    def __init__(self, decision: Decision) -> None:
        self.decision = decision

    def rows(self, queryset: "QuerySet[Ad]", keys: "QuerySet[Ad, dict[str, UUID]]") -> list[Ad]:
        """The ads of the page, in the order of their keys."""
        order = [row["pk"] for row in keys]
        by_key = {ad.pk: ad for ad in with_failures(Ad.objects.filter(pk__in=order), self.decision.opportunity)}
        return [by_key[key] for key in order if key in by_key]


class ReadinessViewSet(StudioView, GenericViewSet[Campaign]):
    """Whether a campaign can run."""

    queryset = Campaign.objects.none()

    def required_permission(self) -> str:
        return "campaigns.view_campaign"

    @extend_schema(operation_id="campaigns_readiness", responses=serializers.ReadinessSerializer)
    def readiness(self, request: Request, campaign_id: UUID) -> Response:
        """What keeps it from ever running, what is missing, and what ends soon; as of today."""
        campaign = get_object_or_404(Campaign.objects.all().visible_to(request.user), pk=campaign_id)
        found = readiness_of([campaign], on=timezone.localdate())[campaign.pk]
        fields = {name: getattr(found, name) for name in ("ready", "light", "blockers", "warnings")}
        return Response(serializers.ReadinessSerializer({"campaign_id": campaign.pk, **fields}).data)


class QrCodeViewSet(StudioView, GenericViewSet[Ad]):
    """What a passenger scans to get to the advertiser."""

    queryset = Ad.objects.none()

    def required_permission(self) -> str:
        return "ads.view_ad"

    @extend_schema(operation_id="ads_qr", responses={(200, "image/svg+xml"): OpenApiTypes.STR})
    def qr(self, request: Request, ad_id: UUID) -> HttpResponse:
        """The forwarding URL as a QR code (ISO/IEC 18004), an SVG picture. 404 for an ad that leads nowhere."""
        ad = get_object_or_404(Ad.objects.all().visible_to(request.user), pk=ad_id)
        if not ad.ad_advertiser_forwarding_url:
            raise NotFound("This ad has no forwarding URL, so there is nothing to scan. Set one first.")
        code = qr_code(ad.ad_advertiser_forwarding_url)
        if code is None:
            raise NotFound(URL_TOO_LONG_FOR_QR)
        picture = io.BytesIO()
        # With its own white ground: a dark page would swallow the modules.
        code.save(picture, kind="svg", border=QUIET_ZONE_MODULES, scale=PIXELS_PER_MODULE, light="#fff")
        return HttpResponse(picture.getvalue(), content_type="image/svg+xml")


@cache
def _shape_of_ads() -> serializers.DeliveredAdSerializer:
    """Built once: the framework derives every field of it anew otherwise, with each request."""
    return serializers.DeliveredAdSerializer()


def _document(decision: Decision) -> serializers.Document:
    """The answer: two questions to the database in all, whatever is stored."""
    ads = Ad.objects.filter(pk__in=decision.keys()).select_related("content_rating")
    shape = _shape_of_ads()
    delivered = {str(ad.pk): shape.to_representation(ad) for ad in ads}
    placements: serializers.Document = {}
    for position, keys in decision.shown.items():
        # An ad may have been deleted since the decision.
        showing = [delivered[key] for key in keys if key in delivered]
        placements[position] = next(iter(showing), None) if position in BAR_POSITIONS else showing
    opportunity = decision.opportunity
    return {
        "at": opportunity.at.isoformat(),
        "place": {name: getattr(opportunity, name) for name in ("country", "region", "city", "postcode")},
        "placements": placements,
        "valid_until": opportunity.valid_until.isoformat(),
    }


def _seconds_left(opportunity: Opportunity) -> int:
    return int((opportunity.valid_until - opportunity.at).total_seconds())
