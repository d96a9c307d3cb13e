"""Pairs of entries that mean the same place: in the lists of a target, and among the targets of a campaign."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from django.db import connection

from campaign_studio.places.regions import ELSEWHERE

# With the country of a target instead of its name, which the database doesn't know.
PAIRS = """
WITH same AS (
    SELECT campaign_id, country, region, 'city' AS kind, array_agg(name ORDER BY place) AS names
    FROM campaign_audience_targeting CROSS JOIN LATERAL unnest(cities) WITH ORDINALITY AS typed (name, place)
    GROUP BY audience_id, city_keys(country, name) HAVING count(*) > 1
    UNION ALL
    SELECT campaign_id, country, region, 'postcode', array_agg(name ORDER BY place)
    FROM campaign_audience_targeting CROSS JOIN LATERAL unnest(postcodes) WITH ORDINALITY AS typed (name, place)
    GROUP BY audience_id, postcode_key(country, name) HAVING count(*) > 1
    UNION ALL
    SELECT campaign_id, country, '', 'target', array_agg(region ORDER BY region, audience_id)
    FROM campaign_audience_targeting WHERE region_key <> %s
    GROUP BY campaign_id, country, region_key HAVING count(*) > 1
)
SELECT kind, campaign_id, campaign_name, country, region, names[1], other, count(*) OVER ()
FROM same JOIN campaigns USING (campaign_id)
CROSS JOIN LATERAL unnest(names[2:]) WITH ORDINALITY AS others (other, place)
ORDER BY campaign_name, campaign_id, country, region, kind, names[1], place LIMIT %s
"""


@dataclass(frozen=True)
class SamePlace:
    """Two cities or postcodes of a target, or the regions of two targets, that mean the same place."""

    kind: Literal["city", "postcode", "target"]
    campaign_id: UUID
    campaign_name: str
    country: str
    region: str
    first: str
    second: str


def same_places(most: int) -> tuple[list[SamePlace], int]:
    """The first pairs, and the number of the others. Asks the gazetteer for each city of every target."""
    with connection.cursor() as cursor:
        cursor.execute(PAIRS, [ELSEWHERE, most])
        rows = cursor.fetchall()
    return [SamePlace(*row[:-1]) for row in rows], rows[0][-1] - len(rows) if rows else 0
