"""Views reported by vehicles, and the performance of campaigns."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_serializer
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
VIEW_EXAMPLE = '{"view_id": "<UUID>", "ad_id": "…", "viewed_at": "2026-11-01T12:00:00Z", "duration_seconds": 15}'
VIEWS_FORMAT = format_lazy(
    _("Send a list of 1 to {most} views, such as [{example}]."), most=MOST_VIEWS, example=VIEW_EXAMPLE
)
FROM_AFTER_TO = _("“from” must be on or before “to”.")


class ViewListParser(StrictJSONListParser):
    """Takes a list of views."""

    not_at_top = VIEWS_FORMAT


class IdField(serializers.UUIDField):
    """A UUID as text. DRF's own field also takes integers, and vehicles would send the same small ones."""

    def to_internal_value(self, data: object) -> UUID:
        if not isinstance(data, str):
            self.fail("invalid")
        key: UUID = super().to_internal_value(data)
        return key


class MomentField(serializers.DateTimeField):
    """A date and time with its time zone."""

    default_error_messages = dict.fromkeys(
        ("invalid", "date"), _("Send a date and time with its time zone, such as 2026-11-01T12:00:00Z.")
    )

    def enforce_timezone(self, value: datetime) -> datetime:
        """Refuse a time without a zone: with a guessed one the view might count on another day."""
        if timezone.is_naive(value):
            self.fail("invalid")
        return super().enforce_timezone(value)


def _text(name: str) -> serializers.CharField:
    """An optional text, no longer than its column."""
    longest = cast("CharField[str, str]", AdView._meta.get_field(name)).max_length
    return serializers.CharField(required=False, allow_null=True, allow_blank=True, max_length=longest)


@extend_schema_serializer(description=_("One view of an ad on one screen."))
class ReportedViewSerializer(StrictFields):
    """One view of an ad on one screen."""

    view_id = IdField(help_text=_("Created by the vehicle for each view. A view that is sent again counts once."))
    ad_id = IdField()
    viewed_at = MomentField()
    duration_seconds = serializers.IntegerField(min_value=0, max_value=LONGEST_VIEW_SECONDS)
    country = _text("country")
    city = _text("city")
    postcode = _text("postcode")
    device_id = _text("device_id")

    def to_internal_value(self, data: object) -> dict[str, Any]:
        """The validated values. A missing text is empty, and a known country is replaced by its code."""
        values = super().to_internal_value(data)
        values |= {name: values.get(name) or "" for name in ("country", "city", "postcode", "device_id")}
        return values | {"country": (country_code(values["country"]) or values["country"]) if values["country"] else ""}


@extend_schema_serializer(description=_("A view that doesn't count, and why."))
class RejectionSerializer(serializers.Serializer):
    """A view that doesn't count, and why."""

    index = serializers.IntegerField(help_text=_("Its index in the list that was sent, from 0."))
    reason = serializers.CharField()


@extend_schema_serializer(description=_("The result of a report."))
class CountedSerializer(serializers.Serializer):
    """The result of a report."""

    accepted = serializers.IntegerField()
    duplicates = serializers.IntegerField(help_text=_("Views counted before, by their view_id."))
    rejected = RejectionSerializer(many=True)


class ViewReportViewSet(StudioView, ViewSet):
    """Views that vehicles report."""

    parser_classes = (ViewListParser,)

    def required_permission(self) -> str:
        return "ads.report_views"

    @extend_schema(
        operation_id="report_views",
        description=format_lazy(
            _(
                "Count up to {most} views, each only once. One that can't be counted doesn't hold up the others.\n\n"
                "A view counts if it lasted the ad's in-view duration and its campaign is below its caps."
            ),
            most=MOST_VIEWS,
        ),
        request=ReportedViewSerializer(many=True),
        responses={200: CountedSerializer},
    )
    def create(self, request: Request) -> Response:
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
    """The valid views, and what is wrong with the others by their index."""
    views, wrong = [], {}
    serializer = ReportedViewSerializer()
    for index, item in enumerate(sent):
        if not isinstance(item, Mapping):
            wrong[index] = gettext("This is not a view. Send an object such as %(example)s.") % {
                "example": VIEW_EXAMPLE
            }
            continue
        try:
            views.append(ReportedView(index, **serializer.run_validation(item)))
        except ValidationError as error:
            wrong[index] = _in_words(error.detail)
    return views, wrong


