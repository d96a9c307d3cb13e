"""Requests and responses of the delivery endpoints."""

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from ads.api import wording
from ads.api.serializers import ComparedField, ContentRatingSerializer
from ads.choices import RATING_LABEL_CHOICES, RATING_LEVELS, AdType
from ads.delivery.facts import Fact, Reason
from ads.delivery.opportunity import FIRST_YEAR, LAST_YEAR, TURNS, Opportunity, lacks_city, local_time, turn_of
from ads.delivery.readiness import Finding
from ads.media import BAR_POSITIONS
from ads.models import Ad
from ads.models.impressions import LONGEST_DEVICE_ID
from campaign_studio.api.fields import MOMENT_FAULTS, CountryTextField, moment_refusal
from campaign_studio.api.serializers import StrictFields
from campaign_studio.places.clock import now_at

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

Values = dict[str, Any]
Document = dict[str, object]
COUNTRY_REQUIRED = _("Send a country, such as country=DE.")
# In a query string a plus sign is a space: `…T08:15:00+01:00` arrives with one.
BLANK_OFFSET = re.compile(r"(?<=:\d\d) (\d\d:?\d\d)$")


@extend_schema_field({"type": "string", "format": "date-time", "example": "2026-11-23T08:15:00+01:00"})
class LocalTimeField(serializers.Field[datetime, object, str, datetime]):
    """A moment by the screen's own clock. An offset is accepted and returned, but otherwise ignored."""

    default_error_messages = {
        "invalid": _(
            "Send the screen's local time in ISO 8601, such as 2026-11-23T08:15:00+01:00. "
            "The year must be from {first_year} to {last_year}."
        ),
        **MOMENT_FAULTS,
    }

    def to_internal_value(self, data: Any) -> datetime:
        try:
            return local_time(BLANK_OFFSET.sub(r"+\1", str(data)))
        except ValueError:
            code, params = moment_refusal(data)
            self.fail(code, first_year=FIRST_YEAR, last_year=LAST_YEAR, **params)

    def to_representation(self, value: datetime) -> str:
        """ISO 8601, with the offset that was sent."""
        return value.isoformat()


def one_of(choices: Iterable[str]) -> "dict[str, str | StrPromise]":
    """The error messages of a parameter that takes one of a few values."""
    return {"invalid_choice": format_lazy(_("Send one of these: {choices}."), choices=", ".join(choices))}


class PlaceField(serializers.CharField):
    """A region, city, postcode or device; blank if unknown."""

    def __init__(self, *, max_length: int = 200, **kwargs: Any) -> None:
        super().__init__(required=False, default="", allow_blank=True, max_length=max_length, **kwargs)


class RatingField(serializers.ChoiceField):
    """A rating label in a query string, where the plus sign of `E10+` arrives as a space."""

    def to_internal_value(self, data: Any) -> str:
        label: str = super().to_internal_value(data.replace(" ", "+") if isinstance(data, str) else data)
        return label


class OpportunitySerializer(StrictFields):
    """A place and a moment, as query parameters."""

    country = CountryTextField(
        max_length=100,
        help_text=_("An ISO 3166-1 code or the name of a country."),
        error_messages={"required": COUNTRY_REQUIRED, "blank": COUNTRY_REQUIRED},
    )
    region = PlaceField(max_length=100, help_text=_("If left out, ads for any region of the country match."))
    city = PlaceField(help_text=_("If left out, only ads for the whole country or region match."))
    postcode = PlaceField(help_text=_("Requires a city. If left out, only ads for the whole city match."))
    at = LocalTimeField(
        required=False,
        help_text=_("The screen's local time. By default the current time in the city, or in the country's largest."),
    )
    turn = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=TURNS - 1,
        help_text=_(
            "Spreads the ads of a bar over screens: the ad at the index (turn + number of the quarter hour) modulo "
            "their number shows. By default 0."
        ),
    )
    device_id = PlaceField(
        max_length=LONGEST_DEVICE_ID, help_text=_("Instead of a turn: the turn is the CRC-32 of the ID modulo 60.")
    )
    max_rating = RatingField(
        choices=RATING_LABEL_CHOICES,
        required=False,
        default="",
        help_text=_(
            "The strongest rating label to show. Its equivalent applies to ads rated in the other system. Ads without "
            "a label don't show then."
        ),
        error_messages=one_of(RATING_LEVELS),
    )

    def validate(self, attrs: Values) -> Values:
        if lacks_city(attrs["city"], attrs["postcode"]):
            raise ValidationError({"city": [gettext("Send the city as well: a postcode needs one.")]})
        if "turn" in attrs and attrs["device_id"]:
            raise ValidationError({"turn": [gettext("Send either turn or device_id.")]})
        return attrs

    def opportunity(self) -> Opportunity:
        """The place and moment of the request. Call it only after validation."""
        sent: Values = self.validated_data
        values: Values = {"turn": turn_of(sent["device_id"]), **sent}
        values["at"] = sent.get("at") or now_at(sent["country"], sent["city"])
        return Opportunity(**{name: values[name] for name in Opportunity.__dataclass_fields__})


class QuestionSerializer(OpportunitySerializer):
    """A place and a moment, and the ads to explain: one ad, those of a campaign, or those of a position."""

    ad_id = serializers.UUIDField(required=False, help_text=_("Explain this ad."))
    campaign_id = serializers.UUIDField(required=False, help_text=_("Explain the ads of this campaign."))
    ad_type_id = serializers.ChoiceField(
        choices=AdType.choices,
        required=False,
        error_messages=one_of(AdType.values),
        help_text=_("Explain the ads for this position."),
    )

    def validate(self, attrs: Values) -> Values:
        """Exactly one of the three must be sent."""
        if len({"ad_id", "campaign_id", "ad_type_id"} & set(attrs)) != 1:
            message = gettext("Send exactly one of ad_id, campaign_id and ad_type_id.")
            raise ValidationError({"ad_id": [message]})
        return super().validate(attrs)


@extend_schema_serializer(description=_("An ad with everything a screen needs to show it and to report the view."))
class DeliveredAdSerializer(serializers.ModelSerializer[Ad]):
    """An ad with everything a screen needs to show it and to report the view."""

    campaign_id = serializers.UUIDField()
    content_rating = ContentRatingSerializer()
    impression = serializers.CharField(
        help_text=_(
            "Proves that this ad was to be shown here and now. Return it unchanged with each view in "
            "`POST /api/delivery/views`."
        )
    )

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
            "impression",
        ]
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

    at = LocalTimeField(help_text=_("The time that was sent, or the current time at the place."))
    place = PlaceSerializer()
    placements = PlacementsSerializer()
    valid_until = LocalTimeField(help_text=_("The end of the quarter hour, when the response may change."))
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


@extend_schema_serializer(description=_("A criterion that the ad doesn't meet, and how to change that."))
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
    changes = serializers.JSONField(
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


@extend_schema_serializer(description=_("A problem of a campaign or one of its ads."))
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
