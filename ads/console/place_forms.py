"""The forms of the screen preview, the availability board and the delivery check: a place, a day, and a screen."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q
from django.http import QueryDict
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from ads.choices import RATING_LABEL_CHOICES, AdType
from ads.delivery.opportunity import (
    FIRST_YEAR,
    LAST_YEAR,
    Opportunity,
    lacks_city,
    quarter_of,
    quarter_of_week,
    turn_of,
)
from ads.models import DeliverableAd
from ads.time_slots import QUARTERS_OF_A_DAY
from campaign_studio.console.fields import DayField
from campaign_studio.faults import DateFault
from campaign_studio.places import country_choices, country_code
from campaign_studio.places.clock import already_today, now_at, still_today
from campaigns.choices import Status
from campaigns.models import CampaignAudienceTargeting

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

FIRST_DAY, LAST_DAY = date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31)
LONGEST_NAME = 200
# How many targets to look at for a place to start with.
MOST_LOOKED_AT = 50
INVALID_DAY = format_lazy(_("Choose a day in the years {first} to {last}."), first=FIRST_YEAR, last=LAST_YEAR)
INVALID_COUNTRY = _("Choose a country from the list.")
INVALID_QUARTER = _("Choose a quarter hour of the day (0–95).")
INVALID_POSITION = _("Choose one of the six positions on the screen.")

Form = TypeVar("Form", bound="PlaceForm")


def country_options() -> list[tuple[str, str]]:
    """Every country, after an empty choice."""
    return [("", gettext("Choose a country")), *country_choices()]


class CountryField(forms.ChoiceField):
    """A country by its code or its English name."""

    def to_python(self, value: object) -> str:
        return country_code(str(value or "")) or super().to_python(value)


class NameField(forms.CharField):
    """A region, city, postcode or device; empty if unknown."""

    def __init__(self, *, label: "StrPromise", help_text: "StrPromise | str" = "") -> None:
        widget = UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"})
        super().__init__(required=False, max_length=LONGEST_NAME, widget=widget, label=label, help_text=help_text)


class PickedDayField(DayField):
    """A day from the browser's picker, which has no other formats than YYYY-MM-DD."""

    def to_python(self, value: Any) -> date | None:
        try:
            return super().to_python(value)
        except ValidationError as error:
            if error.code == DateFault.NO_SUCH_DAY:
                raise
            raise ValidationError(INVALID_DAY, code="invalid") from error


class PlaceForm(forms.Form):
    """A place and a day, for the availability board."""

    country = CountryField(
        label=_("Country"),
        choices=country_options,
        widget=UnfoldAdminSelectWidget(),
        error_messages={"required": INVALID_COUNTRY, "invalid_choice": INVALID_COUNTRY},
    )
    region = NameField(label=_("Region"))
    city = NameField(label=_("City"))
    postcode = NameField(label=_("Postcode"))
    day = PickedDayField(
        label=_("Day"),
        widget=UnfoldAdminTextInputWidget(attrs={"type": "date", "min": str(FIRST_DAY), "max": str(LAST_DAY)}),
        input_formats=["%Y-%m-%d"],
        validators=[MinValueValidator(FIRST_DAY, INVALID_DAY), MaxValueValidator(LAST_DAY, INVALID_DAY)],
        error_messages={"required": INVALID_DAY},
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if lacks_city(cleaned.get("city", ""), cleaned.get("postcode", "")):
            self.add_error("city", gettext("Enter the city as well: a postcode needs one."))
        return cleaned

    def opportunity(self) -> Opportunity:
        """The place and moment. Call it only after validation."""
        parts = {name: value for name, value in self.cleaned_data.items() if name in Opportunity.__dataclass_fields__}
        at = datetime.combine(self.cleaned_data["day"], time())
        turn = turn_of(self.cleaned_data.get("device_id", ""))
        return Opportunity(at=at, turn=turn, **parts).at_quarter(self.cleaned_data.get("quarter") or 0)

    def query(self, *names: str, **other: object) -> str:
        """The query string of all fields, or of those named, with the values in `other` instead of the form's."""
        return urlencode(self.values(*names, **other))

    def values(self, *names: str, **other: object) -> dict[str, object]:
        """The values in `query()`."""
        values = {name: self.cleaned_data[name] for name in names or self.fields} | other
        return {name: value for name, value in values.items() if value not in ("", None)}

    def place(self) -> str:
        """The place as people read it: `Berlin 10115, Germany`."""
        place = self.cleaned_data
        town = " ".join(filter(None, (place["city"], place["postcode"])))
        return ", ".join(filter(None, (town, place["region"], dict(country_choices())[place["country"]])))


class ScreenForm(PlaceForm):
    """One screen at one moment, and optionally the position to explain."""

    device_id = NameField(label=_("Device"), help_text=_("The rotation in bars differs between devices."))
    max_rating = forms.ChoiceField(
        label=_("Strongest rating"),
        choices=[("", _("Any")), *RATING_LABEL_CHOICES],
        required=False,
        widget=UnfoldAdminSelectWidget(),
    )
    quarter = forms.IntegerField(
        min_value=0,
        max_value=QUARTERS_OF_A_DAY - 1,
        error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), INVALID_QUARTER),
    )
    ad_type_id = forms.ChoiceField(
        choices=AdType.choices, required=False, error_messages={"invalid_choice": INVALID_POSITION}
    )


