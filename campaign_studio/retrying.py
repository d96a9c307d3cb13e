"""Retries transactions that the database aborted because of a concurrent one."""

from collections.abc import Callable
from typing import TypeVar

from django.db import connection
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from campaign_studio.database.unavailable import sqlstate

Result = TypeVar("Result")

SERIALIZATION_FAILURE = "40001"
DEADLOCK = "40P01"
RETRIES = 3
# The longest first pause in seconds. Each further pause may be twice as long.
FIRST_PAUSE = 0.05


def is_transient(error: BaseException) -> bool:
    """Whether a retry may succeed, because the transaction only collided with others."""
    return sqlstate(error) in (SERIALIZATION_FAILURE, DEADLOCK)


def retried(transaction: Callable[[], Result], *, undone: Callable[[], None] = lambda: None) -> Result:
    """Run `transaction`, and retry it up to three times after a deadlock or a serialisation failure.

    `transaction` must begin and commit by itself, so that errors at COMMIT are caught here. Its effects outside the
    database must be harmless when repeated, or be reverted by `undone`, which is called before each retry. Inside
    another transaction there is no retry, because the outer one has been rolled back. Raises the last error.
    """
    if connection.in_atomic_block:
        return transaction()
    attempts = Retrying(
        stop=stop_after_attempt(1 + RETRIES),
        wait=wait_random_exponential(multiplier=FIRST_PAUSE),
        retry=retry_if_exception(is_transient),
        before_sleep=lambda state: undone(),
        reraise=True,
    )
    return attempts(transaction)
