"""The look-up by which every list is searched, and the function of the database that it compares by."""

import unicodedata
from functools import cache
from sys import maxunicode
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, Func, Lookup, TextField
from django.db.models.sql.compiler import SQLCompiler

from campaign_studio.places.names import ACUTES, APOSTROPHES, DASHES, DROPPED, LETTERS, LIGATURES

# Each word of a search adds a condition to the query.
MOST_SEARCH_TERMS = 10


class SearchKey(Func):
    """A column as it is searched: in lower case, without accents. For the expressions of trigram indexes."""

    function = "search_key"
    output_field = TextField()


@CharField.register_lookup
@TextField.register_lookup
class Matches(Lookup):
    """`name__matches="zurich"`: contains, whatever the case, the accents and how letters are composed.

    An index on `OpClass(SearchKey("name"), name="gin_trgm_ops")` is used.
    """

    lookup_name = "matches"

    def get_prep_lookup(self) -> str:
        return str(self.rhs)

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        """Escape `%` and `_` after folding, because full-width ones become these."""
        column, column_params = self.process_lhs(compiler, connection)
        value, value_params = self.process_rhs(compiler, connection)
        pattern = rf"regexp_replace(search_key({value}), '([\\%%_])', '\\\1', 'g')"
        return f"search_key({column}) LIKE '%%' || {pattern} || '%%'", (*column_params, *value_params)


# Unlike `name_key()`, whatever is part of a text has a key that is part of the text's key: nothing is trimmed, and
# “Saint” isn't shortened. Everything is one expression, which PostgreSQL inlines: a function call for each row that an
# index finds would cost more than the search itself. It calls no function of ours: indexes are built without a
# search path. The first two cases are the fast ones: plain ASCII, and no other letters than ß and those with accents.
SEARCH_KEY_SQL = r"""
CREATE OR REPLACE FUNCTION search_key(name text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN octet_length(name) = length(name) THEN lower(name COLLATE "C")
        WHEN name !~ '{special}' THEN {plain}
        ELSE {replaced}
    END
$$;
"""


@cache
def search_key_sql() -> str:
    """The statement that creates `search_key(text)` in the database."""
    letters = {letter: plain for letter, plain in (LETTERS | LIGATURES).items() if letter != "ß"} | {"ς": "σ"}
    plain = f"replace(lower(regexp_replace(normalize({{}}, NFKD), '{_any_of(DROPPED)}', '', 'g')), 'ß', 'ss')"
    replaced = plain.format(f"regexp_replace(name, '{_any_of(ACUTES)}', '''', 'g')")
    for kinds, one in ((APOSTROPHES.replace("`", ""), "''"), (DASHES, "-")):
        replaced = f"regexp_replace({replaced}, '{_any_of(kinds)}', '{one}', 'g')"
    for letter, plain_letters in letters.items():
        replaced = f"replace({replaced}, '{letter}', '{plain_letters}')"
    special = {*letters, *APOSTROPHES, *DASHES} - {"`"}
    return SEARCH_KEY_SQL.format(
        special=_any_of(ACUTES + _containing(special)), plain=plain.format("name"), replaced=replaced
    )


def _containing(letters: set[str]) -> str:
    """Every character that has one of `letters` in it once it is decomposed and in lower case."""
    return "".join(
        chr(code)
        for code in range(0x80, maxunicode + 1)
        if letters & {*unicodedata.normalize("NFKD", chr(code)), *unicodedata.normalize("NFKD", chr(code)).lower()}
    )


def _any_of(characters: str) -> str:
    r"""A regular expression of PostgreSQL for one of `characters`: `[\U000000ad\U00000300-\U0000036f]`."""
    codes = sorted(map(ord, characters))
    starts = [code for code in codes if code - 1 not in codes]
    ends = [code for code in codes if code + 1 not in codes]
    ranges = (
        f"\\U{start:08x}" + (f"-\\U{end:08x}" if end > start else "") for start, end in zip(starts, ends, strict=True)
    )
    return f"[{''.join(ranges)}]"
