"""Ads with their time slots and content rating as JSON."""

import re
from datetime import time
from typing import Any, ClassVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from ads.choices import CONTENT_WARNING_CHOICES
from ads.models import Ad, AdContentRating, AdTimeSlot
from ads.time_slots import MIDNIGHT, QUARTERS_OF_A_WEEK, Slot, is_end_of_day, weekdays_of
from campaign_studio.api.fields import NOT_A_LIST, TextListField, VisibleRelatedField
from campaign_studio.api.serializers import RowListSerializer, StrictFields, StudioSerializer, Values
from campaigns.api.serializers import with_shift
from campaigns.choices import Status
from campaigns.models import LONGEST_TEXT, Campaign

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


@extend_schema_serializer(
    description=_(
        "When the ad may show on some days of the week, in quarter hours by the screen's clock. An end of `00:00` or "
        "`24:00` is the end of the day."
    )
)
class TimeSlotSerializer(StudioSerializer):
    """When the ad may show on some days of the week, in quarter hours. An end of `00:00` is the end of the day."""

    time_slot_start = QuarterHourField()
    time_slot_end = SlotEndField()
    weekdays = WeekdaysField(
        required=False,
        help_text=_("The days of the week, from 1 (Monday) to 7 (Sunday). All of them if they are left out."),
    )

    class Meta:
        model = AdTimeSlot
        fields = ["time_slot_id", "time_slot_start", "time_slot_end", "weekdays", "created_at"]


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


@extend_schema_serializer(description=_("The ad's rating label, content warnings and content declaration."))
class ContentRatingSerializer(StudioSerializer):
    """The ad's rating label, content warnings and content declaration."""

    content_warnings = TextListField(
        child=serializers.ChoiceField(choices=CONTENT_WARNING_CHOICES), required=False, max_length=50
    )

    class Meta:
        model = AdContentRating
        fields = [
            "rating_id",
            "warning_required",
            "rating_system",
            "rating_label",
            "content_warnings",
            "no_prohibited_content",
            "created_at",
            "updated_at",
        ]


@extend_schema_serializer(description=_("An ad in a list, without its time slots and content rating."))
class AdRowSerializer(StudioSerializer):
    """An ad in a list, without its time slots and content rating."""

    campaign_id = VisibleRelatedField(source="campaign", queryset=Campaign.objects.all())
    campaign_name = serializers.CharField(source="campaign.campaign_name", read_only=True)
    moderated_by_id = serializers.UUIDField(read_only=True, allow_null=True)
    ad_created_by_id = serializers.UUIDField(read_only=True)

    class Meta:
        model = Ad
        fields = [
            "ad_id",
            "campaign_id",
            "campaign_name",
            "ad_type_id",
            "ad_name",
            "ad_description",
            "media_type",
            "media_url",
            "media_content",
            "ad_impression_duration_value",
            "ad_impression_duration_unit",
            "ad_advertiser_forwarding_url",
            "ad_start_date",
            "ad_end_date",
            "ad_expiry_date",
            "ad_in_view_duration_value",
            "ad_in_view_duration_unit",
            "ad_view_count",
            "ad_status",
            "moderation_status",
            "moderated_by_id",
            "moderated_at",
            "moderation_note",
            "ad_created_by_id",
            "created_by_name",
            "updated_by_name",
            "created_at",
            "updated_at",
            "version",
        ]
        read_only_fields = [
            "version",
            "ad_view_count",
            "moderation_status",
            "moderated_at",
            "moderation_note",
            "created_by_name",
            "updated_by_name",
        ]
        # Not in the audit log, so null with `as_of`.
        extra_kwargs = {"version": {"allow_null": True}, "ad_view_count": {"allow_null": True}}


@extend_schema_serializer(
    description=_("An ad with its time slots and content rating. `campaign_id` can't be changed later.")
)
class AdSerializer(AdRowSerializer):
    """An ad with its time slots and content rating. `campaign_id` can't be changed later."""

    allowed_next_statuses = serializers.ListField(
        child=serializers.ChoiceField(choices=Status.choices),
        source="allowed_next",
        read_only=True,
        help_text=_("The statuses to which `ad_status` can change now."),
    )
    time_slots = RowListSerializer(
        child=TimeSlotSerializer(),
        required=False,
        max_length=QUARTERS_OF_A_WEEK,
        help_text=_(
            "The ad may always show if the list is empty. A list that is sent replaces the stored one. A slot that "
            "runs past midnight, such as `22:00` to `02:00`, is stored as two: the second is for the following days."
        ),
    )
    content_rating = ContentRatingSerializer(
        required=False,
        allow_null=True,
        help_text=_("Fields that are left out keep their values. Null removes the content rating."),
    )

    proposed: Ad
    names_its_campaign = True

    class Meta(AdRowSerializer.Meta):
        fields = [*AdRowSerializer.Meta.fields, "allowed_next_statuses", "time_slots", "content_rating"]
        parts = ("time_slots", "content_rating")

    def get_fields(self) -> dict[str, serializers.Field]:
        """`campaign_id` is required only for a new ad whose URL doesn't name the campaign."""
        fields = super().get_fields()
        fields["campaign_id"].required = self.instance is None and self.names_its_campaign
        return fields

    def validate(self, attrs: Values) -> Values:
        """Also say how to move a stored ad with its campaign."""
        try:
            return super().validate(attrs)
        except ValidationError as error:
            if self.instance is None:
                raise
            raise with_shift(error, self.proposed.campaign_id) from error

    def prepare(self, attrs: Values) -> None:
        """Set the content rating as sent: without a confirmed content declaration the ad can't be activated."""
        if "content_rating" in attrs:
            given = attrs["content_rating"] or {"no_prohibited_content": False}
            stored = getattr(self.proposed, "content_rating", None)
            confirmed = given.get("no_prohibited_content", getattr(stored, "no_prohibited_content", False))
            self.proposed.content_rating = AdContentRating(no_prohibited_content=confirmed)


@extend_schema_serializer(description=_("An ad of the campaign in the URL."))
class CampaignAdSerializer(AdSerializer):
    """An ad of the campaign in the URL."""

    names_its_campaign = False

    def validate(self, attrs: Values) -> Values:
        """A campaign in the body must be the one in the URL."""
        here = self.context["new_row"].campaign
        if attrs.pop("campaign", here) != here:
            message = gettext("The URL names another campaign. Leave this field out.")
            raise ValidationError({"campaign_id": [message]})
        return super().validate(attrs)


@extend_schema_serializer(description=_("An ad that is pending review."))
class WaitingAdSerializer(AdRowSerializer):
    """An ad that is pending review."""

    goes_live_on = serializers.DateField(
        read_only=True, help_text=_("The ad's start date, or its campaign's if it has none.")
    )

    class Meta(AdRowSerializer.Meta):
        fields = [*AdRowSerializer.Meta.fields, "goes_live_on"]


@extend_schema_serializer(component_name="Review", description=_("A moderator's approval or rejection of an ad."))
class ReviewSerializer(StrictFields):
    """A moderator's approval or rejection of an ad."""

    version = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=2_147_483_647,
        help_text=_("The version that was reviewed. 412 if the ad has changed since."),
    )

    note = serializers.CharField(
        required=False,
        allow_blank=True,
        allow_null=True,
        max_length=LONGEST_TEXT,
        help_text=_("Required for a rejection."),
    )
