"""Look-ups that PostgreSQL's indexes understand."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, Lookup, TextField
from django.db.models.sql.compiler import SQLCompiler

# Each word of a search is a condition of its own.
MOST_SEARCH_TERMS = 10


@CharField.register_lookup
@TextField.register_lookup
class ILike(Lookup):
    """`name__ilike="sum"`: contains, whatever the case. `icontains` upper-cases the column and misses our index."""

    lookup_name = "ilike"

    def get_prep_lookup(self) -> str:
        """Take the text as it stands: `%` and `_` in it are no wildcards."""
        text = str(self.rhs)
        for special in ("\\", "%", "_"):
            text = text.replace(special, f"\\{special}")
        return f"%{text}%"

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        """The bare column, so that a `gin_trgm_ops` index serves."""
        column, column_params = self.process_lhs(compiler, connection)
        value, value_params = self.process_rhs(compiler, connection)
        return f"{column} ILIKE {value}", (*column_params, *value_params)


@ArrayField.register_lookup
class HasEntry(Lookup):
    """`cities__has_entry="berlin"`: the list names it, whatever the case."""

    lookup_name = "has_entry"
    prepare_rhs = False

    def get_db_prep_lookup(self, value: Any, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        """One text, not an array of them."""
        return "%s", (value,)

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        column, column_params = self.process_lhs(compiler, connection)
        value, value_params = self.process_rhs(compiler, connection)
        sql = "EXISTS (SELECT 1 FROM unnest(%s) AS entry WHERE lower(entry) = lower(%s))"
        return sql % (column, value), (*column_params, *value_params)