def clock(quarter: int) -> str:
    """The time at which a quarter hour starts: `08:15` for 33."""
    return f"{quarter // 4:02}:{quarter % 4 * 15:02}"


def bound_form(form_class: type[Form], query: QueryDict) -> Form:
    """The form from the query string. The default is a place that a running campaign targets, now."""
    given = asked(query)
    place = {} if "country" in given else start()
    if not place and "country" not in given:
        return form_class(initial={"day": timezone.localdate()})
    return form_class(now_in(place | given) | place | given)


def asked(query: QueryDict) -> dict[str, str]:
    """The values in the query string. Without a value, the moment has its default."""
    return {name: str(value) for name, value in query.dict().items() if value or name not in ("day", "quarter")}


def now_in(place: Mapping[str, str]) -> dict[str, object]:
    """The current day and quarter hour at a place, as values of the form. In UTC for what isn't a country."""
    try:
        city = PlaceForm.base_fields["city"].clean(place.get("city", ""))
    except ValidationError:
        city = ""
    now = now_at(country_code(place.get("country", "")) or "", city)
    return {"day": str(now.date()), "quarter": quarter_of(now)}


def start() -> dict[str, str]:
    """A place that one of the newest running campaigns targets, preferably a city, and one where an ad shows now.

    Now is by the clock of the country, as that of each city would need a query. If nothing runs by that clock, what
    still or already runs by any other will do.
    """
    ads = DeliverableAd.objects.filter(campaign=OuterRef("campaign"))
    somewhere = Exists(ads.filter(first_day__lte=already_today(), last_day__gte=still_today()))
    targets = CampaignAudienceTargeting.objects.filter(somewhere, campaign__campaign_status=Status.ACTIVE)
    newest = targets.order_by("-campaign__created_at", "-campaign__campaign_id", "region", "country")
    countries = dict(newest.values_list("pk", "country")[:MOST_LOOKED_AT])
    runs, shows = Q(pk=None), Q(pk=None)
    for country in sorted(set(countries.values())):
        now = now_at(country)
        running = ads.filter(first_day__lte=now.date(), last_day__gte=now.date())
        runs |= Q(Exists(running), country=country)
        shows |= Q(Exists(running.filter(quarters__contains=quarter_of_week(now))), country=country)
    looked_at = newest.filter(pk__in=countries).annotate(
        runs_now=ExpressionWrapper(runs, BooleanField()), shows_now=ExpressionWrapper(shows, BooleanField())
    )
    target = max(looked_at, key=lambda one: (one.runs_now, bool(one.cities), one.shows_now), default=None)
    return first_place(target) if target else {}


def first_place(target: CampaignAudienceTargeting) -> dict[str, str]:
    """The first place of a target, as values of the form."""
    city = next(iter(target.cities), "")
    return {"country": target.country, "city": city, "postcode": next(iter(target.postcodes), "") if city else ""}
