"""What shows at a place and time, why an ad does or doesn't, whether a campaign can run, and QR codes."""

import io
from typing import Any
from uuid import UUID

from django.db.models import Case, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from ads.api import delivered, opportunities
from ads.api import delivery_serializers as serializers
from ads.api.asking import answered_at_once
from ads.delivery.engine import Decision, decide
from ads.delivery.explaining import explain, with_failures
from ads.delivery.readiness import readiness_of
from ads.delivery.shown import shown_at
from ads.media import qr_code
from ads.models import Ad
from campaign_studio.api.base import StudioView
from campaign_studio.api.pagination import NUMBERS, NumberedPages
from campaigns.models import Campaign

URL_TOO_LONG_FOR_QR = _("The forwarding URL is too long for a QR code. Set a shorter one first.")
NO_FORWARDING_URL = _("This ad has no forwarding URL. Set one first.")
# Required by ISO/IEC 18004.
QUIET_ZONE_MODULES = 4
PIXELS_PER_MODULE = 4
ALLOWED = "GET, HEAD, OPTIONS"
DECISION_PARAMETERS = set(opportunities.OpportunitySerializer().fields)
EXPLAIN_PARAMETERS = {*opportunities.QuestionSerializer().fields, *NUMBERS}


class DeliveryViewSet(StudioView, GenericViewSet[Ad]):
    """What the screen in a vehicle shows, and for staff, why."""

    queryset = Ad.objects.none()
    pagination_class = NumberedPages

    def required_permission(self) -> str:
        """Any user and any device may ask what shows, but only staff see why."""
        return "ads.explain_delivery" if self.action == "explain" else "ads.ask_delivery"

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        """Answer a screen at once, if it asks as screens do."""
        is_decision = self.action_map.get("get") == "decision"
        answer = answered_at_once(request, ALLOWED) if is_decision else None
        return super().dispatch(request, *args, **kwargs) if answer is None else answer

    def known_parameters(self) -> set[str]:
        return EXPLAIN_PARAMETERS if self.action == "explain" else DECISION_PARAMETERS

    @extend_schema(
        summary=_("Get what shows"),
        description=_(
            "What shows in the six positions at a place and time. The response is valid, and may be cached, until the "
            "next quarter hour."
        ),
        parameters=[opportunities.OpportunitySerializer],
        responses=serializers.DeliverySerializer,
    )
    def decision(self, request: Request) -> Response:
        opportunity = opportunities.opportunity_in(request.query_params.dict())
        answer = delivered.written(shown_at(opportunity), opportunity, request.path)
        return Response(answer, headers=delivered.headers_of(answer, opportunity))

    @extend_schema(
        operation_id="explainDelivery",
        summary=_("Explain what shows and what doesn't"),
        description=_(
            "Why ads show or don't: one ad, or every ad of a campaign or a position. A paginated list, eligible ads "
            "first.\n\nSend exactly one of `ad_id`, `campaign_id` and `ad_type_id`."
        ),
        parameters=[opportunities.QuestionSerializer],
        responses=serializers.ExplanationSerializer(many=True),
    )
    def explain(self, request: Request) -> Response:
        given = {name: value for name, value in request.query_params.items() if name not in NUMBERS}
        query = opportunities.QuestionSerializer(data=given)
        query.is_valid(raise_exception=True)
        decision = decide(opportunities.opportunity_of(query.validated_data))
        paginator = ExplainablePages(decision)
        page = paginator.paginate_queryset(self._about(query.validated_data, decision), request)
        explained = serializers.ExplanationSerializer(explain(page, decision.opportunity, decision), many=True)
        return paginator.get_paginated_response(explained.data)

    def _about(self, query: opportunities.Values, decision: Decision) -> QuerySet[Ad]:
        """The ads to explain. Raises NotFound for an ad or a campaign that doesn't exist."""
        ads: QuerySet[Ad] = Ad.objects.all().visible_to(self.request.user)
        names = [name for name in ("ad_id", "campaign_id", "ad_type_id") if name in query]
        ads = ads.filter(**{name: query[name] for name in names})
        if "ad_type_id" not in query and not ads.exists():
            campaigns = Campaign.objects.all().visible_to(self.request.user)
            if "ad_id" in query or not campaigns.filter(pk=query["campaign_id"]).exists():
                raise NotFound(gettext("No such ad.") if "ad_id" in query else gettext("No such campaign."))
        eligible = [key for keys in decision.eligible.values() for key in keys]
        first = Case(When(pk__in=eligible, then=Value(0)), default=Value(1))
        return ads.alias(first=first).order_by("first", "ad_id")


class ExplainablePages(NumberedPages):
    """Pages of ads with the criteria that they fail. Only the ads of the page are checked."""

    def __init__(self, decision: Decision) -> None:
        self.decision = decision

    def rows(self, queryset: "QuerySet[Ad]", keys: "QuerySet[Ad, Any] | list[Any]") -> list[Ad]:
        """The ads of the page, in the order of their keys."""
        order = [row["pk"] for row in keys]
        by_key = {ad.pk: ad for ad in with_failures(Ad.objects.filter(pk__in=order), self.decision.opportunity)}
        return [by_key[key] for key in order if key in by_key]


class ReadinessViewSet(StudioView, GenericViewSet[Campaign]):
    """Whether a campaign can run at all."""

    queryset = Campaign.objects.none()

    def required_permission(self) -> str:
        return "ads.explain_delivery"

    @extend_schema(
        summary=_("Get campaign readiness"),
        description=_(
            "Whether the campaign can run, as of today. Blockers keep it from running. Warnings are problems of single "
            "ads, what will soon end or be used up, and places that may be wrong."
        ),
        responses=serializers.ReadinessSerializer,
    )
    def readiness(self, request: Request, campaign_id: UUID) -> Response:
        campaign = get_object_or_404(Campaign.objects.all().visible_to(request.user), pk=campaign_id)
        found = readiness_of([campaign], at=timezone.now())[campaign.pk]
        fields = {name: getattr(found, name) for name in ("ready", "light", "blockers", "warnings")}
        return Response(serializers.ReadinessSerializer({"campaign_id": campaign.pk, **fields}).data)


class QrCodeViewSet(StudioView, GenericViewSet[Ad]):
    """The QR code that passengers scan to open an ad's forwarding URL."""

    queryset = Ad.objects.none()
    pagination_class = NumberedPages

    def required_permission(self) -> str:
        return "ads.view_ad"

    @extend_schema(
        operation_id="getAdQrCode",
        summary=_("Get QR code of ad"),
        description=_(
            "The ad's forwarding URL as a QR code (ISO/IEC 18004), in SVG. 404 if the ad has no forwarding URL, or one "
            "that is too long for a QR code."
        ),
        responses={(200, "image/svg+xml"): OpenApiTypes.STR},
    )
    def qr(self, request: Request, ad_id: UUID) -> HttpResponse:
        ad = get_object_or_404(Ad.objects.all().visible_to(request.user), pk=ad_id)
        if not ad.ad_advertiser_forwarding_url:
            raise NotFound(NO_FORWARDING_URL)
        code = qr_code(ad.ad_advertiser_forwarding_url)
        if code is None:
            raise NotFound(URL_TOO_LONG_FOR_QR)
        picture = io.BytesIO()
        # White background: dark modules on a dark page couldn't be scanned.
        code.save(picture, kind="svg", border=QUIET_ZONE_MODULES, scale=PIXELS_PER_MODULE, light="#fff")
        return HttpResponse(picture.getvalue(), content_type="image/svg+xml")
