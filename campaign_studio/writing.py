"""One write: one transaction, in which the database knows who acts, with what is done together at its end."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db import connection, models, transaction

from campaign_studio.acting import set_database_actor

Row = TypeVar("Row", bound=models.Model)


class _Write:
    """The present write; it is only told apart from others."""


@dataclass(frozen=True, eq=False)
class _PendingRow(Generic[Row]):
    """A row to be written at the end of a write.

    It waits among the transaction's own callbacks, because they go when a savepoint is rolled back: Django has no
    public way to learn of that, nor one to do something before COMMIT.
    """

    write: _Write
    write_together: Callable[[list[Row]], None]
    row: Row

    def __call__(self) -> None:
        """After COMMIT nothing is left to do."""


_present: ContextVar[_Write | None] = ContextVar("present_write", default=None)


@contextmanager
def one_write(*, tell_actor: bool = True) -> Iterator[None]:
    """Keep everything that is written inside, or nothing, and end with what was put off by `before_commit()`.

    A block inside another one is a savepoint of it. `tell_actor=False` is for callers who learn later who acts, and
    call `set_database_actor()` then.
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


def before_commit(write_together: Callable[[list[Row]], None], row: Row) -> bool:
    """Put `row` off until the present write ends, where `write_together` gets all such rows in this order.

    Rows put off since a savepoint go with it. Returns False outside of any write: nothing was put off then.
    """
    write = _present.get()
    if write is None:
        return False
    transaction.on_commit(_PendingRow(write, write_together, row))
    return True


def _finish(write: _Write) -> None:
    together: dict[Callable[[list[models.Model]], None], list[models.Model]] = {}
    for _, callback, *_ in connection.run_on_commit:
        if isinstance(callback, _PendingRow) and callback.write is write:
            together.setdefault(callback.write_together, []).append(callback.row)
    for write_together, rows in together.items():
        write_together(rows)
