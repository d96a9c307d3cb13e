"""A column with a list of place names, trimmed and without blanks or doubles."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models

MOST_NAMES = 5_000
ONLY_BLANKS = "Nothing but blanks was given. Name at least one, or give an empty list."


def _in_lower_case(name: str) -> str:
    """Letter by letter, as the database does it: `ß` is not `ss`, nor is one sigma the other."""
    lower = [letter.lower() for letter in name]
    return "".join(one if len(one) == 1 else letter for one, letter in zip(lower, name, strict=True))


class NameListField(ArrayField):
    """A text array kept tidy: entries trimmed, blank ones and repeats (whatever the case) dropped, order kept.

    It is the one judge of such lists, whichever door they come through. An empty list means everywhere, so one of
    nothing but blanks is refused: whoever sent it meant something.
    """

    # None is looked at as well: it is the empty list.
    empty_values = ()

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("base_field", models.CharField(max_length=200))
        kwargs.setdefault("default", list)
        kwargs.setdefault("blank", True)
        super().__init__(**kwargs)

    def to_python(self, value: object) -> list[str]:
        """Tidy a list of names; raise ValidationError for anything else."""
        try:
            names = [] if value is None else super().to_python(value)
        except ValueError:
            names = None
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ValidationError("Give a list of names.", code="list")
        if len(names) > MOST_NAMES:
            raise ValidationError(f"Give at most {MOST_NAMES} names.", code="max_length")
        return self.tidy(names)

    def get_db_prep_value(self, value: object, *args: Any, **kwargs: Any) -> Any:
        """Tidy on the way to the database too: `save()` alone must not let blanks in."""
        return super().get_db_prep_value(self.tidy(value) if isinstance(value, list) else value, *args, **kwargs)

    @staticmethod
    def tidy(names: list[Any]) -> list[Any]:
        """`[" Berlin", "", "berlin"]` → `["Berlin"]`. Raises ValidationError when nothing but blanks is there."""
        kept: dict[object, object] = {}
        for name in names:
            name = name.strip() if isinstance(name, str) else name
            if name != "":
                kept.setdefault(_in_lower_case(name) if isinstance(name, str) else name, name)
        if names and not kept:
            raise ValidationError(ONLY_BLANKS, code="blank")
        return list(kept.values())
