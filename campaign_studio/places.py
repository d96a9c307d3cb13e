"""Countries, currencies and time zones as choices (ISO 3166-1, ISO 4217, IANA)."""

from functools import cache
from zoneinfo import available_timezones

import pycountry


@cache
def country_choices() -> list[tuple[str, str]]:
    """ISO 3166-1 alpha-2 codes with their English names, sorted by name."""
    named = [(country.alpha_2, getattr(country, "common_name", country.name)) for country in pycountry.countries]
    return sorted(named, key=lambda choice: choice[1])


@cache
def currency_choices() -> list[tuple[str, str]]:
    """ISO 4217 codes with their English names."""
    return sorted((currency.alpha_3, f"{currency.alpha_3} – {currency.name}") for currency in pycountry.currencies)


@cache
def timezone_choices() -> list[tuple[str, str]]:
    """The names of the IANA time zones, such as `Europe/Berlin`, as values and labels."""
    return [(name, name) for name in sorted(available_timezones()) if name != "localtime"]


def country_code(text: str) -> str | None:
    """The alpha-2 code for an alpha-2 code, an alpha-3 code or an English name, in any case; else None."""
    try:
        found = pycountry.countries.lookup(text.strip())
    except LookupError:
        return None
    return str(found.alpha_2)
