"""Trying a transaction again when the database chose it to give way to another one."""

from collections.abc import Callable
from typing import TypeVar

from django.db import connection
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from campaign_studio.database.unavailable import sqlstate

Result = TypeVar("Result")

SERIALIZATION_FAILURE = "40001"
DEADLOCK = "40P01"
RETRIES = 3
# In seconds: the first pause lasts up to so long, each further one up to twice the one before.
FIRST_PAUSE = 0.05


def is_transient(error: BaseException) -> bool:
    """Whether the same transaction has a good chance when it is tried again: it met others, and was undone."""
    return sqlstate(error) in (SERIALIZATION_FAILURE, DEADLOCK)


def retried(transaction: Callable[[], Result], *, undone: Callable[[], None] = lambda: None) -> Result:
    """Do what is one transaction, again while it deadlocks or can't be serialised, three times at most.

    `transaction` opens and commits by itself, so that what COMMIT finds out is seen here. What it changes outside of
    the database must bear being done twice, or be put back by `undone`, which is called before each further attempt.
    Inside of another transaction it is tried once: the outer one is undone by then. Raises what the last one raised.
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
