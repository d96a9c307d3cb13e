"""Campaigns and their targeting as JSON."""

from typing import cast

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from advertisers.models import Advertiser
from campaign_studio.api.fields import (
    AllowedActions,
    CountryField,
    EnumField,
    TextForReader,
    TextListField,
    VisibleRelatedField,
)
from campaign_studio.api.serializers import OnceBuiltFields, RowListSerializer, StudioSerializer, Values
from campaigns.choices import Status
from campaigns.fields import MAX_NAMES
from campaigns.models import Campaign, CampaignAudienceTargeting
from campaigns.rules import ACTIONS

MAX_TARGETS = 300
# What the answer has besides what is edited.
NOT_EDITED = ("advertiser_name", "allowed_actions")
MOVE_TOGETHER = _("To move the campaign and its ads together, use POST /api/campaigns/%(campaign_id)s/shift.")


def with_shift(error: ValidationError, campaign_id: object) -> ValidationError:
    """The refusal, with the URL that moves both where an ad would be outside its campaign's dates."""
    advice = ErrorDetail(MOVE_TOGETHER % {"campaign_id": campaign_id}, "move_together")
    outside = {"ad_outside", "outside_campaign"}
    # A model's refusal: lists of messages by field.
    refused = cast("dict[str, list[ErrorDetail]]", error.detail)
    return ValidationError(
        {
            field: [*messages, advice] if outside & {one.code for one in messages} else messages
            for field, messages in refused.items()
        }
    )


@extend_schema_serializer(
    description=_("A place where a campaign may show. An empty list of cities or postcodes means all of them.")
)
class AudienceTargetingSerializer(StudioSerializer):
    """A place where a campaign may show. An empty list of cities or postcodes means all of them."""

    audience_id = serializers.UUIDField(
        required=False, help_text=_("A target that names a stored one is changed, others are created.")
    )
    country = CountryField()
    cities = TextListField(required=False, max_length=MAX_NAMES)
    postcodes = TextListField(required=False, max_length=MAX_NAMES)

    class Meta:
        model = CampaignAudienceTargeting
        fields = ["audience_id", "region", "country", "cities", "postcodes", "created_at", "updated_at"]


class CampaignColumnsSerializer(StudioSerializer):
    """The columns that a campaign has both in a list and by itself."""

    advertiser_id = VisibleRelatedField(
        source="advertiser", queryset=Advertiser.objects.all(), required=False, allow_null=True
    )
    advertiser_name = TextForReader(
        source="advertiser_name_for",
        read_only=True,
        allow_null=True,
        help_text=_("Null without an advertiser, and if you may not see advertisers."),
    )
    campaign_created_by_id = serializers.UUIDField(read_only=True)
    allowed_actions = AllowedActions(choices=ACTIONS)

    class Meta:
        model = Campaign
        fields = [
            "campaign_id",
            "campaign_name",
            "campaign_description",
            "advertiser_id",
            "advertiser_name",
            "campaign_start_date",
            "campaign_end_date",
            "campaign_expiry_date",
            "campaign_max_view_duration_value",
            "campaign_max_view_duration_unit",
            "campaign_max_view_count",
            "campaign_status",
            "campaign_created_by_id",
            "created_by_name",
            "updated_by_name",
            "created_at",
            "updated_at",
            "version",
            "allowed_actions",
        ]
        read_only_fields = ["created_by_name", "updated_by_name", "version"]
        # The audit log doesn't record versions, so `as_of` can't show them.
        extra_kwargs = {"version": {"allow_null": True}}


@extend_schema_serializer(description=_("A campaign in a list."))
class CampaignRowSerializer(CampaignColumnsSerializer):
    """A campaign in a list."""

    ad_count = serializers.IntegerField(read_only=True, help_text=_("The number of ads, from 0 to 6."))

    class Meta(CampaignColumnsSerializer.Meta):
        fields = [*CampaignColumnsSerializer.Meta.fields, "ad_count"]


@extend_schema_serializer(description=_("An ad of the campaign, without its details."))
class AdSummarySerializer(OnceBuiltFields):
    """An ad of the campaign, without its details."""

    ad_id = serializers.UUIDField()
    ad_type_id = EnumField("AdPosition")
    ad_name = serializers.CharField()
    media_type = EnumField("MediaType")
    ad_status = EnumField("PublishingStatus")
    moderation_status = EnumField("ModerationStatus")
    created_at = serializers.DateTimeField()


@extend_schema_serializer(description=_("A campaign with its targeting and its ads."))
class CampaignSerializer(CampaignColumnsSerializer):
    """A campaign with its targeting and its ads."""

    allowed_next_statuses = serializers.ListField(
        child=serializers.ChoiceField(choices=Status.choices), source="allowed_next", read_only=True
    )
    audience_targeting = RowListSerializer(child=AudienceTargetingSerializer(), required=False, max_length=MAX_TARGETS)
    ads = AdSummarySerializer(many=True, read_only=True)

    class Meta(CampaignColumnsSerializer.Meta):
        fields = [*CampaignColumnsSerializer.Meta.fields, "allowed_next_statuses", "audience_targeting", "ads"]
        parts = ("audience_targeting",)

    def validate(self, attrs: Values) -> Values:
        """Also say how to move the campaign with its ads."""
        try:
            return super().validate(attrs)
        except ValidationError as error:
            raise with_shift(error, self.proposed.pk) from error
