"""Ads with their time slots and content rating as JSON."""

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from ads.api.fields import QuarterHourField, SlotEndField, WeekdaysField
from ads.choices import CONTENT_WARNING_CHOICES
from ads.models import Ad, AdContentRating, AdTimeSlot
from ads.models.parts import expect_rating
from ads.rules import ACTIONS
from ads.time_slots import QUARTERS_OF_A_WEEK
from campaign_studio.api.fields import AllowedActions, TextListField, VisibleRelatedField
from campaign_studio.api.serializers import RowListSerializer, StrictFields, StudioSerializer, Values
from campaigns.api.serializers import with_shift
from campaigns.choices import Status
from campaigns.models import LONGEST_TEXT, Campaign

# What the answer has besides what is edited.
NOT_EDITED = ("ad_view_count", "campaign_name", "allowed_actions")


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
    allowed_actions = AllowedActions(choices=ACTIONS)

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
            "allowed_actions",
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
            expect_rating(self.proposed, attrs["content_rating"])


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
