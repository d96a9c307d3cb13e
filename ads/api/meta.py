"""`/api/meta`: what a form needs to know, with labels in the language of the request."""

from functools import cache
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.choices import LEVELS, RoleName
from ads import media
from ads.api.reporting import MOST_VIEWS
from ads.choices import (
    CONTENT_WARNING_CHOICES,
    RATING_LABELS,
    RATING_LEVELS,
    WEEKDAYS,
    AdDurationUnit,
    AdType,
    MediaType,
    ModerationStatus,
    RatingSystem,
)
from ads.constraints import MAX_ADS
from ads.models import Ad
from ads.time_slots import QUARTERS_OF_A_WEEK
from advertisers.api.serializers import MAX_CONTACTS
from advertisers.choices import AdvertiserType, ContactType
from campaign_studio.api.base import StudioView
from campaign_studio.api.documents.written import StudioJSONRenderer, Written
from campaign_studio.api.filters import LONGEST_SEARCH
from campaign_studio.api.pagination import DEFAULT_SIZE, LARGEST_SIZE
from campaign_studio.lookups import MOST_SEARCH_TERMS
from campaign_studio.models.verdicts import Verdict, checks_of
from campaign_studio.places import country_choices, currency_choices, timezone_choices
from campaign_studio.places.postcodes import form_of
from campaign_studio.places.regions import continent_of
from campaigns.api.serializers import MAX_TARGETS
from campaigns.choices import DurationUnit, Status
from campaigns.fields import MAX_NAMES
from campaigns.lifecycle import INITIAL_STATUSES, TRANSITIONS
from campaigns.models import LONGEST_TEXT, Campaign


@extend_schema_serializer(description=_("A value that a field can have, and its name for people."))
class ChoiceSerializer(serializers.Serializer):
    """A value that a field can have, and its name for people."""

    value = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # hides the label of the serializer itself


@extend_schema_serializer(description=_("A status of a campaign or an ad."))
class StatusChoiceSerializer(ChoiceSerializer):
    """A status of a campaign or an ad."""

    is_initial = serializers.BooleanField(help_text=_("Whether a new campaign or ad can have it."))
    next = serializers.ListField(
        child=serializers.ChoiceField(choices=Status.choices), help_text=_("The statuses that may follow.")
    )


@extend_schema_serializer(description=_("A position on the screen."))
class PositionSerializer(ChoiceSerializer):
    """A position on the screen."""

    media_types = serializers.ListField(
        child=serializers.ChoiceField(choices=MediaType.choices), help_text=_("What can show there.")
    )
    largest_width = serializers.IntegerField(help_text=_("In pixels, of uploaded pictures and videos."))
    largest_height = serializers.IntegerField(help_text=_("In pixels, of uploaded pictures and videos."))


@extend_schema_serializer(description=_("What an ad can show."))
class MediaTypeChoiceSerializer(ChoiceSerializer):
    """What an ad can show."""

    needs = serializers.CharField(help_text=_("The field that must be set: `media_url` or `media_content`."))
    largest_bytes = serializers.IntegerField(
        allow_null=True, help_text=_("The size of the largest file that can be uploaded. Null if none can be.")
    )


@extend_schema_serializer(description=_("A rating label. Labels of both systems with the same level are equivalent."))
class RatingLevelSerializer(serializers.Serializer):
    """A rating label. Labels of both systems with the same level are equivalent."""

    value = serializers.CharField()
    level = serializers.IntegerField(min_value=0)


@extend_schema_serializer(description=_("A system of age ratings."))
class RatingSystemChoiceSerializer(ChoiceSerializer):
    """A system of age ratings."""

    labels = RatingLevelSerializer(many=True)


@extend_schema_serializer(description=_("Content warnings of one kind."))
class WarningGroupSerializer(serializers.Serializer):
    """Content warnings of one kind."""

    label = serializers.CharField()  # type: ignore[assignment]  # hides the label of the serializer itself
    warnings = ChoiceSerializer(many=True)


@extend_schema_serializer(description=_("A day of the week by its number in ISO 8601: Monday is 1."))
class WeekdaySerializer(serializers.Serializer):
    """A day of the week by its number in ISO 8601: Monday is 1."""

    value = serializers.IntegerField(min_value=1, max_value=7)
    label = serializers.CharField()  # type: ignore[assignment]  # hides the label of the serializer itself


@extend_schema_serializer(description=_("A role."))
class RoleChoiceSerializer(ChoiceSerializer):
    """A role."""

    level = serializers.IntegerField(min_value=1, help_text=_("From 1 (full access) to 6 (least access)."))


@extend_schema_serializer(description=_("A country by its ISO 3166-1 code."))
class CountrySerializer(ChoiceSerializer):
    """A country by its ISO 3166-1 code."""

    continent = serializers.CharField(help_text=_("The `region` of a target that names none."))
    postcode_example = serializers.CharField(help_text=_("The form of its postcodes. Empty if it has none."))


@extend_schema_serializer(description=_("How much there can be of everything."))
class LimitsSerializer(serializers.Serializer):
    """How much there can be of everything."""

    ads_per_campaign = serializers.IntegerField()
    targets_per_campaign = serializers.IntegerField()
    names_per_target = serializers.IntegerField(help_text=_("Cities, and likewise postcodes."))
    time_slots_per_ad = serializers.IntegerField()
    contacts_per_advertiser = serializers.IntegerField()
    views_per_report = serializers.IntegerField()
    name_characters = serializers.IntegerField()
    text_characters = serializers.IntegerField(help_text=_("Of descriptions and notes."))
    media_url_characters = serializers.IntegerField()
    media_content_characters = serializers.IntegerField()
    search_characters = serializers.IntegerField()
    search_words = serializers.IntegerField()
    default_page_size = serializers.IntegerField()
    largest_page_size = serializers.IntegerField()


