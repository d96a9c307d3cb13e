"""Places, and the choices of countries, currencies and time zones (ISO 3166, ISO 4217, IANA)."""

from campaign_studio.places.choices import currency_choices, timezone_choices
from campaign_studio.places.countries import country_choices, country_code, country_codes, country_name
from campaign_studio.places.names import name_key
from campaign_studio.places.postcodes import is_postcode, postcode_key

__all__ = [
    "country_choices",
    "country_code",
    "country_codes",
    "country_name",
    "currency_choices",
    "is_postcode",
    "name_key",
    "postcode_key",
    "timezone_choices",
]
