"""Spellings that Unicode calls equivalent are one name; separators and case don't count in any country's postcodes."""

import unicodedata
from typing import Literal

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaign_studio.places import country_choices, is_postcode, name_key, postcode_key
from campaign_studio.places.names import ACUTES
from campaign_studio.places.postcodes import form_of

# An acute accent without a letter is an apostrophe, not the blank with an accent that it is compatible with.
LETTERS = st.characters(codec="utf-8", exclude_characters=f"{ACUTES}\0")
MARKS = st.sampled_from("\u0301\u0308\u0327\u0323\u200b\u00a0\u3099 -'’.ßİıﬁ①Å가ᄀ")
names = st.lists(st.one_of(LETTERS, MARKS), max_size=12).map("".join)
COUNTRIES = [str(code) for code, _ in country_choices() if form_of(str(code)).patterns]
Form = Literal["NFC", "NFD", "NFKC", "NFKD"]
FORMS: list[Form] = ["NFC", "NFD", "NFKC", "NFKD"]
# The database is asked in every example.
asked = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def in_database(function: str, *arguments: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}({', '.join(['%s'] * len(arguments))})", arguments)
        return str(cursor.fetchone()[0])


@pytest.mark.django_db
@asked
@given(names, st.sampled_from(FORMS))
def test_equivalent_spellings_are_one_name(name: str, form: Form) -> None:
    spelling = unicodedata.normalize(form, name)

    assert name_key(spelling) == name_key(name)
    assert in_database("name_key", spelling) == name_key(name)


@given(names)
def test_the_key_of_a_key_is_the_key(name: str) -> None:
    assert name_key(name_key(name)) == name_key(name)


@pytest.mark.django_db
@asked
@given(st.data())
def test_a_postcode_may_be_written_with_or_without_separators(data: st.DataObject) -> None:
    country = data.draw(st.sampled_from(COUNTRIES))
    pattern = data.draw(st.sampled_from(form_of(country).patterns))
    postcode = data.draw(st.from_regex(pattern, fullmatch=True, alphabet=st.characters(codec="ascii")))
    bare = postcode.replace(" ", "").replace("-", "")
    separators = st.sampled_from(["", "", " ", "-", "\u00a0", "–", "  "])
    spelled = "".join(letter + data.draw(separators) for letter in bare)
    spelled = data.draw(st.sampled_from([spelled, spelled.lower(), spelled.upper(), f" {spelled}"]))

    assert is_postcode(country, spelled), (country, postcode, spelled)
    assert postcode_key(country, spelled) == postcode_key(country, postcode)
    assert in_database("postcode_key", country, spelled) == postcode_key(country, postcode)
