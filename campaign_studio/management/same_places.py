"""What commands say about entries of targets that mean the same place."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from campaign_studio.places import country_choices
from campaigns.same_places import same_places

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

MOST_PAIRS = 20
SAME_PLACES = _(
    "Some entries of targets mean the same place. Nothing was removed. If you like, keep only one of each pair:"
)
SENTENCES: "Mapping[str, StrPromise]" = {
    "city": _("“%(first)s” and “%(second)s” are the same city in %(target)s (campaign “%(campaign)s”, %(key)s)."),
    "postcode": _(
        "“%(first)s” and “%(second)s” are the same postcode in %(target)s (campaign “%(campaign)s”, %(key)s)."
    ),
    "target": _("“%(first)s” and “%(second)s” are the same region of %(country)s (campaign “%(campaign)s”, %(key)s)."),
}


def pairs_of_same_places() -> list[str]:
    """What to do, a line for each of the first 20 pairs, and the number of the others. Empty if there are no pairs."""
    countries = dict(country_choices())
    pairs, more = same_places(MOST_PAIRS)
    lines = [str(SAME_PLACES)] if pairs else []
    for pair in pairs:
        country = countries.get(pair.country, pair.country)
        names = {"first": pair.first, "second": pair.second, "country": country, "target": f"{country}, {pair.region}"}
        lines.append(SENTENCES[pair.kind] % {**names, "campaign": pair.campaign_name, "key": pair.campaign_id})
    if more:
        text = ngettext("%(count)d more pair means the same place.", "%(count)d more pairs mean the same place.", more)
        lines.append(text % {"count": more})
    return lines
