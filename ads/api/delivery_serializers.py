"""What is asked about delivery, and what is answered."""

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from ads.api import wording
from ads.api.serializers import ContentRatingSerializer
from ads.choices import RATING_LABEL_CHOICES, RATING_LEVELS, AdType
from ads.delivery.facts import Fact, Reason
from ads.delivery.opportunity import FIRST_YEAR, LAST_YEAR, Opportunity, lacks_city, local_time
from ads.delivery.readiness import Finding
from ads.media import BAR_POSITIONS
from ads.models import Ad
from ads.models.impressions import LONGEST_DEVICE_ID
from campaign_studio.api.serializers import StrictFields

# What was read of a query string, by parameter.
Values = dict[str, Any]
# What is answered.
Document = dict[str, object]
COUNTRY_REQUIRED = "Send the country, like country=DE: a place is told from the country downwards."
# In a query string a plus sign means a blank: `…T08:15:00+01:00` arrives with one.
BLANK_OFFSET = re.compile(r"(?<=:\d\d) (\d\d:?\d\d)$")


@extend_schema_field({"type": "string", "format": "date-time", "example": "2026-11-23T08:15:00+01:00"})
class LocalTimeField(serializers.Field[datetime, object, str, datetime]):
    """A moment by the screen's own clock. An offset is allowed and kept, and decides nothing."""

    default_error_messages = {
        "invalid": (
            f"Send the screen's local time in ISO 8601, {FIRST_YEAR} to {LAST_YEAR}, like 2026-11-23T08:15:00+01:00."
        ),
    }

    def to_internal_value(self, data: Any) -> datetime:
        """The moment, with the offset where one is given."""
        try:
            return local_time(BLANK_OFFSET.sub(r"+\1", str(data)))
        except ValueError:
            self.fail("invalid")

    def to_representation(self, value: datetime) -> str:
        """ISO 8601, as it came."""
        return value.isoformat()


def one_of(choices: Iterable[str]) -> Values:
    """What a parameter says that takes one of a few values."""
    return {"invalid_choice": f"Send one of {', '.join(choices)}."}


class PlaceField(serializers.CharField):
    """A name within a place; blank means not known."""

    def __init__(self, *, max_length: int = 200, **kwargs: Any) -> None:
        super().__init__(required=False, default="", allow_blank=True, max_length=max_length, **kwargs)


class RatingField(serializers.ChoiceField):
    """The label of a rating."""

    def to_internal_value(self, data: Any) -> str:
        """In a query string the plus sign of `E10+` arrives as a blank."""
        label: str = super().to_internal_value(data.replace(" ", "+") if isinstance(data, str) else data)
        return label


class OpportunitySerializer(StrictFields):
    """A place and a moment, as query parameters."""

    country = serializers.CharField(
        max_length=100,
        help_text="An ISO 3166-1 code or an English name.",
        error_messages={"required": COUNTRY_REQUIRED, "blank": COUNTRY_REQUIRED},
    )
    region = PlaceField(max_length=100, help_text="Left out, every region of the country counts.")
    city = PlaceField(help_text="Left out, only ads for all of the country match.")
    postcode = PlaceField(help_text="Needs the city. Left out, only ads for all of the city match.")
    at = LocalTimeField(required=False, help_text="The screen's local time; left out, the present time in UTC.")
    device_id = PlaceField(max_length=LONGEST_DEVICE_ID, help_text="Spreads equal ads over devices.")
    max_rating = RatingField(
        choices=RATING_LABEL_CHOICES,
        required=False,
        default="",
        help_text="Nothing rated stronger than this label or its equivalent in the other system; nothing without one.",
        error_messages=one_of(RATING_LEVELS),
    )

    def validate(self, attrs: Values) -> Values:
        if lacks_city(attrs["city"], attrs["postcode"]):
            raise ValidationError({"city": ["Send the city too: a postcode belongs to one."]})
        return attrs

    def opportunity(self) -> Opportunity:
        """What was asked about. Call it once it is valid."""
        values: Values = {"at": timezone.now(), **self.validated_data}
        return Opportunity(**{name: values[name] for name in Opportunity.__dataclass_fields__})


