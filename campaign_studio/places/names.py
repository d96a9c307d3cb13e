"""The key of a name: two spellings of one name have the same key (docs/domain.md, “Places”).

`name_key()` here and `name_key()` in the database have the same result: NAME_KEY_SQL is made from the same tables, and
a test compares the two over all of Unicode.
"""

import re
import sys
import unicodedata
from functools import cache

# Dropped: zero-width characters, soft hyphens, controls of direction, and the accents of Latin, Greek and Cyrillic.
# Other combining marks, such as the vowels of Devanagari, make another word.
DROPPED = "".join(
    map(
        chr,
        (
            *(0x00AD, 0x061C, 0x180E, 0xFEFF),
            *range(0x0300, 0x0370),
            *range(0x200B, 0x2010),
            *range(0x202A, 0x202F),
            *range(0x2060, 0x2070),
            *range(0xFE00, 0xFE10),
        ),
    )
)
APOSTROPHES = "‘’‛ʹʻʼʾʿ′`"
DASHES = "֊‐‑‒–—―⁃−"
# Blanks that NFKD doesn't turn into a space.
BLANKS_OF_ASCII = "\t\n\v\f\r\x1c\x1d\x1e\x1f"
BLANKS = BLANKS_OF_ASCII + "\x85\u1680\u2028\u2029"
# Letters with a stroke or without a dot, which NFKD keeps, and ligatures.
LETTERS = {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "ı": "i", "ŋ": "n"}
LIGATURES = {"ß": "ss", "æ": "ae", "œ": "oe", "þ": "th"}
# NFKD turns these apostrophes into a blank and an accent.
ACUTES = "\u00b4\u1ffd"

_ONE_FOR_ONE = dict.fromkeys(APOSTROPHES, "'") | dict.fromkeys(DASHES, "-") | dict.fromkeys(BLANKS, " ") | LETTERS
_TABLE = str.maketrans(dict.fromkeys(DROPPED) | _ONE_FOR_ONE | LIGATURES)
_ACUTES = str.maketrans(dict.fromkeys(ACUTES, "'"))
_SAINT = r"(^|[ -])(sankt|saint|st\.)(?=[ -])"
_SAINT_WITHOUT_BLANK = r"(^|[ -])st\."


def name_key(name: str) -> str:
    """The key of a name: `  St.Gallen` and `SANKT GALLEN` → `st gallen`; `Zürich` and `ZURICH` → `zurich`.

    Kinds of blanks, apostrophes and dashes, accents, case and how letters are composed don't count. Empty if nothing is
    left.
    """
    letters = name if name.isascii() else unicodedata.normalize("NFKD", name.translate(_ACUTES))
    key = re.sub(" +", " ", letters.casefold().translate(_TABLE)).strip(" ")
    return re.sub(_SAINT_WITHOUT_BLANK, r"\1st ", re.sub(_SAINT, r"\1st", key)) if "s" in key else key


@cache
def name_key_sql() -> str:
    """The statement that creates `name_key(text)` in the database."""
    pairs = _case_pairs() | _ONE_FOR_ONE
    replaced = "translate(letters, {}, {})".format(
        _literal("".join(pairs) + DROPPED),
        _literal("".join(pairs.values())),
    )
    for ligature, letters in LIGATURES.items():
        replaced = f"replace({replaced}, {_literal(ligature)}, {_literal(letters)})"
    return NAME_KEY_SQL.format(
        acutes=_literal(ACUTES),
        apostrophes=_literal("'" * len(ACUTES)),
        replaced=replaced,
        ascii_marks=_literal("`" + BLANKS_OF_ASCII),
        ascii_replacements=_literal("'" + " " * len(BLANKS_OF_ASCII)),
        saint=_SAINT,
        saint_without_blank=_SAINT_WITHOUT_BLANK,
    )


NAME_KEY_SQL = r"""
CREATE OR REPLACE FUNCTION name_key(name text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT regexp_replace(regexp_replace(btrim(regexp_replace(plain, ' +', ' ', 'g'), ' '),
        '{saint}', '\1st', 'g'), '{saint_without_blank}', '\1st ', 'g')
    FROM (SELECT normalize(translate(name, {acutes}, {apostrophes}), NFKD) AS letters) AS decomposed
    CROSS JOIN LATERAL (SELECT CASE WHEN octet_length(letters) = length(letters)
        -- Much faster than the long table.
        THEN translate(lower(letters COLLATE "C"), {ascii_marks}, {ascii_replacements})
        ELSE {replaced}
    END AS plain) AS folded
$$;
"""


def _literal(text: str) -> str:
    r"""A string literal with escapes for everything but printable ASCII: `E'\u00e9'`."""
    escaped = "".join(
        letter if letter.isascii() and letter.isprintable() and letter not in "'\\" else f"\\U{ord(letter):08x}"
        for letter in text
    )
    return f"E'{escaped}'"


def _case_pairs() -> dict[str, str]:
    """What replaces each letter to ignore case, for the letters that remain after NFKD."""
    pairs = {}
    for code in range(sys.maxunicode + 1):
        letter, folded = chr(code), chr(code).casefold()
        if folded != letter and unicodedata.normalize("NFKD", letter) == letter:
            # The one that becomes two letters is ẞ, a capital ß.
            pairs[letter] = folded if len(folded) == 1 else "ß"
    del pairs["ß"]
    # Where a folded letter is replaced further.
    return {letter: _ONE_FOR_ONE.get(folded, folded) for letter, folded in pairs.items()}
