"""The query parameters that name a place and a moment."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from django.utils.text import format_lazy
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from ads.choices import RATING_LABEL_CHOICES, RATING_LEVELS, AdType
from ads.delivery.opportunity import FIRST_YEAR, LAST_YEAR, TURNS, Opportunity, lacks_city, local_time, turn_of
from ads.models.impressions import LONGEST_DEVICE_ID
from campaign_studio.api.fields import MOMENT_FAULTS, CountryTextField, moment_refusal
from campaign_studio.api.serializers import StrictFields
from campaign_studio.moments import text_of
from campaign_studio.places import country_codes
from campaign_studio.places.clock import now_at

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

# The values of a query string, by parameter.
Values = dict[str, Any]
# No RFC 3339 date-time, which must have an offset.
LOCAL_TIME = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?$"
COUNTRY_REQUIRED = _("Send a country, such as country=DE.")
# The parameters, and how long their values are at most in the form that screens send.
LONGEST = {
    "country": 2,
    "region": 100,
    "city": 200,
    "postcode": 200,
    "at": 32,
    "turn": 2,
    "device_id": LONGEST_DEVICE_ID,
    "max_rating": 10,
}
WITH_PLUS_SIGN = ("at", "max_rating")
USUAL_TURN = re.compile(r"[0-5]?[0-9]")
USUAL_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?([+-][0-9]{2}:[0-9]{2})?")


@extend_schema_field({"type": "string", "pattern": LOCAL_TIME, "example": "2026-11-23T08:15:00+01:00"})
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
            return local_time(str(data))
        except ValueError:
            code, params = moment_refusal(data)
            self.fail(code, first_year=FIRST_YEAR, last_year=LAST_YEAR, **params)

    def to_representation(self, value: datetime) -> str:
        """ISO 8601, with the offset that was sent."""
        return text_of(value)


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


def opportunity_in(parameters: Mapping[str, str]) -> Opportunity:
    """The place and moment that query parameters name. Raises ValidationError."""
    return opportunity_of(_opportunities(get_language()).run_validation(parameters))


def usual_opportunity(query: str) -> Opportunity | None:
    """The place and moment in a query string, if it has the form that screens send.

    None for any other, which is left to `opportunity_in()`: that is slower, and says what is wrong.
    """
    sent: dict[str, str] = {}
    for pair in query.split("&"):
        name, equals, text = pair.partition("=")
        if not equals or name not in LONGEST or name in sent:
            return None
        # A plus sign arrives as a space, also where it means one.
        text = unquote_plus(text) if "%" in text or "+" in text else text
        text = text.replace(" ", "+") if name in WITH_PLUS_SIGN else text
        if len(text) > LONGEST[name] or not text.isprintable() or text != text.strip():
            return None
        sent[name] = text
    return _usual(sent) if query.isascii() else None


def _usual(sent: dict[str, str]) -> Opportunity | None:
    """The same for single values, each of which is stripped and no longer than it may be."""
    places = {name: sent.get(name, "") for name in ("region", "city", "postcode")}
    country, turn, device_id = sent.get("country", ""), sent.get("turn", ""), sent.get("device_id", "")
    is_usual = (
        country in country_codes()
        and not lacks_city(places["city"], places["postcode"])
        and ("turn" not in sent or (USUAL_TURN.fullmatch(turn) and not device_id))
        and ("max_rating" not in sent or sent["max_rating"] in RATING_LEVELS)
    )
    moment = _usual_moment(sent["at"]) if "at" in sent else None
    if not is_usual or ("at" in sent and moment is None):
        return None
    moment = moment or now_at(country, places["city"])
    turns = int(turn) if turn else turn_of(device_id)
    return Opportunity(country, moment, **places, turn=turns, max_rating=sent.get("max_rating", ""))


def _usual_moment(text: str) -> datetime | None:
    if not USUAL_MOMENT.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if FIRST_YEAR <= moment.year <= LAST_YEAR else None


def opportunity_of(sent: Values) -> Opportunity:
    """The place and moment in validated query parameters."""
    values: Values = {"turn": turn_of(sent["device_id"]), "max_rating": "", **sent}
    values["at"] = sent.get("at") or now_at(sent["country"], sent["city"])
    return Opportunity(**{name: values[name] for name in Opportunity.__dataclass_fields__})


@cache
def _opportunities(language: str | None) -> OpportunitySerializer:
    """One for all requests: validating changes nothing about it. Limits are put into messages once, in a language."""
    serializer = OpportunitySerializer()
    # Built now, before threads share it.
    assert serializer.fields  # noqa: S101
    return serializer


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
