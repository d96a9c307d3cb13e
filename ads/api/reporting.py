"""Views come in from vehicles, and performance goes out to those who plan."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.viewsets import ViewSet

from ads.api import wording
from ads.api.delivery_serializers import Values, one_of
from ads.choices import AdType
from ads.models import AdView
from ads.models.impressions import LONGEST_VIEW_SECONDS
from ads.reporting.counting import ReportedView, count_views
from ads.reporting.performance import GROUPINGS, caps_of, views_of, with_first_day
from campaign_studio.api.base import StudioView
from campaign_studio.api.parsers import StrictJSONListParser
from campaign_studio.api.serializers import StrictFields
from campaign_studio.places import country_code
from campaigns.models import Campaign

if TYPE_CHECKING:
    from django.db.models import CharField

MOST_VIEWS = 500
VIEWS_FORMAT = (
    f"Send a list of 1 to {MOST_VIEWS} views: "
    '[{"view_id": "<a new UUID>", "ad_id": "…", "viewed_at": "2026-11-01T12:00:00Z", "duration_seconds": 15}].'
)
FROM_AFTER_TO = "This day lies after “to”. Send one that does not."


class ViewListParser(StrictJSONListParser):
    """Says what such a list is a list of."""

    not_at_top = VIEWS_FORMAT


class IdField(serializers.UUIDField):
    """A UUID as text. The numbers that the stock field takes as well are small ones, which vehicles would share."""

    def to_internal_value(self, data: object) -> UUID:
        if not isinstance(data, str):
            self.fail("invalid")
        key: UUID = super().to_internal_value(data)
        return key


class MomentField(serializers.DateTimeField):
    """A time that says its zone."""

    default_error_messages = {
        "invalid": "Send a time with its zone, like 2026-11-01T12:00:00Z.",
        "date": "Send a time with its zone, like 2026-11-01T12:00:00Z.",
    }

    def enforce_timezone(self, value: datetime) -> datetime:
        """Never guess the zone: a view would be counted on another day."""
        if timezone.is_naive(value):
            self.fail("invalid")
        return super().enforce_timezone(value)


def _text(name: str) -> serializers.CharField:
    """An optional text as long as its column."""
    longest = cast("CharField[str, str]", AdView._meta.get_field(name)).max_length
    return serializers.CharField(required=False, allow_null=True, allow_blank=True, max_length=longest)


class ReportedViewSerializer(StrictFields):
    """One view of an ad on one screen."""

    view_id = IdField(help_text="Made up by the vehicle, once per view: however often it is sent, it counts once.")
    ad_id = IdField()
    viewed_at = MomentField()
    duration_seconds = serializers.IntegerField(min_value=0, max_value=LONGEST_VIEW_SECONDS)
    country = _text("country")
    city = _text("city")
    postcode = _text("postcode")
    device_id = _text("device_id")

    def to_internal_value(self, data: object) -> dict[str, Any]:
        """Validated values; no text is the empty one, and a country is its code where that is known."""
        values = super().to_internal_value(data)
        values |= {name: values.get(name) or "" for name in ("country", "city", "postcode", "device_id")}
        return values | {"country": (country_code(values["country"]) or values["country"]) if values["country"] else ""}


class RejectionSerializer(serializers.Serializer):
    """A view that can't be counted."""

    index = serializers.IntegerField(help_text="Its place in the list that was sent, from 0.")
    reason = serializers.CharField()


class CountedSerializer(serializers.Serializer):
    """What became of a report."""

    accepted = serializers.IntegerField()
    duplicates = serializers.IntegerField(help_text="Counted before, by their view_id.")
    rejected = RejectionSerializer(many=True)


class ViewReportViewSet(StudioView, ViewSet):
    """Views that vehicles report."""

    parser_classes = (ViewListParser,)

    def required_permission(self) -> str:
        return "ads.report_views"

    @extend_schema(
        operation_id="report_views",
        request=ReportedViewSerializer(many=True),
        responses={200: CountedSerializer},
    )
    def create(self, request: Request) -> Response:
        """Count up to 500 views, each once for ever; one that can't be counted does not hold up the others.

        A view counts when it lasted the ad's in-view duration and its campaign has not used up its caps.
        """
        if not isinstance(request.data, list) or not 1 <= len(request.data) <= MOST_VIEWS:
            raise ParseError(VIEWS_FORMAT)
        views, wrong = _read(request.data)
        counted = count_views(views, now=timezone.now())
        rejected = wrong | {index: wording.refusal(rejection) for index, rejection in counted.rejected.items()}
        return Response(
            {
                "accepted": counted.accepted,
                "duplicates": counted.duplicates,
                "rejected": [{"index": index, "reason": reason} for index, reason in sorted(rejected.items())],
            }
        )


def _read(sent: list[object]) -> tuple[list[ReportedView], dict[int, str]]:
    """The views that can be read, and what is wrong with the others, by their place."""
    views, wrong = [], {}
    serializer = ReportedViewSerializer()
    for index, item in enumerate(sent):
        if not isinstance(item, Mapping):
            wrong[index] = f"This is no view. {VIEWS_FORMAT}"
            continue
        try:
            views.append(ReportedView(index, **serializer.run_validation(item)))
        except ValidationError as error:
            wrong[index] = _in_words(error.detail)
    return views, wrong