LIMITS = {
    "ads_per_campaign": MAX_ADS,
    "targets_per_campaign": MAX_TARGETS,
    "names_per_target": MAX_NAMES,
    "time_slots_per_ad": QUARTERS_OF_A_WEEK,
    "contacts_per_advertiser": MAX_CONTACTS,
    "views_per_report": MOST_VIEWS,
    "name_characters": Campaign._meta.get_field("campaign_name").max_length,
    "text_characters": LONGEST_TEXT,
    "media_url_characters": media.MAX_URL_LENGTH,
    "media_content_characters": media.MAX_CONTENT_LENGTH,
    "search_characters": LONGEST_SEARCH,
    "search_words": MOST_SEARCH_TERMS,
    "default_page_size": DEFAULT_SIZE,
    "largest_page_size": LARGEST_SIZE,
}


@extend_schema_serializer(component_name="Meta", description=_("What a form needs to know."))
class MetaSerializer(serializers.Serializer):
    """What a form needs to know. The lists are in the order in which they should be shown."""

    statuses = StatusChoiceSerializer(many=True)
    moderation_statuses = ChoiceSerializer(many=True)
    positions = PositionSerializer(many=True)
    media_types = MediaTypeChoiceSerializer(many=True)
    rating_systems = RatingSystemChoiceSerializer(many=True)
    content_warnings = WarningGroupSerializer(many=True)
    weekdays = WeekdaySerializer(many=True)
    ad_duration_units = ChoiceSerializer(many=True)
    campaign_duration_units = ChoiceSerializer(many=True)
    advertiser_types = ChoiceSerializer(many=True)
    contact_types = ChoiceSerializer(many=True)
    roles = RoleChoiceSerializer(many=True)
    countries = CountrySerializer(many=True)
    currencies = ChoiceSerializer(many=True)
    timezones = serializers.ListField(child=serializers.CharField(), help_text=_("The names of IANA time zones."))
    limits = LimitsSerializer()


class MetaView(StudioView):
    """What a form needs to know, made once per process and language."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="getMeta",
        summary=_("Get what forms need to know"),
        description=_(
            "The values that fields can have, with labels in the language of `Accept-Language`, what goes with what, "
            "and limits. It changes only with the server's version: keep it, and ask with `If-None-Match`."
        ),
        responses=MetaSerializer,
    )
    def get(self, request: Request) -> Response:
        return Response(_meta(get_language()))


@cache
def _meta(language: str | None) -> Written:
    """The answer in the `language` of the moment."""
    answer = MetaSerializer(_described()).data
    return Written((StudioJSONRenderer().render(answer).decode(),))


def _described() -> dict[str, Any]:
    return {
        "statuses": [
            {**choice, "is_initial": choice["value"] in INITIAL_STATUSES, "next": TRANSITIONS[choice["value"]]}
            for choice in _choices(Status.choices)
        ],
        "moderation_statuses": _choices(ModerationStatus.choices),
        "positions": [
            {**choice, "media_types": _shown_at(choice["value"]), **_pixels_of(choice["value"])}
            for choice in _choices(AdType.choices)
        ],
        "media_types": [
            {
                **choice,
                "needs": "media_url" if choice["value"] in media.NEEDS_URL else "media_content",
                "largest_bytes": media.MOST_BYTES.get(choice["value"]),
            }
            for choice in _choices(MediaType.choices)
        ],
        "rating_systems": [
            {
                **choice,
                "labels": [{"value": one, "level": RATING_LEVELS[one]} for one in RATING_LABELS[choice["value"]]],
            }
            for choice in _choices(RatingSystem.choices)
        ],
        "content_warnings": [{"label": group, "warnings": _choices(named)} for group, named in CONTENT_WARNING_CHOICES],
        "weekdays": _choices(WEEKDAYS.items()),
        "ad_duration_units": _choices(AdDurationUnit.choices),
        "campaign_duration_units": _choices(DurationUnit.choices),
        "advertiser_types": _choices(AdvertiserType.choices),
        "contact_types": _choices(ContactType.choices),
        "roles": [{**choice, "level": LEVELS[choice["value"]]} for choice in _choices(RoleName.choices)],
        "countries": [
            {**choice, "continent": continent_of(choice["value"]), "postcode_example": form_of(choice["value"]).example}
            for choice in _choices(country_choices())
        ],
        "currencies": _choices(currency_choices()),
        "timezones": [name for name, _label in timezone_choices()],
        "limits": LIMITS,
    }


def _choices(choices: Any) -> list[dict[str, Any]]:
    return [{"value": value, "label": str(label)} for value, label in choices]


def _labels_of(system: str) -> list[dict[str, Any]]:
    return [{"value": label, "level": RATING_LEVELS[label]} for label in RATING_LABELS[system]]


def _pixels_of(position: str) -> dict[str, int]:
    largest = media.LARGEST[AdType(position)]
    return {"largest_width": largest.width, "largest_height": largest.height}


def _shown_at(position: str) -> list[str]:
    """The media types that a position takes, as the constraint says that decides it."""
    rule = next(one for one in checks_of(Ad) if one.constraint.name == "ad_position_takes_the_media")
    return [kind for kind in MediaType.values if rule.judge(Ad(ad_type_id=position, media_type=kind)) is Verdict.TRUE]
