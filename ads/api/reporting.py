"""Views reported by devices."""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import APIException, AuthenticationFailed, ParseError, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.viewsets import ViewSet

from accounts.api.authentication import credentials_of
from ads.api import wording
from ads.api.devices import NO_SUCH_DEVICE, id_and_key
from ads.delivery.opportunity import FIRST_YEAR, LAST_YEAR
from ads.reporting.counting import InactiveDeviceError, count_views, reporting_device
from ads.reporting.reports import QUARTER_SECONDS, Refusal, ReportedView
from campaign_studio.api.base import StudioView
from campaign_studio.api.documents.written import StudioJSONRenderer
from campaign_studio.api.parsers import ANONYMOUS, StrictJSONListParser
from campaign_studio.api.refusals import bounded, shortened
from campaign_studio.api.serializers import RowListSerializer, StrictFields
from campaign_studio.api.throttling import StudioThrottle
from campaign_studio.retrying import retried
from campaign_studio.writing import one_write

if TYPE_CHECKING:
    from ads.models import Device

MOST_VIEWS = 500
VIEW_EXAMPLE = '{"impression": "AQ…", "sequence": 0, "viewed_at": "2026-11-23T08:17:05+01:00", "duration_seconds": 15}'
VIEWS_FORMAT = format_lazy(
    _("Send a list of 1 to {most} views, such as [{example}]."), most=MOST_VIEWS, example=VIEW_EXAMPLE
)
# The offsets in use (IANA time zone database).
OFFSETS = (timedelta(hours=-12), timedelta(hours=14))
# The code of a view that isn't in the form of one.
INVALID = "invalid"
REJECTION_CODES = sorted({INVALID, *(refusal.code for refusal in Refusal)})
# In characters: 500 views may be rejected in one answer.
LONGEST_REASON = 300


class ViewListParser(StrictJSONListParser):
    """Parses a list of views. Refuses anything else with an example of one."""

    not_at_top = VIEWS_FORMAT


@extend_schema_field(OpenApiTypes.STR)
class ProofField(serializers.Field[str, object, str, str]):
    """A text as it was delivered. Whether it proves anything is another question."""

    default_error_messages = {"invalid": _("Send the impression of a delivered ad, which is a text.")}

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return data


class MomentField(serializers.DateTimeField):
    """A date and time by the screen's clock, with its offset, which is kept."""

    default_error_messages = {
        **dict.fromkeys(
            ("invalid", "date"),
            _("Send the screen's local date and time with its offset, such as 2026-11-23T08:17:05+01:00."),
        ),
        "overflow": _("Send a date from 2000 to 2099."),
        "offset": _("Send an offset from -12:00 to +14:00."),
    }

    def enforce_timezone(self, value: datetime) -> datetime:
        """Refuse a time without an offset: with a guessed one the view might count on another day."""
        offset = value.utcoffset()
        if offset is None:
            self.fail("invalid")
        if not OFFSETS[0] <= offset <= OFFSETS[1]:
            self.fail("offset")
        if not FIRST_YEAR <= value.year <= LAST_YEAR:
            self.fail("overflow")
        return value


@extend_schema_field({"type": "number", "minimum": 0, "maximum": QUARTER_SECONDS})
class SecondsField(serializers.Field[int, object, int, int]):
    """A number of seconds. Fractions are rounded down."""

    default_error_messages = {"invalid": _("Send a number of seconds, 0 or more.")}

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int | float) or not 0 <= data < math.inf:
            self.fail("invalid")
        return int(data)


@extend_schema_serializer(description=_("One view of an ad on one screen."))
class ReportedViewSerializer(StrictFields):
    """One view of an ad on one screen."""

    impression = ProofField(help_text=_("From the delivery. It says which ad, position, place and quarter hour."))
    sequence = serializers.IntegerField(
        min_value=0, help_text=_("Counts the views of the impression on this device from 0. Each counts once.")
    )
    viewed_at = MomentField(
        help_text=_("The screen's local time with its offset. It must be in the quarter hour, give or take 5 minutes.")
    )
    duration_seconds = SecondsField(help_text=_("Fractions of a second are rounded down."))


@extend_schema_serializer(component_name="RejectedView", description=_("A view that doesn't count, and why."))
class RejectionSerializer(serializers.Serializer):
    """A view that doesn't count, and why."""

    index = serializers.IntegerField(help_text=_("Its index in the list that was sent, from 0."))
    code = serializers.ChoiceField(choices=REJECTION_CODES)
    reason = serializers.CharField(help_text=_("What is wrong and what to send instead, in words."))


@extend_schema_serializer(component_name="CountedViews", description=_("The result of a report."))
class CountedSerializer(serializers.Serializer):
    """The result of a report."""

    accepted = serializers.IntegerField()
    duplicates = serializers.IntegerField(
        help_text=_("Views that had been counted before, by their device, impression and sequence.")
    )
    rejected = RejectionSerializer(many=True)


