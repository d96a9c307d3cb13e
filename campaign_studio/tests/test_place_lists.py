"""Lists of names as people paste them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign_studio.places.lists import join_names, split_names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("10115;10117", ["10115", "10117"]),
        ("10115\t10117\n10119", ["10115", "10117", "10119"]),
        ("10115，10117、10119；10120", ["10115", "10117", "10119", "10120"]),
        ('"10115","10117"', ["10115", "10117"]),
        ("“Köln”; „Bonn“, «Aachen»", ["Köln", "Bonn", "Aachen"]),
        ('"Washington, D.C."\nBoston', ["Washington, D.C.", "Boston"]),
        ("'s-Hertogenbosch, Den Haag", ["'s-Hertogenbosch", "Den Haag"]),
        ('the "old" town', ['the "old" town']),
        ('"never closed, Berlin', ['"never closed', "Berlin"]),
        ("Berlin\r\nHamburg\r\n\r\n", ["Berlin", "Hamburg"]),
        (" , ; ", []),
        ("", []),
    ],
)
def test_a_pasted_list_is_split(text: str, names: list[str]) -> None:
    assert split_names(text) == names


@given(st.lists(st.text(alphabet="a\"“”„«»,;' \n\té", min_size=1).map(str.strip).filter(bool)))
def test_what_a_form_shows_is_read_back(names: list[str]) -> None:
    assert split_names(join_names(names)) == names
