"""The warning about places that the gazetteer doesn't know, after targets were saved."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpRequest
from django.utils.text import get_text_list
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from campaign_studio.places import country_name
from campaigns.doubts import Doubt, Doubted, Doubts

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

CITY_UNKNOWN = _("“%(city)s” isn't known as a city in %(country)s.")
CITY_ELSEWHERE = _("“%(city)s” is known in %(countries)s, but not in %(country)s.")
REGION_ELSEWHERE = _(
    "“%(region)s” is known as a region of %(countries)s, but not of %(country)s. This target matches no screen."
)
AREA_ELSEWHERE = _("“%(region)s” doesn't contain %(country)s. This target matches no screen.")
MORE_PLACES_UNKNOWN = ngettext_lazy(
    "%(count)d more city or region isn't known in its country.",
    "%(count)d more cities or regions aren't known in their countries.",
    "count",
)
CHECK_PLACES = _("Check the spelling and the country. If both are right, nothing needs to change.")
CORRECT_REGION = _("Correct the region or the country of the target, or clear the region.")
SENTENCES: "Mapping[Doubted, StrPromise]" = {
    Doubted.CITY: CITY_ELSEWHERE,
    Doubted.REGION: REGION_ELSEWHERE,
    Doubted.AREA: AREA_ELSEWHERE,
}


def names_of(countries: tuple[str, ...]) -> str:
    """The names of countries by their codes: `Austria and Canada`."""
    return get_text_list([country_name(code) for code in countries], gettext("and"))


def warn_of(doubts: Doubts, request: HttpRequest) -> None:
    """Show all doubts in one message; none if there are none."""
    sentences = [_sentence(one) for one in doubts.first]
    if doubts.more:
        sentences.append(MORE_PLACES_UNKNOWN % {"count": doubts.more})
    if any(one.kind != Doubted.CITY for one in doubts.first):
        sentences.append(str(CORRECT_REGION))
    if doubts.more or any(one.kind == Doubted.CITY for one in doubts.first):
        sentences.append(str(CHECK_PLACES))
    if sentences:
        messages.warning(request, " ".join(sentences))


def _sentence(doubt: Doubt) -> str:
    sentence = SENTENCES[doubt.kind] if doubt.countries else CITY_UNKNOWN
    place = {"city": doubt.name, "region": doubt.name, "countries": names_of(doubt.countries)}
    return sentence % {**place, "country": country_name(doubt.country)}
