"""Ads with their slots and rating as JSON."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from ads.choices import CONTENT_WARNING_CHOICES
from ads.models import Ad, AdContentRating, AdTimeSlot
from campaign_studio.api.serializers import StrictFields, StudioSerializer, TextListField, VisibleRelatedField
from campaigns.choices import Status
from campaigns.models import LONGEST_TEXT, Campaign

QUARTERS_OF_A_DAY = 96


@extend_schema_field({"type": "string", "pattern": r"^([01]\d|2[0-3]):(00|15|30|45)$", "example": "08:15"})
class QuarterHourField(serializers.TimeField):
    """A time of day as `HH:MM`. That it is a quarter hour, the model judges."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="%H:%M", **kwargs)


class TimeSlotSerializer(StudioSerializer):
    """When on a day; quarter hours, an end of `00:00` is midnight."""

    time_slot_start = QuarterHourField()
    time_slot_end = QuarterHourField()

    class Meta:
        model = AdTimeSlot
        fields = ["time_slot_id", "time_slot_start", "time_slot_end", "created_at"]


class ContentRatingSerializer(StudioSerializer):
    """For whom it is fit."""

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


class AdRowSerializer(StudioSerializer):
    """An ad in a list: its columns."""

    campaign_id = VisibleRelatedField(source="campaign", queryset=Campaign.objects.all())
    moderated_by_id = serializers.UUIDField(read_only=True, allow_null=True)
    ad_created_by_id = serializers.UUIDField(read_only=True)

    class Meta:
        model = Ad
        fields = [
            "ad_id",
            "campaign_id",
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
        # The audit log doesn't hold them, so `as_of` can't tell.
        extra_kwargs = {"version": {"allow_null": True}, "ad_view_count": {"allow_null": True}}


class AdSerializer(AdRowSerializer):
    """An ad, whole. `campaign_id` is fixed once the ad exists."""

    allowed_next_statuses = serializers.ListField(
        child=serializers.ChoiceField(choices=Status.choices), source="allowed_next", read_only=True
    )
    time_slots = TimeSlotSerializer(many=True, required=False, max_length=QUARTERS_OF_A_DAY)  # type: ignore[call-arg]
    content_rating = ContentRatingSerializer(required=False, allow_null=True)

    names_its_campaign = True

    class Meta(AdRowSerializer.Meta):
        fields = [*AdRowSerializer.Meta.fields, "allowed_next_statuses", "time_slots", "content_rating"]
        parts = ("time_slots", "content_rating")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["campaign_id"].required = self.instance is None and self.names_its_campaign

    def prepare(self, row: Any, attrs: dict[str, Any]) -> None:
        """Whether the ad may go active depends on the rating sent along."""
        if attrs.get("content_rating"):
            given = attrs["content_rating"]
            stored = getattr(row, "content_rating", None)
            sworn = given.get("no_prohibited_content", getattr(stored, "no_prohibited_content", False))
            row._state.fields_cache["content_rating"] = AdContentRating(no_prohibited_content=sworn)
        elif "content_rating" in attrs:
            row._state.fields_cache["content_rating"] = None


class CampaignAdSerializer(AdSerializer):
    """An ad created below its campaign's address, which names the campaign."""

    names_its_campaign = False

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A campaign in the body must be the one in the address."""
        here = self.new_row().campaign  # type: ignore[attr-defined]
        if attrs.pop("campaign", here) != here:
            raise ValidationError({"campaign_id": ["The address names another campaign. Leave this field out."]})
        return super().validate(attrs)


class WaitingAdSerializer(AdRowSerializer):
    """An ad that waits for a moderator's decision."""

    campaign_name = serializers.CharField(source="campaign.campaign_name", read_only=True)
    goes_live_on = serializers.DateField(read_only=True, help_text="Its first day, else its campaign's.")

    class Meta(AdRowSerializer.Meta):
        fields = [*AdRowSerializer.Meta.fields, "campaign_name", "goes_live_on"]


class DecisionSerializer(StrictFields):
    """A moderator's word on an ad."""

    version = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=2_147_483_647,
        help_text="The version that was looked at: 412 when the ad has changed since.",
    )

    note = serializers.CharField(
        required=False, allow_blank=True, allow_null=True, max_length=LONGEST_TEXT, help_text="Needed to reject."
    )
