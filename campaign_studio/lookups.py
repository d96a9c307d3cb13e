"""Look-ups that can use PostgreSQL's indexes."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, Lookup, TextField
from django.db.models.sql.compiler import SQLCompiler

# Each word of a search adds a condition to the query.
MOST_SEARCH_TERMS = 10


@CharField.register_lookup
@TextField.register_lookup
class ILike(Lookup):
    """`name__ilike="sum"`: contains, in any case. `icontains` calls upper() on the column and misses the index."""

    lookup_name = "ilike"

    def get_prep_lookup(self) -> str:
        """Escape `%` and `_`, which aren't wildcards here."""
        text = str(self.rhs)
        for special in ("\\", "%", "_"):
            text = text.replace(special, f"\\{special}")
        return f"%{text}%"

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        """Compare the bare column, so that a `gin_trgm_ops` index is used."""
        column, column_params = self.process_lhs(compiler, connection)
        value, value_params = self.process_rhs(compiler, connection)
        return f"{column} ILIKE {value}", (*column_params, *value_params)
