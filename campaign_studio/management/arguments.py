"""Argument types that several commands share. The error of each says what to enter instead."""

import re
from argparse import ArgumentTypeError
from collections.abc import Callable, Collection
from datetime import date
from uuid import UUID

from django.utils.text import get_text_list
from django.utils.translation import gettext


def day(text: str) -> date:
    """A date like `2026-11-01`. Raises ArgumentTypeError for anything else, like the other types here."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(gettext("enter a date like 2026-03-31")) from None


def whole_number(lowest: int, highest: int | None = None) -> Callable[[str], int]:
    """A type for whole numbers from `lowest` to `highest`, in ASCII digits."""

    def parse(text: str) -> int:
        number = int(text) if re.fullmatch(r"\d{1,9}", text, re.ASCII) else None
        if highest is not None and (number is None or not lowest <= number <= highest):
            text = gettext("enter a whole number from %(lowest)d to %(highest)d")
            raise ArgumentTypeError(text % {"lowest": lowest, "highest": highest})
        if number is None or number < lowest:
            raise ArgumentTypeError(gettext("enter a whole number from %(lowest)d") % {"lowest": lowest})
        return number

    return parse


def one_of(values: Collection[str]) -> Callable[[str], str]:
    """A type for one of `values`. Unlike with `choices`, the usage line doesn't list them."""

    def parse(text: str) -> str:
        if text not in values:
            choices = get_text_list(list(values), gettext("or"))
            raise ArgumentTypeError(gettext("enter %(choices)s") % {"choices": choices})
        return text

    return parse


def key(text: str) -> UUID:
    """The primary key of a row: a UUID."""
    try:
        return UUID(text)
    except ValueError:
        raise ArgumentTypeError(gettext("enter the ID from the URL of the page in the console")) from None


def name(text: str) -> str:
    """A text that the database can store: valid UTF-8 without control characters."""
    if not text.isprintable():
        raise ArgumentTypeError(gettext("enter it in UTF-8 and without control characters"))
    return text
