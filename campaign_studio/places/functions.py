"""The database's functions for places. Each gives the same result as the function of the same name in Python.

They are created by a migration; a test compares them.
"""

from campaign_studio.places.names import name_key_sql
from campaign_studio.places.postcodes import LETTERS, SEPARATORS

POSTCODE_KEY_SQL = r"""
CREATE OR REPLACE FUNCTION postcode_key(country text, postcode text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT lower((CASE WHEN country = 'US' THEN regexp_replace(code, '^(\d{{5}})\d{{4}}$', '\1') ELSE code END)
        COLLATE "C")
    FROM (SELECT upper(regexp_replace(normalize(postcode, NFKC), '{separators}', '', 'g') COLLATE "C") AS text) AS whole
    CROSS JOIN LATERAL (
        SELECT regexp_replace(text, '^(' || country || '|' || CASE country {letters} ELSE country END || ')([0-9].*)$',
            '\2') AS code
    ) AS without_prefix
$$;
"""

CITY_KEYS_SQL = """
CREATE OR REPLACE FUNCTION city_keys(country text, city text) RETURNS text[]
LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
    SELECT coalesce(
        (SELECT keys FROM gazetteer_names AS known
            WHERE known.country = city_keys.country AND known.kind = 'city' AND known.name_key = own.key),
        ARRAY[own.key])
    FROM (SELECT name_key(city) AS key) AS own
$$;
"""

CITY_KEYS_ANYWHERE_SQL = """
CREATE OR REPLACE FUNCTION city_keys_anywhere(city text) RETURNS text[]
LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
    SELECT array_agg(DISTINCT key) FROM (
        SELECT own.key FROM (SELECT name_key(city) AS key) AS own
        UNION ALL
        SELECT unnest(keys) FROM gazetteer_names AS known WHERE known.kind = 'city' AND known.name_key = name_key(city)
    ) AS meant
$$;
"""

REGION_KEY_SQL = """
CREATE OR REPLACE FUNCTION region_key(country text, region text) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
    SELECT coalesce(
        (SELECT keys[1] FROM gazetteer_names AS known
            WHERE known.country IN (region_key.country, '') AND known.kind = 'region' AND known.name_key = own.key
            ORDER BY known.country DESC LIMIT 1),
        own.key)
    FROM (SELECT name_key(region) AS key) AS own
$$;
"""


def functions_sql() -> str:
    """The statements that create all functions."""
    letters = " ".join(f"WHEN '{country}' THEN '{letters}'" for country, letters in sorted(LETTERS.items()))
    postcodes = POSTCODE_KEY_SQL.format(letters=letters, separators=SEPARATORS)
    return name_key_sql() + postcodes + CITY_KEYS_SQL + CITY_KEYS_ANYWHERE_SQL + REGION_KEY_SQL
