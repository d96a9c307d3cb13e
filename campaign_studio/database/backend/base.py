"""The module Django looks for in a database engine."""

import select
import time
from typing import Any
from weakref import WeakKeyDictionary

from django.db.backends.postgresql import base
from psycopg import Connection, OperationalError
from psycopg_pool import ConnectionPool

# Something between here and the server may have dropped a connection that wasn't used for longer. In seconds.
SURE_FOR = 1.0

AnyConnection = Connection[Any]
# When each connection was last given out, by the monotonic clock.
_given_out: WeakKeyDictionary[AnyConnection, float] = WeakKeyDictionary()


class DatabaseWrapper(base.DatabaseWrapper):
    """PostgreSQL, whose connections are checked without a question to the server while they are busy."""

    @property
    def pool(self) -> ConnectionPool[AnyConnection] | None:
        """The pool of this process, which checks by `check_connection()`.

        Django can only choose between psycopg's check and none, and a pool has no public setter for it.
        """
        pool: ConnectionPool[AnyConnection] | None = super().pool
        if pool and pool._check:
            pool._check = check_connection
        return pool

    def _set_autocommit(self, autocommit: bool) -> None:
        # psycopg would lock the connection to find that nothing changes. Most requests get one that is in this mode.
        if self.connection.autocommit != autocommit:
            super()._set_autocommit(autocommit)  # type: ignore[misc]  # its stub lacks the method


def check_connection(connection: AnyConnection) -> None:
    """Raise OperationalError if the connection is broken.

    A server that ends a connection says so first, and one that dies closes it, so there is something to read. Nothing
    else is sent to an idle connection. Only then, or after a pause, the server is asked. If one connection is broken,
    the others usually are too, and the pool would pause for seconds after each of them: so it replaces them all.
    """
    now = time.monotonic()
    sure_until = _given_out.get(connection, -SURE_FOR) + SURE_FOR
    _given_out[connection] = now
    if now > sure_until or _has_something_to_read(connection):
        try:
            ConnectionPool.check_connection(connection)
        except OperationalError:
            if isinstance(pool := connection._pool, ConnectionPool):
                pool.check()
            raise


def _has_something_to_read(connection: AnyConnection) -> bool:
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    return bool(waiting.poll(0))
