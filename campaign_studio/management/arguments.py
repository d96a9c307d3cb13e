"""Types of arguments that several commands take. Each says what to give instead."""

import re
from argparse import ArgumentTypeError
from collections.abc import Callable, Collection
from datetime import date
from uuid import UUID


def day(text: str) -> date:
    """The date in an argument like `2026-11-01`; an error of the command for anything else."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError("give a date like 2026-03-31") from None


def whole_number(lowest: int, highest: int | None = None) -> Callable[[str], int]:
    """A number within bounds, in plain digits."""
    bounds = f"from {lowest} to {highest}" if highest is not None else f"from {lowest} upwards"

    def parse(text: str) -> int:
        number = int(text) if re.fullmatch(r"\d{1,9}", text, re.ASCII) else None
        if number is None or number < lowest or (highest is not None and number > highest):
            raise ArgumentTypeError(f"give a number {bounds}")
        return number

    return parse


def one_of(values: Collection[str]) -> Callable[[str], str]:
    """One of a few words. Says so in fewer words than `choices` does, which repeats them in every usage line."""

    def parse(text: str) -> str:
        if text not in values:
            raise ArgumentTypeError(f"give one of {', '.join(values)}")
        return text

    return parse


def key(text: str) -> UUID:
    """The key of a row."""
    try:
        return UUID(text)
    except ValueError:
        raise ArgumentTypeError("give the id that its address in the console shows") from None


def name(text: str) -> str:
    """A text in which a shell has left no odd bytes: the database takes neither those nor a NUL."""
    if not text.isprintable():
        raise ArgumentTypeError("that is no name: give it in UTF-8, without control characters")
    return text
