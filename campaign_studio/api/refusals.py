"""How much a refusal says: the first problems, and how many more there are."""

from collections.abc import Iterable
from itertools import islice
from typing import Any, TypeAlias

from django.utils.translation import ngettext
from rest_framework.exceptions import ErrorDetail
from rest_framework.settings import api_settings

MOST_PROBLEMS = 20
# Of a message or a key, which may repeat what was sent, and of all messages together.
LONGEST_MESSAGE = 1_000
LONGEST_KEY = 100
LONGEST_REFUSAL = 6_000

# The keys and indexes that lead to a value in a body.
Path: TypeAlias = tuple[str | int, ...]
# Messages nested as the input is, in DRF's types; None if there are none.
Problems: TypeAlias = Any


class MoreCode(str):
    """The code of a message about problems that aren't listed, with their number."""

    number: int

    def __new__(cls, number: int) -> "MoreCode":
        """Every number has the same code."""
        code = super().__new__(cls, "more")
        code.number = number
        return code


def more(number: int) -> ErrorDetail:
    """Stands for problems that aren't listed."""
    text = ngettext("%(count)d more problem isn't listed here.", "%(count)d more problems aren't listed here.", number)
    return ErrorDetail(text % {"count": number}, MoreCode(number))


def first_of(found: Iterable[tuple[Path, Any]]) -> Problems:
    """The first problems as a tree, and the number of the others, which aren't kept in memory.

    A problem may be a function that makes the message, so that those that are only counted cost little.
    """
    left = iter(found)
    tree: dict[str | int, Any] = {}
    for path, problem in islice(left, MOST_PROBLEMS):
        _put(tree, path, problem() if callable(problem) else problem)
    return with_more(tree, sum(1 for _other in left)) or None


def _put(tree: dict[str | int, Any], path: Path, problem: Any) -> None:
    """Add a problem at its path. Keys that aren't printable may look alike: the first problem stays."""
    *parents, last = path
    for key in parents:
        inner = tree.setdefault(key, {})
        if not isinstance(inner, dict):
            return
        tree = inner
    tree.setdefault(last, [problem] if isinstance(problem, str) else problem)


def with_more(tree: dict[Any, Any], count: int) -> dict[Any, Any]:
    """The problems by field, with a sentence about `count` others if there are any."""
    if not count:
        return tree
    key = api_settings.NON_FIELD_ERRORS_KEY
    listed = tree.get(key, [])
    # A client may send a key of this name.
    return tree | {key: with_more(listed, count) if isinstance(listed, dict) else [*listed, more(count)]}


def bounded(detail: Any) -> Any:
    """The body of a refusal with at most 20 messages, shortened if they are long. Its shape stays."""
    budget = _Budget()
    kept = budget.kept(detail)
    if not budget.left_out:
        return kept
    if isinstance(kept, list):
        return [*kept, more(budget.left_out)]
    return with_more(kept or {}, budget.left_out)


class _Budget:
    """How many messages and characters a refusal may still have, and how many problems it leaves out."""

    def __init__(self) -> None:
        self.messages, self.characters, self.left_out = MOST_PROBLEMS, LONGEST_REFUSAL, 0

    def kept(self, detail: Any) -> Any:
        """What of these messages the refusal may have; None if that is nothing. An empty list or dict stays."""
        if isinstance(detail, dict):
            kept = {
                self._key(key): inner for key, problems in detail.items() if (inner := self.kept(problems)) is not None
            }
            return kept or (None if detail else detail)
        if isinstance(detail, list | tuple):
            listed = [inner for inner in map(self.kept, detail) if inner is not None]
            return listed or (None if detail else detail)
        return self._message(detail)

    def _message(self, message: Any) -> Any:
        code = getattr(message, "code", None)
        if isinstance(code, MoreCode):
            self.left_out += code.number
            return None
        if not self.messages or self.characters <= 0:
            self.left_out += 1
            return None
        self.messages -= 1
        short = shortened(message, LONGEST_MESSAGE)
        self.characters -= len(str(short))
        return short

    def _key(self, key: Any) -> Any:
        short = shortened(key, LONGEST_KEY)
        self.characters -= len(str(short))
        return short


def shortened(text: Any, longest: int) -> Any:
    """A text of at most this many characters, with its code if it has one. Anything but a text stays as it is."""
    if not isinstance(text, str) or len(text) <= longest:
        return text
    short = f"{text[: longest - 1]}…"
    return ErrorDetail(short, text.code) if isinstance(text, ErrorDetail) else short
