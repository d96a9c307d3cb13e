"""What shows at an opportunity, with what screens get of each ad. One statement says so, and who asks as well."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

from django.db import connection
from psycopg import sql

from ads.choices import AdType
from ads.delivery.engine import deliverable_ads
from ads.delivery.opportunity import Opportunity
from ads.delivery.statement import Blank, Statement
from ads.media import BAR_POSITIONS
from campaign_studio.database.prepared import fetch_one

# Begins the line of an ad in the answer of the statement, and tells its position.
POSITION_MARKS = dict(zip(AdType.values, "123456", strict=True))
LENGTH_OF_KEY = 36
# A bar shows the ad whose turn it is, a content position all of them. Only what shows is read with its document, in a
# line for each ad. No document contains a line break.
SHOWN = """
WITH positions AS (
    SELECT ad_type_id, array_agg(ad_id ORDER BY ad_id) AS keys FROM ({eligible}) AS eligible GROUP BY ad_type_id
), shown AS (
    SELECT array_position({positions}, ad_type_id::text) AS mark, unnest(
        CASE WHEN ad_type_id = ANY ({bars}) THEN ARRAY[keys[1 + mod(%s::integer, cardinality(keys))]] ELSE keys END
    ) AS key FROM positions
)
SELECT string_agg(mark || ad_id::text || document, E'\\n') FROM shown JOIN deliverable_ads ON ad_id = key
"""
# Without an asker, nothing else is looked up.
OF_ASKER = "WITH asker({columns}) AS MATERIALIZED ({asker}) SELECT asker.*, ({shown}) FROM asker"


class ShownAd(NamedTuple):
    """An ad that shows: its key, and its document in JSON."""

    key: str
    document: str


# The ads of each position, in the order in which they show.
Shown = dict[str, list[ShownAd]]


class Lookup(NamedTuple):
    """A statement that finds who asks, in at most one row with as many columns."""

    sql: Callable[[], str]
    columns: int


def shown_at(opportunity: Opportunity) -> Shown:
    """What shows at the opportunity."""
    (lines,) = fetch_one(_find_shown().sql, _find_shown().filled(opportunity)) or (None,)
    return _by_position(lines, opportunity)


def shown_to(
    asker: Lookup, parameters: Sequence[Any], opportunity: Opportunity
) -> tuple[tuple[Any, ...], Shown] | None:
    """The row that a statement finds with these parameters, and what shows. None without a row."""
    row = fetch_one(_find_shown_to(asker), [*parameters, *_find_shown().filled(opportunity)])
    return (row[:-1], _by_position(row[-1], opportunity)) if row else None


def _by_position(lines: str | None, opportunity: Opportunity) -> Shown:
    shown: Shown = {position: [] for position in AdType.values}
    if lines is None:
        return shown
    marked = dict(zip(POSITION_MARKS.values(), shown.values(), strict=True))
    for line in sorted(lines.split("\n")):
        marked[line[0]].append(ShownAd(line[1 : LENGTH_OF_KEY + 1], line[LENGTH_OF_KEY + 1 :]))
    for position, ads in shown.items():
        if len(ads) > 1:
            first = opportunity.rotation % len(ads)
            shown[position] = ads[first:] + ads[:first]
    return shown


@cache
def _find_shown() -> Statement:
    """The statement for what shows, compiled once. Its one row has the lines of all ads, or null."""
    eligible = Statement.compiled(deliverable_ads().values_list("ad_type_id", "ad_id"))
    positions, bars = (_array(names) for names in (AdType.values, BAR_POSITIONS))
    text = SHOWN.format(eligible=eligible.sql, positions=positions, bars=bars)
    return Statement(text, (*eligible.parameters, Blank("rotation")))


@cache
def _find_shown_to(asker: Lookup) -> str:
    columns = ", ".join(f"column_{number}" for number in range(asker.columns))
    return OF_ASKER.format(columns=columns, asker=asker.sql(), shown=_find_shown().sql)


def _array(names: Sequence[str]) -> str:
    connection.ensure_connection()
    return sql.Literal([str(name) for name in names]).as_string(connection.connection)
