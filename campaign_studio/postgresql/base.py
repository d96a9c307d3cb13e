"""The module Django looks for in a database engine."""

from pathlib import Path
from typing import Any

from django.db.backends.postgresql import base

from campaign_studio.database import ensure_embedded_server


class DatabaseWrapper(base.DatabaseWrapper):
    """PostgreSQL, started on first use: linters, type checkers and `--help` never start it."""

    def get_connection_params(self) -> dict[str, Any]:
        """Start the embedded server if need be, and connect to the socket it listens on."""
        params = super().get_connection_params()
        params["host"] = str(ensure_embedded_server(Path(params["host"])))
        return params
