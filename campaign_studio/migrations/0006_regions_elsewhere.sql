CREATE OR REPLACE FUNCTION region_key(country text, region text) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
    SELECT coalesce(
        (SELECT keys[1] FROM gazetteer_names AS known
            WHERE known.country IN (region_key.country, '') AND known.kind = 'region' AND known.name_key = own.key
            ORDER BY known.country DESC LIMIT 1),
        own.key)
    FROM (SELECT name_key(region) AS key) AS own
$$;
