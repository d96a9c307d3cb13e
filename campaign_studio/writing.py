"""Write transactions, in which the database knows who acts and deferred rows are written together before COMMIT."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db import connection, models, transaction

from campaign_studio.acting import set_database_actor

Row = TypeVar("Row", bound=models.Model)


class _Write:
    """A write in progress. It has no data: only its identity matters."""


@dataclass(frozen=True, eq=False)
class _PendingRow(Generic[Row]):
    """A row that is written at the end of a write.

    It is kept among the transaction's `on_commit` callbacks, because Django drops those when a savepoint is rolled
    back. Django has no public hook for a rollback to a savepoint, nor one that runs before COMMIT.
    """

    write: _Write
    write_together: Callable[[list[Row]], None]
    row: Row

    def __call__(self) -> None:
        """Do nothing: the row was written before COMMIT."""


_present: ContextVar[_Write | None] = ContextVar("present_write", default=None)


@contextmanager
def one_write(*, tell_actor: bool = True) -> Iterator[None]:
    """A transaction that ends by writing the rows deferred by `before_commit()`.

    A nested block is a savepoint. `tell_actor=False` is for callers that don't know yet who acts and call
    `set_database_actor()` later.
    """
    with transaction.atomic():
        if _present.get() is not None:
            yield
            return
        if tell_actor:
            set_database_actor()
        write = _Write()
        token = _present.set(write)
        try:
            yield
        finally:
            _present.reset(token)
        if not transaction.get_rollback():
            _finish(write)


def current_write() -> object | None:
    """Identifies the present `one_write()`; None outside."""
    return _present.get()


def before_commit(write_together: Callable[[list[Row]], None], row: Row) -> bool:
    """Defer `row` to the end of the current write, where `write_together` gets all deferred rows in order.

    Rows deferred since a savepoint are dropped if it is rolled back. Returns False outside a write, where nothing can
    be deferred.
    """
    write = _present.get()
    if write is None:
        return False
    transaction.on_commit(_PendingRow(write, write_together, row))
    return True


def deferrals() -> int:
    """How far the current transaction has got, for `deferred()`."""
    return len(connection.run_on_commit)


def deferred(write_together: Callable[[list[Row]], None], *, since: int = 0) -> list[Row]:
    """The rows that have been deferred to the end of the current write since `deferrals()` was `since`, in order."""
    write = _present.get()
    return [
        callback.row
        for _, callback, *_ in connection.run_on_commit[since:]
        if isinstance(callback, _PendingRow) and callback.write is write and callback.write_together is write_together
    ]


def _finish(write: _Write) -> None:
    together: dict[Callable[[list[models.Model]], None], list[models.Model]] = {}
    for _, callback, *_ in connection.run_on_commit:
        if isinstance(callback, _PendingRow) and callback.write is write:
            together.setdefault(callback.write_together, []).append(callback.row)
    for write_together, rows in together.items():
        write_together(rows)
