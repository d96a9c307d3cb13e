"""What shows at an opportunity, with what screens get of each ad. One statement says so, and who asks as well."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from django.db import connection
from psycopg import sql

from ads.choices import AdType
from ads.delivery import remembered
from ads.delivery.engine import deliverable_ads
from ads.delivery.opportunity import Opportunity
from ads.delivery.remembered import Remembered
from ads.delivery.statement import Blank, Statement
from ads.media import BAR_POSITIONS
from campaign_studio.database.prepared import fetch_one

LENGTH_OF_KEY = 36
BYTES_OF_KEY = 16
# Neither is in a JSON text.
LINE, PART = "\n", "\f"
# A bar shows the ad whose turn it is, a content position all of them. Only what shows is read with its document, in a
# line for each ad. Then follow the keys of all eligible ads, in a line for each position.
SHOWN = """
WITH positions AS (
    SELECT array_position({positions}, ad_type_id::text) AS mark, ad_type_id = ANY ({bars}) AS is_bar,
        array_agg(ad_id ORDER BY ad_id) AS keys
    FROM ({eligible}) AS eligible GROUP BY ad_type_id
), shown AS (
    SELECT mark, unnest(CASE WHEN is_bar THEN ARRAY[keys[1 + mod(%s::integer, cardinality(keys))]] ELSE keys END) AS key
    FROM positions
)
SELECT coalesce(string_agg(mark || ad_id::text || document, E'\\n'), '') || E'\\f' ||
    coalesce((SELECT string_agg(mark || array_to_string(keys, ''), E'\\n') FROM positions), '')
FROM shown JOIN deliverable_ads ON ad_id = key
"""
# The documents of ads that are known to show, in the order of their keys.
KNOWN = """
SELECT coalesce(string_agg(ad_id::text || document, E'\\n' ORDER BY place), '')
FROM unnest(%s::uuid[]) WITH ORDINALITY AS known(key, place) JOIN deliverable_ads ON ad_id = key
"""
# Without an asker, nothing else is looked up. What is known counts if no later transaction has changed what delivery
# finds in the country, or everywhere. Those that were in progress when it was found out are later ones.
KNOWN_TO = """
WITH asker({columns}) AS MATERIALIZED ({asker})
SELECT asker.*, CASE WHEN pg_postmaster_start_time()::text = %s AND NOT EXISTS (
    SELECT FROM delivery_changes WHERE country = ANY (ARRAY[lower(%s::text), '*']) AND transaction >= %s::xid8
) THEN ({known}) END FROM asker
"""
SHOWN_TO = """
WITH asker({columns}) AS MATERIALIZED ({asker})
SELECT asker.*, pg_snapshot_xmin(pg_current_snapshot())::text, pg_postmaster_start_time()::text, ({shown}) FROM asker
"""


# An ad that shows: its key, and its document in JSON.
ShownAd = tuple[str, str]
# The ads of each position, in the order in which they show.
Shown = dict[str, list[ShownAd]]


class Lookup(NamedTuple):
    """A statement that finds who asks, in at most one row with as many columns."""

    sql: Callable[[], str]
    columns: int


def shown_at(opportunity: Opportunity) -> Shown:
    """What shows at the opportunity."""
    (found,) = fetch_one(_find_shown().sql, _find_shown().filled(opportunity)) or (PART,)
    return _by_position(found.partition(PART)[0], opportunity)


def shown_to(asker: Lookup, parameters: Sequence[Any], opportunity: Opportunity) -> tuple[Sequence[Any], Shown] | None:
    """The row that a statement finds with these parameters, and what shows. None without a row."""
    known = remembered.find(opportunity)
    found = _known_to(asker, parameters, opportunity, known) if known else None
    if found:
        return found
    row = fetch_one(_statement(SHOWN_TO, asker), [*parameters, *_find_shown().filled(opportunity)])
    if row is None:
        return None
    *asking, first_later, server_started, text = row
    lines, _part, keys = text.partition(PART)
    remembered.remember(opportunity, _keys(keys), first_later=first_later, server_started=server_started)
    return asking, _by_position(lines, opportunity)


def _known_to(
    asker: Lookup, parameters: Sequence[Any], opportunity: Opportunity, known: Remembered
) -> tuple[Sequence[Any], Shown] | None:
    """The same from what is known. None if that is out of date."""
    showing = _showing(known.keys, opportunity)
    keys = ",".join(keys.hex(",", BYTES_OF_KEY) for keys in showing.values() if keys)
    known_parameters = (known.server_started, opportunity.country, known.first_later, f"{{{keys}}}")
    row = fetch_one(_statement(KNOWN_TO, asker), [*parameters, *known_parameters])
    return (row[:-1], _in_order(row[-1], showing)) if row and row[-1] is not None else None


def _showing(keys: Mapping[str, bytes], opportunity: Opportunity) -> dict[str, bytes]:
    """The keys of the ads that show in each position, in the order of rotation."""
    showing = {}
    for position, eligible in keys.items():
        first = opportunity.rotation * BYTES_OF_KEY % len(eligible) if eligible else 0
        rotated = eligible[first:] + eligible[:first]
        showing[position] = rotated[:BYTES_OF_KEY] if position in BAR_POSITIONS else rotated
    return showing


def _in_order(lines: str, showing: Mapping[str, bytes]) -> Shown:
    ads = [(line[:LENGTH_OF_KEY], line[LENGTH_OF_KEY:]) for line in lines.split(LINE)] if lines else []
    shown, start = {}, 0
    for position, keys in showing.items():
        end = start + len(keys) // BYTES_OF_KEY
        shown[position] = ads[start:end]
        start = end
    return shown


def _by_position(lines: str, opportunity: Opportunity) -> Shown:
    shown: Shown = {position: [] for position in AdType.values}
    marked = list(shown.values())
    for line in sorted(lines.split(LINE)) if lines else ():
        marked[int(line[0]) - 1].append((line[1 : LENGTH_OF_KEY + 1], line[LENGTH_OF_KEY + 1 :]))
    for position, ads in shown.items():
        if len(ads) > 1:
            first = opportunity.rotation % len(ads)
            shown[position] = ads[first:] + ads[:first]
    return shown


def _keys(lines: str) -> dict[str, bytes]:
    """The keys of all eligible ads by position."""
    marked = {line[0]: line[1:] for line in lines.split(LINE)} if lines else {}
    return {
        position: bytes.fromhex(marked.get(str(mark), "").replace("-", ""))
        for mark, position in enumerate(AdType.values, start=1)
    }


@cache
def _find_shown() -> Statement:
    """The statement for what shows, compiled once. Its one row has one text, as described above."""
    eligible = Statement.compiled(deliverable_ads().values_list("ad_type_id", "ad_id"))
    positions, bars = (_array(names) for names in (AdType.values, BAR_POSITIONS))
    text = SHOWN.format(eligible=eligible.sql, positions=positions, bars=bars)
    return Statement(text, (*eligible.parameters, Blank("rotation")))


@cache
def _statement(text: str, asker: Lookup) -> str:
    columns = ", ".join(f"column_{number}" for number in range(asker.columns))
    return text.format(columns=columns, asker=asker.sql(), known=KNOWN, shown=_find_shown().sql)


def _array(names: Sequence[str]) -> str:
    connection.ensure_connection()
    return sql.Literal([str(name) for name in names]).as_string(connection.connection)
