CREATE OR REPLACE FUNCTION postcode_key(country text, postcode text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT lower((CASE WHEN country = 'US' THEN regexp_replace(code, '^(\d{5})\d{4}$', '\1') ELSE code END)
        COLLATE "C")
    FROM (SELECT upper(regexp_replace(normalize(postcode, NFKC), '[ \u0009-\u000d\u001c-\u001f\u0085\u1680\u200b-\u200f\u2010-\u2015\u2028\u2029\u2060\u2212\ufeff.-]', '', 'g') COLLATE "C") AS text) AS whole
    CROSS JOIN LATERAL (
        SELECT regexp_replace(text, '^(' || country || '|' || CASE country WHEN 'AT' THEN 'A' WHEN 'BE' THEN 'B' WHEN 'DE' THEN 'D' WHEN 'ES' THEN 'E' WHEN 'FI' THEN 'FIN' WHEN 'FR' THEN 'F' WHEN 'HU' THEN 'H' WHEN 'IT' THEN 'I' WHEN 'LU' THEN 'L' WHEN 'NO' THEN 'N' WHEN 'PT' THEN 'P' WHEN 'SE' THEN 'S' ELSE country END || ')([0-9].*)$',
            '\2') AS code
    ) AS without_prefix
$$;