def _in_words(detail: Any) -> str:
    """The errors of one view in one line: `field: message` for each field."""
    return " ".join(
        " ".join(messages) if name == api_settings.NON_FIELD_ERRORS_KEY else f"{name}: {' '.join(messages)}"
        for name, messages in detail.items()
    )


@extend_schema_serializer(description=_("The campaign's caps, and how much of them has been used since its first day."))
class CapsSerializer(serializers.Serializer):
    """The campaign's caps, and how much of them has been used since its first day."""

    campaign_max_view_count = serializers.IntegerField(allow_null=True)
    view_count_used = serializers.IntegerField()
    view_count_left = serializers.IntegerField(allow_null=True)
    campaign_max_view_duration_seconds = serializers.IntegerField(allow_null=True)
    view_seconds_used = serializers.IntegerField()
    view_seconds_left = serializers.IntegerField(allow_null=True)


@extend_schema_serializer(description=_("The views of one group. Which of the optional fields it has depends on `by`."))
class PerformanceRowSerializer(serializers.Serializer):
    """The views of one group. Which of the optional fields it has depends on `by`."""

    day = serializers.DateField(required=False)
    ad_id = serializers.UUIDField(required=False)
    ad_name = serializers.CharField(required=False)
    ad_type_id = serializers.ChoiceField(choices=AdType.choices, required=False)
    country = serializers.CharField(required=False)
    city = serializers.CharField(required=False)
    view_count = serializers.IntegerField()
    view_seconds = serializers.IntegerField()


@extend_schema_serializer(description=_("A campaign's views and viewing time in a range of days, and its caps."))
class PerformanceSerializer(serializers.Serializer):
    """A campaign's views and viewing time in a range of days, and its caps."""

    campaign_id = serializers.UUIDField()
    to = serializers.DateField()
    by = serializers.ChoiceField(choices=list(GROUPINGS))
    view_count = serializers.IntegerField(help_text=_("In the whole range of days."))
    view_seconds = serializers.IntegerField(help_text=_("In the whole range of days."))
    caps = CapsSerializer()
    results = PerformanceRowSerializer(many=True)

    def get_fields(self) -> dict[str, serializers.Field]:
        """Adds `from`, which is a keyword in Python."""
        fields = super().get_fields()
        return {"campaign_id": fields.pop("campaign_id"), "from": serializers.DateField()} | fields


PERFORMANCE_PARAMETERS: dict[str, serializers.Field] = {
    "from": serializers.DateField(),
    "to": serializers.DateField(),
    "by": serializers.ChoiceField(choices=list(GROUPINGS), error_messages=one_of(GROUPINGS)),
}


class PerformanceViewSet(StudioView, ViewSet):
    """The performance of a campaign."""

    def required_permission(self) -> str:
        return "campaigns.view_campaign"

    def known_parameters(self) -> set[str]:
        return set(PERFORMANCE_PARAMETERS)

    @extend_schema(
        operation_id="campaign_performance",
        description=_(
            "Views and seconds by day, ad, position or city, and what is left of the caps.\n\n"
            "Days without views are left out. Spellings of a city that differ only in case are one city."
        ),
        responses=PerformanceSerializer,
        parameters=[
            OpenApiParameter(
                "from",
                date,
                description=_(
                    "The first day (UTC). By default the campaign's start date, or the day of its first view."
                ),
            ),
            OpenApiParameter("to", date, description=_("The last day (UTC). By default today.")),
            OpenApiParameter("by", str, enum=list(GROUPINGS), default="day", description=_("What to group by.")),
        ],
    )
    def retrieve(self, request: Request, campaign_id: UUID) -> Response:
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
    """The parsed parameters. Raises ValidationError with a message for each invalid one."""
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
    """The first and the last day. A default never leaves the range empty."""
    first, last = campaign.first_day, timezone.localdate()
    if "from" in parameters:
        return parameters["from"], parameters.get("to", max(last, parameters["from"]))
    last = parameters.get("to", max(first, last))
    return min(first, last), last
