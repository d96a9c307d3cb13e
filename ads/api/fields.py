"""The fields that only ads have: times of day, weekdays, and what criteria compare."""

import re
from datetime import time
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ads.time_slots import MIDNIGHT, Slot, is_end_of_day, weekdays_of
from campaign_studio.api.fields import NOT_A_LIST

TIME_OF_DAY = re.compile(r"\d\d:\d\d(:\d\d(\.\d+)?)?", re.ASCII)
ZONED_TIME = re.compile(r"\d\d:?\d\d(:?\d\d(\.\d+)?)? ?(Z|UTC|[+-]\d\d(:?\d\d)?)", re.ASCII | re.IGNORECASE)


@extend_schema_field({"type": "string", "pattern": r"^([01]\d|2[0-3]):(00|15|30|45)$", "example": "08:15"})
class QuarterHourField(serializers.TimeField):
    """A time of day on the screen's clock, as `HH:MM`. The model checks that it is a quarter hour."""

    default_error_messages = {
        "invalid": _("“{input}” is not a time of day. Send the screen's local time as HH:MM, such as 08:15."),
        "with_zone": _(
            "“{input}” has a time zone. Time slots are in the screen's local time: send 08:15, for example."
        ),
    }
    format = "%H:%M"

    def to_internal_value(self, value: Any) -> time:
        if isinstance(value, time):
            return value
        text = value.strip() if isinstance(value, str) else ""
        if ZONED_TIME.fullmatch(text):
            self.fail("with_zone", input=text)
        try:
            return time.fromisoformat(text if TIME_OF_DAY.fullmatch(text) else "")
        except ValueError:
            self.fail("invalid", input=value)


@extend_schema_field({"type": "string", "pattern": r"^(([01]\d|2[0-3]):(00|15|30|45)|24:00)$", "example": "09:45"})
class SlotEndField(QuarterHourField):
    """The end of a slot, where 24:00 is understood as 00:00."""

    def to_internal_value(self, value: Any) -> time:
        return MIDNIGHT if isinstance(value, str) and is_end_of_day(value) else super().to_internal_value(value)


@extend_schema_field(
    {
        "type": "array",
        "items": {"type": "integer", "minimum": 1, "maximum": 7},
        "minItems": 1,
        "maxItems": 7,
        "uniqueItems": True,
        "example": [1, 2, 3, 4, 5],
    }
)
class WeekdaysField(serializers.ListField):
    """The days of the week by their numbers in ISO 8601: Monday is 1."""

    child = serializers.IntegerField()
    default_error_messages: ClassVar = {"not_a_list": NOT_A_LIST}

    def to_internal_value(self, data: Any) -> list[int]:
        """The days in their order. Raises ValidationError if there are none, for unknown and repeated ones."""
        return weekdays_of(super().to_internal_value(data))


@extend_schema_field(
    {
        "anyOf": [
            {"type": ["string", "number", "boolean", "null"]},
            {"type": "array", "items": {"type": ["string", "number"]}},
        ]
    }
)
class ComparedField(serializers.JSONField):
    """What a criterion needs or finds. Time slots are texts, such as `Mon–Fri 07:00–09:00`."""

    def to_representation(self, value: object) -> Any:
        if isinstance(value, list):
            return [self.to_representation(one) for one in value]
        return str(value) if isinstance(value, Slot) else value