class ViewReportViewSet(StudioView, ViewSet):
    """Views that vehicles report."""

    parser_classes = (ViewListParser,)

    def required_permission(self) -> str:
        return "ads.report_views"

    @extend_schema(
        operation_id="reportViews",
        summary=_("Report views"),
        description=format_lazy(
            _(
                "Count up to {most} views, each only once. Those that can't be counted are listed in `rejected`. Only "
                "devices may report views, with `Authorization: Device <device_id>:<key>`.\n\n"
                "A view counts if the server has delivered its ad there and then, if it lasted at least the ad's "
                "in-view duration, and if the campaign is below its caps. All views of a device in one position and "
                "quarter hour last up to 900 seconds."
            ),
            most=MOST_VIEWS,
        ),
        request=RowListSerializer(child=ReportedViewSerializer(), allow_empty=False, max_length=MOST_VIEWS),
        responses={200: CountedSerializer},
    )
    def create(self, request: Request) -> Response:
        if not isinstance(request.data, list) or not 1 <= len(request.data) <= MOST_VIEWS:
            raise ParseError(VIEWS_FORMAT)
        try:
            return Response(_count(request.data, cast("Device", request.user), is_locked=False))
        except InactiveDeviceError as error:
            raise AuthenticationFailed(NO_SUCH_DEVICE, "no_such_device") from error

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        """Count a report at once, if it is sent as devices do. Anything else is answered by the view's usual steps."""
        self.headers = self.default_response_headers
        try:
            throttle = StudioThrottle()
            answer = retried(lambda: self._counted_at_once(request, throttle)) if _is_usual_report(request) else None
        except DatabaseError as error:
            self.request = self.initialize_request(request, *args, **kwargs)
            return self.finalize_response(self.request, self.handle_exception(error))
        return super().dispatch(request, *args, **kwargs) if answer is None else answer

    def _counted_at_once(self, request: HttpRequest, throttle: StudioThrottle) -> HttpResponse | None:
        """The answer, or None without a change if the request isn't answered 200.

        The body is read before the device is locked, so that a slow one doesn't hold the lock.
        """
        body = request.body
        named = id_and_key(credentials_of(request)[1])
        with one_write(tell_actor=False):
            device = reporting_device(*named) if named else None
            if device is None or not device.has_perm(self.required_permission()):
                return None
            try:
                sent = ViewListParser().parse(BytesIO(body))
            except APIException:
                return None
            request.user = device  # type: ignore[assignment]
            if not 1 <= len(sent) <= MOST_VIEWS or not throttle.allow_request(request, self):
                return None
            device.seen(at=timezone.now())
            content = StudioJSONRenderer().render(_count(sent, device, is_locked=True))
        headers = {**self.headers, "Cache-Control": "private", **throttle.headers()}
        return HttpResponse(content, content_type="application/json", headers=headers)


def _is_usual_report(request: HttpRequest) -> bool:
    """Whether a report has the form that devices send, and is no longer than what is read without a valid key."""
    length = request.headers.get("Content-Length", "")
    return (
        (request.method, request.content_type) == ("POST", "application/json")
        and request.headers.get("Authorization", "").startswith("Device ")
        and not {"Idempotency-Key", "Content-Encoding"} & request.headers.keys()
        and not request.META.get("QUERY_STRING")
        and length.isdecimal()
        and len(length) < 6
        and int(length) <= ANONYMOUS.size
    )


def _count(sent: list[object], device: "Device", *, is_locked: bool) -> dict[str, Any]:
    """Count the views of a report. Returns what the answer says. Raises InactiveDeviceError."""
    views, wrong = _read(sent)
    counted = count_views(views, device=device, now=timezone.now(), is_locked=is_locked)
    refused = {index: (one.reason.code, wording.refusal(one)) for index, one in counted.rejected.items()}
    return {
        "accepted": counted.accepted,
        "duplicates": counted.duplicates,
        "rejected": [
            {"index": index, "code": code, "reason": reason}
            for index, (code, reason) in sorted((wrong | refused).items())
        ],
    }


def _read(sent: list[object]) -> tuple[list[ReportedView], dict[int, tuple[str, str]]]:
    """The valid views, and the code and reason of the others by their index."""
    views, wrong = [], {}
    serializer = ReportedViewSerializer()
    for index, item in enumerate(sent):
        if (view := _usual(index, item)) is not None:
            views.append(view)
            continue
        if not isinstance(item, Mapping):
            text = gettext("This is not a view. Send an object such as %(example)s.")
            wrong[index] = (INVALID, text % {"example": VIEW_EXAMPLE})
            continue
        try:
            views.append(ReportedView(index, **serializer.run_validation(item)))
        except ValidationError as error:
            wrong[index] = (INVALID, shortened(_in_words(bounded(error.detail)), LONGEST_REASON))
    return views, wrong


def _usual(index: int, item: Any) -> ReportedView | None:
    """A view in the form that devices send. Anything else is left to the serializer, which is slower (None)."""
    try:
        proof, sequence, text, seconds = (
            *(item["impression"], item["sequence"]),
            *(item["viewed_at"], item["duration_seconds"]),
        )
        viewed_at = datetime.fromisoformat(text)
        offset = viewed_at.utcoffset()
        # Not isinstance(): True is an int.
        is_usual = (
            (len(item), type(proof), type(sequence)) == (4, str, int)
            and type(seconds) in (int, float)
            and sequence >= 0
            and 0 <= seconds < math.inf
            and FIRST_YEAR <= viewed_at.year <= LAST_YEAR
            and offset is not None
            and OFFSETS[0] <= offset <= OFFSETS[1]
        )
    except (LookupError, TypeError, ValueError):
        return None
    return ReportedView(index, proof, sequence, viewed_at, int(seconds)) if is_usual else None


def _in_words(detail: Any) -> str:
    """The errors of one view in one line: `field: message` for each field."""
    return " ".join(
        " ".join(messages) if name == api_settings.NON_FIELD_ERRORS_KEY else f"{name}: {' '.join(messages)}"
        for name, messages in detail.items()
    )
