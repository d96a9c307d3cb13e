"""Responses of the delivery endpoints."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from ads.api import opportunities, wording
from ads.api.fields import ComparedField
from ads.api.serializers import ContentRatingSerializer
from ads.choices import AdType
from ads.delivery.facts import Fact, Reason
from ads.delivery.opportunity import Opportunity
from ads.delivery.readiness import Finding
from ads.media import BAR_POSITIONS
from ads.models import Ad

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

# A response body.
Document = dict[str, object]


class ShownAdSerializer(serializers.ModelSerializer[Ad]):
    """An ad with everything a screen needs to show it."""

    campaign_id = serializers.UUIDField()
    content_rating = ContentRatingSerializer()

    class Meta:
        model = Ad
        fields = [
            "ad_id",
            "campaign_id",
            "ad_type_id",
            "ad_name",
            "media_type",
            "media_url",
            "media_content",
            "ad_impression_duration_value",
            "ad_impression_duration_unit",
            "ad_in_view_duration_value",
            "ad_in_view_duration_unit",
            "ad_advertiser_forwarding_url",
            "content_rating",
        ]
        read_only_fields = fields


@extend_schema_serializer(description=_("An ad with everything a screen needs to show it and to report the view."))
class DeliveredAdSerializer(ShownAdSerializer):
    """An ad with everything a screen needs to show it and to report the view."""

    impression = serializers.CharField(
        help_text=_(
            "Proves that this ad was to be shown here and now. Return it unchanged with each view in "
            "`POST /api/delivery/views`."
        )
    )

    class Meta(ShownAdSerializer.Meta):
        fields = [*ShownAdSerializer.Meta.fields, "impression"]
        read_only_fields = fields


@extend_schema_serializer(description=_("The place of the request; the country as its ISO 3166-1 code."))
class PlaceSerializer(serializers.Serializer[Opportunity]):
    """The place of the request; the country as its ISO 3166-1 code."""

    country = serializers.CharField()
    region = serializers.CharField()
    city = serializers.CharField()
    postcode = serializers.CharField()


@extend_schema_serializer(
    description=_(
        "The six positions. A bar has one ad or null, a content position a list of ads that show one after the other."
    )
)
class PlacementsSerializer(serializers.Serializer[Document]):
    """The six positions. A bar has one ad or null, a content position a list of ads that show one after the other."""

    def get_fields(self) -> dict[str, serializers.Field]:
        return {
            position: DeliveredAdSerializer(allow_null=True)
            if position in BAR_POSITIONS
            else DeliveredAdSerializer(many=True)
            for position in AdType.values
        }


@extend_schema_serializer(description=_("What shows at a place and time."))
class DeliverySerializer(serializers.Serializer[Document]):
    """What shows at a place and time."""

    at = opportunities.LocalTimeField(help_text=_("The time that was sent, or the current time at the place."))
    place = PlaceSerializer()
    placements = PlacementsSerializer()
    valid_until = opportunities.LocalTimeField(
        help_text=_("The end of the quarter hour, when the response may change.")
    )
    next = serializers.CharField(
        help_text=_("The URL of what shows in the next quarter hour, relative to the server. Request it at any time.")
    )


@extend_schema_field(OpenApiTypes.STR)
class SentenceField(serializers.Field[Fact, object, str, Fact]):
    """A sentence that `say` makes from a fact: what is wrong, or what to do about it."""

    def __init__(self, say: Callable[[Fact], str], help_text: "StrPromise | None" = None) -> None:
        super().__init__(source="*", help_text=help_text)
        self.say = say

    def to_representation(self, value: Fact) -> str:
        return self.say(value)


@extend_schema_field(
    {
        "anyOf": [
            {"$ref": "#/components/schemas/PatchedCampaignRequest"},
            {"$ref": "#/components/schemas/PatchedAdRequest"},
        ]
    }
)
class PatchField(serializers.JSONField):
    """The body of a PATCH of a campaign or an ad."""


@extend_schema_serializer(
    component_name="DeliveryReason", description=_("A criterion that the ad doesn't meet, and how to change that.")
)
class ReasonSerializer(serializers.Serializer[Reason]):
    """A criterion that the ad doesn't meet, and how to change that."""

    code = serializers.CharField()
    message = SentenceField(wording.message)
    resource_type = serializers.ChoiceField(choices=["ad", "campaign"])
    resource_id = serializers.UUIDField()
    field = serializers.CharField(help_text=_("The field of the resource that the criterion is about."))
    expected = ComparedField(help_text=_("What the criterion needs."))
    actual = ComparedField(allow_null=True, help_text=_("The current value."))
    fix = SentenceField(wording.fix, help_text=_("The smallest change that would meet the criterion."))
    changes = PatchField(
        allow_null=True, help_text=_("The fix as the body of a PATCH, or null if a person has to decide.")
    )


@extend_schema_serializer(description=_("Whether an ad shows, and the reasons if it isn't eligible."))
class ExplanationSerializer(serializers.Serializer[Any]):
    """Whether an ad shows, and the reasons if it isn't eligible."""

    ad_id = serializers.UUIDField()
    ad_name = serializers.CharField(source="ad.ad_name")
    eligible = serializers.BooleanField(help_text=_("Whether the ad meets every criterion."))
    shown = serializers.BooleanField(help_text=_("Whether the ad is eligible and, in a bar, has its turn."))
    lost_to = serializers.UUIDField(
        allow_null=True, help_text=_("If an eligible ad doesn't show: the ad whose turn it is in the rotation.")
    )
    reasons = ReasonSerializer(many=True)


@extend_schema_serializer(
    component_name="ReadinessFinding", description=_("A problem of a campaign or one of its ads.")
)
class FindingSerializer(serializers.Serializer[Finding]):
    """A problem of a campaign or one of its ads."""

    code = serializers.CharField()
    message = SentenceField(wording.message)
    fix = SentenceField(wording.fix)
    resource_type = serializers.ChoiceField(choices=["ad", "campaign"])
    resource_id = serializers.UUIDField()
    resource_name = serializers.CharField()
    field = serializers.CharField()


@extend_schema_serializer(
    description=_(
        "Whether a campaign can run as it is. `light` is red if there are blockers, amber if there are only warnings, "
        "and otherwise green."
    )
)
class ReadinessSerializer(serializers.Serializer[Document]):
    """Whether a campaign can run as it is."""

    campaign_id = serializers.UUIDField()
    ready = serializers.BooleanField(help_text=_("Whether there are no blockers."))
    light = serializers.ChoiceField(choices=["red", "amber", "green"])
    blockers = FindingSerializer(many=True, help_text=_("Problems that keep the whole campaign from running."))
    warnings = FindingSerializer(many=True, help_text=_("Problems that don't keep the campaign from running."))
