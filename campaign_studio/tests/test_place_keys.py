"""Two spellings of one place have one key, in Python and in the database."""

import sys
import unicodedata

import pytest
from django.db import connection

from campaign_studio.places import is_postcode, name_key, postcode_key
from campaign_studio.places.functions import functions_sql

ASSIGNED = [chr(code) for code in range(1, sys.maxunicode + 1) if unicodedata.category(chr(code)) not in ("Cn", "Cs")]


def in_database(function: str, *columns: list[str]) -> list[str]:
    """The results of a function of the database for rows of arguments."""
    names = [f"argument_{index}" for index in range(len(columns))]
    rows = f"unnest({', '.join(['%s::text[]'] * len(columns))}) WITH ORDINALITY AS given ({', '.join(names)}, place)"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT array_agg({function}({', '.join(names)}) ORDER BY place) FROM {rows}", list(columns))  # noqa: S608 - constants
        result: list[str] = cursor.fetchone()[0]
    return result


@pytest.mark.matrix
@pytest.mark.django_db
def test_every_letter_has_the_same_key_in_the_database() -> None:
    names = [f"a{letter}b" for letter in ASSIGNED]

    assert in_database("name_key", names) == [name_key(name) for name in names]


@pytest.mark.matrix
def test_every_composed_letter_has_the_key_of_its_parts() -> None:
    spellings = [
        (letter, unicodedata.normalize(form, letter))
        for letter in ASSIGNED
        for form in ("NFC", "NFD", "NFKC", "NFKD")
        if unicodedata.normalize(form, letter) != letter
    ]

    different = [(one, other) for one, other in spellings if name_key(f"x{one}") != name_key(f"x{other}")]
    assert len(spellings) > 10_000
    # An acute accent without a letter is an apostrophe, and compatible with a blank and an accent.
    assert different == [(letter, " \u0301") for letter in ("\u00b4", "\u1ffd") for _ in ("NFKC", "NFKD")]


@pytest.mark.parametrize(
    "spellings",
    [
        ["München", "MÜNCHEN", "Mu\u0308nchen", "Munchen", "  münchen\u200b"],
        ["New York", "New\u00a0York", "new  york", "New\u2009York", "New\tYork"],
        ["St. Gallen", "St.Gallen", "Sankt Gallen", "SANKT  GALLEN", "Saint Gallen", "St Gallen"],
        ["Gießen", "GIESSEN", "GIEẞEN", "giessen"],
        ["Diyarbakır", "DİYARBAKIR", "diyarbakir"],
        ["'s-Hertogenbosch", "’s‑Hertogenbosch", "ʼs–hertogenbosch", "`s-Hertogenbosch", "´s-Hertogenbosch"],
        ["Łódź", "lodz"],
        ["Tromsø", "TROMSO"],
        ["東京", "東京\u200e"],
        ["ＢＥＲＬＩＮ", "Berlin"],
    ],
)
def test_spellings_of_one_name_have_one_key(spellings: list[str]) -> None:
    assert len({name_key(spelling) for spelling in spellings}) == 1


@pytest.mark.parametrize(("one", "other"), [("Berlin", "Bern"), ("Stade", "St Ade"), ("が", "か"), ("東京", "京都")])
def test_different_names_have_different_keys(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)


POSTCODES = [
    ("GB", "SW1A 1AA", "sw1a1aa"),
    ("GB", "sw1a1aa", "sw1a1aa"),
    ("BR", "01310-100", "01310100"),
    ("DE", "D-10115", "10115"),
    ("DE", "１０１１５", "10115"),
    ("CH", "CH-8001", "8001"),
    ("US", "10001-1234", "10001"),
    ("US", "100011234", "10001"),
    ("LV", "LV-1050", "1050"),
    ("AD", "AD100", "100"),
    ("NL", "1012 ab", "1012ab"),
    ("NL", "NL-1012 AB", "1012ab"),
    ("JE", "JE2 3AB", "23ab"),
]


@pytest.mark.parametrize(("country", "postcode", "key"), POSTCODES)
def test_blanks_dashes_case_and_the_country_do_not_count_in_a_postcode(country: str, postcode: str, key: str) -> None:
    assert postcode_key(country, postcode) == key
    assert is_postcode(country, postcode)


@pytest.mark.matrix
@pytest.mark.django_db
def test_every_postcode_has_the_same_key_in_the_database() -> None:
    countries = [country for country, *_ in POSTCODES] + ["DE"] * len(ASSIGNED)
    codes = [code for _, code, _ in POSTCODES] + [f"1{letter}2" for letter in ASSIGNED]

    expected = [postcode_key(country, code) for country, code in zip(countries, codes, strict=True)]
    assert in_database("postcode_key", countries, codes) == expected


@pytest.mark.parametrize(
    ("country", "text"),
    [("DE", "10115 Berlin"), ("DE", "10115-10119"), ("DE", "04*"), ("DE", "1067"), ("DE", '"10115"'), ("US", "1000")],
)
def test_what_has_another_form_is_no_postcode(country: str, text: str) -> None:
    assert not is_postcode(country, text)


@pytest.mark.django_db
def test_the_database_has_the_functions_of_the_code() -> None:
    with connection.cursor() as cursor:
        before = _definitions(cursor)
        cursor.execute(functions_sql())
        assert _definitions(cursor) == before


def _definitions(cursor: object) -> list[str]:
    cursor.execute(  # type: ignore[attr-defined]
        "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = ANY(%s) ORDER BY proname",
        [["name_key", "postcode_key", "city_keys", "city_keys_anywhere", "region_key"]],
    )
    return [row[0] for row in cursor.fetchall()]  # type: ignore[attr-defined]
