"""Doubts about the places that targets name, by what the gazetteer knows.

A city that it doesn't know may be a new town. A target whose region is elsewhere contradicts itself: no screen matches.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from campaign_studio.places import name_key
from campaign_studio.places.regions import ELSEWHERE
from campaigns.querysets import MOST_COUNTRIES

# How many doubts of a campaign are named.
MOST_DOUBTS = 20

DOUBTFUL_TARGETS = """
WITH target AS MATERIALIZED (
    SELECT campaign_id, audience_id, country, region, cities,
        region_key = '{elsewhere}' AS is_elsewhere,
        CASE WHEN EXISTS (SELECT FROM gazetteer_cities AS known WHERE known.country = asked.country) THEN ARRAY(
            SELECT key FROM unnest(city_keys) AS key WHERE NOT EXISTS (
                SELECT FROM gazetteer_cities AS known WHERE known.country = asked.country AND known.name_key = key)
        ) ELSE '{{}}' END AS unknown
    FROM campaign_audience_targeting AS asked WHERE {column} = ANY(%s)
)
SELECT campaign_id, country, region, cities, is_elsewhere, unknown FROM target
WHERE is_elsewhere OR unknown <> '{{}}' ORDER BY region, country, audience_id
"""
# For keys of regions and cities: the countries in which they are known, and whether a region contains countries.
COUNTRIES = """
SELECT kind, key,
    CASE kind WHEN 'region' THEN ARRAY(
        SELECT country FROM gazetteer_names AS known
        WHERE known.name_key = key AND known.kind = 'region' AND known.country <> ''
        ORDER BY country LIMIT %(most)s
    ) ELSE ARRAY(
        SELECT country FROM (
            SELECT own.country, own.population FROM gazetteer_cities AS own WHERE own.name_key = key
            UNION ALL
            SELECT named.country, city.population FROM gazetteer_names AS named
            JOIN gazetteer_cities AS city ON city.country = named.country AND city.name_key = ANY(named.keys)
            WHERE named.name_key = key AND named.kind = 'city'
        ) AS known GROUP BY country ORDER BY max(population) DESC, country LIMIT %(most)s
    ) END,
    kind = 'region' AND EXISTS (
        SELECT FROM gazetteer_names AS known
        WHERE known.name_key = key AND known.kind = 'region' AND known.keys = ARRAY['']
    )
FROM unnest(%(kinds)s::text[], %(keys)s::text[]) AS asked (kind, key)
"""


class Doubted(StrEnum):
    """What is doubted: a city, a subdivision of a country, or a part of the world."""

    CITY = "city"
    REGION = "region"
    AREA = "area"


@dataclass(frozen=True)
class Doubt:
    """A place that the gazetteer doesn't know in the country of its target.

    `countries` are the codes of countries where it knows one: for a city those with the most populous ones, and
    possibly none; for an area some that are part of it.
    """

    kind: Doubted
    name: str
    country: str
    countries: tuple[str, ...]


@dataclass
class Doubts:
    """The first doubts about the targets of a campaign, in their order, and the number of the others."""

    first: list[Doubt] = field(default_factory=list)
    more: int = 0


class _Place(NamedTuple):
    """A doubtful place. Other spellings of it in the same country are the same doubt."""

    country: str
    kind: str
    key: str


def doubts_about_campaigns(keys: Collection[UUID]) -> Mapping[UUID, Doubts]:
    """The doubts about all targets of campaigns, by the campaign's key. Takes one query, or two if there are any."""
    return _doubts("campaign_id", keys)


def doubts_about_targets(keys: Collection[UUID]) -> Doubts:
    """The doubts about targets of one campaign. Takes one query, or two if there are any."""
    return next(iter(_doubts("audience_id", keys).values()), Doubts())


def _doubts(column: str, keys: Collection[UUID]) -> dict[UUID, Doubts]:
    # The places of each campaign, as they were typed.
    found: dict[UUID, dict[_Place, str]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(DOUBTFUL_TARGETS.format(column=column, elsewhere=ELSEWHERE), [list(keys)])
        for campaign, *target in cursor.fetchall():
            for place, name in _places(*target):
                found[campaign].setdefault(place, name)
    named = {campaign: list(places.items())[:MOST_DOUBTS] for campaign, places in found.items()}
    known = _known({(place.kind, place.key) for places in named.values() for place, _ in places})
    return {
        campaign: Doubts(
            [Doubt(known[place[1:]][0], name, place.country, known[place[1:]][1]) for place, name in places],
            len(found[campaign]) - len(places),
        )
        for campaign, places in named.items()
    }


def _places(
    country: str, region: str, cities: list[str], is_elsewhere: bool, unknown: list[str]
) -> Iterator[tuple[_Place, str]]:
    """The doubtful places of a target: its region, and the cities whose keys are unknown."""
    if is_elsewhere:
        yield _Place(country, "region", name_key(region)), region
    keys = set(unknown)
    for city in cities if keys else ():
        if (key := name_key(city)) in keys:
            yield _Place(country, "city", key), city


def _known(places: Collection[tuple[str, str]]) -> dict[tuple[str, str], tuple[Doubted, tuple[str, ...]]]:
    """For each kind and key: what it is, and the countries in which it is known."""
    if not places:
        return {}
    kinds, keys = zip(*places, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(COUNTRIES, {"kinds": list(kinds), "keys": list(keys), "most": MOST_COUNTRIES})
        return {
            (kind, key): (Doubted.AREA if is_area else Doubted(kind), tuple(countries))
            for kind, key, countries, is_area in cursor.fetchall()
        }