class QuestionSerializer(OpportunitySerializer):
    """The same, about one ad, the ads of a campaign, or all of a position."""

    ad_id = serializers.UUIDField(required=False)
    campaign_id = serializers.UUIDField(required=False)
    ad_type_id = serializers.ChoiceField(choices=AdType.choices, required=False, error_messages=one_of(AdType.values))

    def validate(self, attrs: Values) -> Values:
        """About one thing at a time."""
        if len({"ad_id", "campaign_id", "ad_type_id"} & set(attrs)) != 1:
            raise ValidationError({"ad_id": ["Send one of ad_id, campaign_id and ad_type_id: what to explain."]})
        return super().validate(attrs)


class DeliveredAdSerializer(serializers.ModelSerializer[Ad]):
    """An ad with all that a screen needs to show it and to report the view."""

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


class PlaceSerializer(serializers.Serializer[Opportunity]):
    """The place as it was understood: a country's name has become its code."""

    country = serializers.CharField()
    region = serializers.CharField()
    city = serializers.CharField()
    postcode = serializers.CharField()


class PlacementsSerializer(serializers.Serializer[Document]):
    """The six positions: a bar shows one ad or none, the two content positions any number, one after the other."""

    def get_fields(self) -> dict[str, serializers.Field]:
        return {
            position: DeliveredAdSerializer(allow_null=True)
            if position in BAR_POSITIONS
            else DeliveredAdSerializer(many=True)
            for position in AdType.values
        }


class DeliverySerializer(serializers.Serializer[Document]):
    """What shows at a moment."""

    at = LocalTimeField()
    place = PlaceSerializer()
    placements = PlacementsSerializer()
    valid_until = LocalTimeField(help_text="The next instant at which the answer can change by the clock.")


@extend_schema_field(OpenApiTypes.STR)
class SentenceField(serializers.Field[Fact, object, str, Fact]):
    """What the API's words make of a fact."""

    def __init__(self, say: Callable[[Fact], str], help_text: str | None = None) -> None:
        super().__init__(source="*", help_text=help_text)
        self.say = say

    def to_representation(self, value: Fact) -> str:
        return self.say(value)


class ReasonSerializer(serializers.Serializer[Reason]):
    """One criterion that fails."""

    code = serializers.CharField()
    message = SentenceField(wording.message)
    resource_type = serializers.ChoiceField(choices=["ad", "campaign"])
    resource_id = serializers.UUIDField()
    field = serializers.CharField()
    expected = serializers.JSONField()
    actual = serializers.JSONField(allow_null=True)
    fix = SentenceField(wording.fix, help_text="The smallest change that would make it hold.")
    changes = serializers.JSONField(
        allow_null=True, help_text="The same as the body of a PATCH; null where somebody has to decide."
    )


class ExplanationSerializer(serializers.Serializer[Any]):
    """What became of one ad."""

    ad_id = serializers.UUIDField()
    ad_name = serializers.CharField(source="ad.ad_name")
    eligible = serializers.BooleanField()
    shown = serializers.BooleanField()
    lost_to = serializers.UUIDField(allow_null=True, help_text="The ad whose turn it is in the same bar.")
    reasons = ReasonSerializer(many=True)


class FindingSerializer(serializers.Serializer[Finding]):
    """Something to do about a campaign or one of its ads."""

    code = serializers.CharField()
    message = SentenceField(wording.message)
    fix = SentenceField(wording.fix)
    resource_type = serializers.ChoiceField(choices=["ad", "campaign"])
    resource_id = serializers.UUIDField()
    resource_name = serializers.CharField()
    field = serializers.CharField()


class ReadinessSerializer(serializers.Serializer[Document]):
    """Whether a campaign can run as it is."""

    campaign_id = serializers.UUIDField()
    ready = serializers.BooleanField()
    light = serializers.ChoiceField(choices=["red", "amber", "green"])
    blockers = FindingSerializer(many=True)
    warnings = FindingSerializer(many=True)
