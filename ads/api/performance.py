"""The performance of campaigns: views and viewing time in a range of days, and what is left of the caps."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from ads.api.opportunities import Values, one_of
from ads.choices import AdType
from ads.reporting.performance import GROUPINGS, caps_of, views_of, with_first_day
from campaign_studio.api.base import StudioView
from campaign_studio.api.fields import DayField
from campaign_studio.api.schema import OPTIONAL
from campaign_studio.places.clock import already_today
from campaigns.models import Campaign

FROM_AFTER_TO = _("“from” must be on or before “to”.")


@extend_schema_serializer(description=_("The campaign's caps, and how much of them has been used since its first day."))
class CapsSerializer(serializers.Serializer):
    """The campaign's caps, and how much of them has been used since its first day."""

    campaign_max_view_count = serializers.IntegerField(allow_null=True)
    view_count_used = serializers.IntegerField()
    view_count_left = serializers.IntegerField(allow_null=True)
    campaign_max_view_duration_seconds = serializers.IntegerField(allow_null=True)
    view_seconds_used = serializers.IntegerField()
    view_seconds_left = serializers.IntegerField(allow_null=True)


@extend_schema_serializer(
    description=_("The views of one group. Which of the optional fields it has depends on `by`."),
    extensions={OPTIONAL: ["day", "ad_id", "ad_name", "ad_type_id", "country", "city"]},
)
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
    "from": DayField(),
    "to": DayField(),
    "by": serializers.ChoiceField(choices=list(GROUPINGS), error_messages=one_of(GROUPINGS)),
}


class PerformanceViewSet(StudioView, ViewSet):
    """The performance of a campaign."""

    def required_permission(self) -> str:
        return "ads.explain_delivery"

    def known_parameters(self) -> set[str]:
        return set(PERFORMANCE_PARAMETERS)

    @extend_schema(
        summary=_("Get campaign performance"),
        description=_(
            "Views and viewing time by day, ad, position or city, and what is left of the caps.\n\n"
            "Days are those of the screens' clocks. Views from before these were recorded count on the day in UTC. "
            "Days without views are left out. All spellings of a city are one city."
        ),
        responses=PerformanceSerializer,
        parameters=[
            OpenApiParameter(
                "from",
                date,
                description=_("The first day. By default the campaign's start date, or the day of its first view."),
            ),
            OpenApiParameter(
                "to", date, description=_("The last day. By default today, where the date is the latest (UTC+14).")
            ),
            OpenApiParameter(
                "by", str, enum=list(GROUPINGS), description=_("How to group the views. By default by `day`.")
            ),
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
    first, last = campaign.first_day, already_today()
    if "from" in parameters:
        return parameters["from"], parameters.get("to", max(last, parameters["from"]))
    last = parameters.get("to", max(first, last))
    return min(first, last), last
