"""Countries, currencies and time zones follow ISO 3166-1, ISO 4217 and IANA."""

from zoneinfo import ZoneInfo

import pytest

from campaign_studio.places import country_choices, country_code, currency_choices, timezone_choices


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("DE", "DE"),
        ("de", "DE"),
        ("DEU", "DE"),
        ("Germany", "DE"),
        (" germany ", "DE"),
        ("France", "FR"),
        ("ＤＥ", "DE"),
        ("Bosnia & Herzegovina", "BA"),
        ("Great-Britain", "GB"),
        ("Guinea Bissau", "GW"),
        ("Россия", "RU"),
        ("Vatican City", "VA"),
        ("Republic of Ireland", "IE"),
        ("Atlantis", None),
        ("", None),
        ("XX", None),
    ],
)
def test_a_country_is_found_by_code_or_name(text: str, code: str | None) -> None:
    assert country_code(text) == code


def test_countries_are_codes_sorted_by_their_common_names() -> None:
    choices = country_choices()
    names = [name for _, name in choices]

    assert dict(choices)["DE"] == "Germany"
    assert dict(choices)["TW"] == "Taiwan"
    assert names == sorted(names)
    assert len(dict(choices)) == len(choices) > 240
    assert all(len(code) == 2 for code, _ in choices)


def test_every_listed_country_is_found_by_its_code() -> None:
    assert all(country_code(code) == code for code, _ in country_choices())


def test_currencies_are_three_letters_with_their_names() -> None:
    assert dict(currency_choices())["EUR"] == "EUR – Euro"
    assert all(len(code) == 3 for code, _ in currency_choices())


def test_every_listed_time_zone_exists() -> None:
    names = [name for name, _ in timezone_choices()]

    assert "Europe/Berlin" in names
    assert "localtime" not in names
    assert all(ZoneInfo(name) for name in names)