def _in_words(detail: Any) -> str:
    """`field: message` for each field, in one line."""
    return " ".join(
        " ".join(messages) if name == api_settings.NON_FIELD_ERRORS_KEY else f"{name}: {' '.join(messages)}"
        for name, messages in detail.items()
    )


class CapsSerializer(serializers.Serializer):
    """The campaign's caps, and what has been used of them since its first day."""

    campaign_max_view_count = serializers.IntegerField(allow_null=True)
    view_count_used = serializers.IntegerField()
    view_count_left = serializers.IntegerField(allow_null=True)
    campaign_max_view_duration_seconds = serializers.IntegerField(allow_null=True)
    view_seconds_used = serializers.IntegerField()
    view_seconds_left = serializers.IntegerField(allow_null=True)


class PerformanceRowSerializer(serializers.Serializer):
    """One group. Which of the first fields are there, `by` says."""

    day = serializers.DateField(required=False)
    ad_id = serializers.UUIDField(required=False)
    ad_name = serializers.CharField(required=False)
    ad_type_id = serializers.ChoiceField(choices=AdType.choices, required=False)
    country = serializers.CharField(required=False)
    city = serializers.CharField(required=False)
    view_count = serializers.IntegerField()
    view_seconds = serializers.IntegerField()


class PerformanceSerializer(serializers.Serializer):
    """Views and seconds of a campaign from one day to another, against its caps."""

    campaign_id = serializers.UUIDField()
    to = serializers.DateField()
    by = serializers.ChoiceField(choices=list(GROUPINGS))
    view_count = serializers.IntegerField(help_text="From the first to the last day.")
    view_seconds = serializers.IntegerField(help_text="From the first to the last day.")
    caps = CapsSerializer()
    results = PerformanceRowSerializer(many=True)

    def get_fields(self) -> dict[str, serializers.Field]:
        """With `from`, which is no name in Python."""
        fields = super().get_fields()
        return {"campaign_id": fields.pop("campaign_id"), "from": serializers.DateField()} | fields


PERFORMANCE_PARAMETERS: dict[str, serializers.Field] = {
    "from": serializers.DateField(),
    "to": serializers.DateField(),
    "by": serializers.ChoiceField(choices=list(GROUPINGS), error_messages=one_of(GROUPINGS)),
}


class PerformanceViewSet(StudioView, ViewSet):
    """How a campaign does."""

    def required_permission(self) -> str:
        return "campaigns.view_campaign"

    def known_parameters(self) -> set[str]:
        """From when to when, and in which groups."""
        return set(PERFORMANCE_PARAMETERS)

    @extend_schema(
        operation_id="campaign_performance",
        responses=PerformanceSerializer,
        parameters=[
            OpenApiParameter(
                "from", date, description="The first day (UTC); by default the campaign's, or that of its first view."
            ),
            OpenApiParameter("to", date, description="The last day (UTC); by default today."),
            OpenApiParameter("by", str, enum=list(GROUPINGS), default="day", description="What to group by."),
        ],
    )
    def retrieve(self, request: Request, campaign_id: UUID) -> Response:
        """Views and seconds by day, ad, position or city, and what is left of the caps.

        Days without views are left out. Cities are the same whatever their case.
        """
        parameters = _parameters(request.query_params)
        campaigns = Campaign.objects.visible_to(request.user).select_related("view_totals")
        campaign = get_object_or_404(with_first_day(campaigns), pk=campaign_id)
        first, last = _range(campaign, parameters)
        by = parameters.get("by", "day")
        results = views_of(campaign, first=first, last=last, by=by)
        answer = {
            "campaign_id": campaign.pk,
            "from": first,
            "to": last,
            "by": by,
            "view_count": sum(row["view_count"] for row in results),
            "view_seconds": sum(row["view_seconds"] for row in results),
            "caps": caps_of(campaign),
            "results": results,
        }
        return Response(PerformanceSerializer(answer).data)


def _parameters(sent: Mapping[str, str]) -> Values:
    """The values that were sent. Raises ValidationError naming each odd one."""
    values, errors = {}, {}
    for name in sent:
        try:
            values[name] = PERFORMANCE_PARAMETERS[name].run_validation(sent[name])
        except ValidationError as error:
            errors[name] = error.detail
    if errors:
        raise ValidationError(errors)
    if "from" in values and "to" in values and values["from"] > values["to"]:
        raise ValidationError({"from": [FROM_AFTER_TO]})
    return values


def _range(campaign: Any, parameters: Values) -> tuple[date, date]:
    """The first and the last day. A day that wasn't sent gives way to one that was."""
    first, last = campaign.first_day, timezone.localdate()
    if "from" in parameters:
        return parameters["from"], parameters.get("to", max(last, parameters["from"]))
    last = parameters.get("to", max(first, last))
    return min(first, last), last
