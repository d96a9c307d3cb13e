"""The module Django looks for in a database engine."""

from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import TupleRow

from campaign_studio.database.backend import base
from campaign_studio.embedded.server import ensure_embedded_server


class EmbeddedConnection(psycopg.Connection[TupleRow]):
    """A connection that restarts the embedded server if it has stopped.

    The pool opens a new connection when an old one is dead, so requests needn't check the server.
    """

    @classmethod
    def connect(cls, conninfo: str = "", **kwargs: Any) -> "EmbeddedConnection":
        """Connect to the server whose data folder is `host`."""
        kwargs["host"] = str(ensure_embedded_server(Path(kwargs["host"])))
        return super().connect(conninfo, **kwargs)


class DatabaseWrapper(base.DatabaseWrapper):
    """PostgreSQL, started on first use: linters, type checkers and `--help` never start it."""

    def __init__(self, settings_dict: dict[str, Any], alias: str = "default") -> None:
        super().__init__(settings_dict, alias)
        pool = settings_dict["OPTIONS"].get("pool")
        if pool:
            pool["connection_class"] = EmbeddedConnection

    def get_new_connection(self, conn_params: dict[str, Any]) -> psycopg.Connection[TupleRow]:
        """Start the server before the pool opens: a first start takes longer than the pool's timeout."""
        if self.pool is None or self.pool.closed:
            conn_params["host"] = str(ensure_embedded_server(Path(conn_params["host"])))
        return super().get_new_connection(conn_params)
