"""Currencies and time zones as choices (ISO 4217, IANA)."""

from functools import cache
from zoneinfo import available_timezones

import pycountry

# What some computers list besides zones of places.
NOT_ZONES = {"Factory", "localtime", "posixrules"}


@cache
def currency_choices() -> list[tuple[str, str]]:
    """ISO 4217 codes with their English names."""
    return sorted((currency.alpha_3, f"{currency.alpha_3} – {currency.name}") for currency in pycountry.currencies)


@cache
def timezone_choices() -> list[tuple[str, str]]:
    """The names of the IANA time zones, such as `Europe/Berlin`, as values and labels."""
    return [(name, name) for name in sorted(available_timezones() - NOT_ZONES)]
