"""Lists of place names."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models


def _in_lower_case(name: str) -> str:
    """Letter by letter, as the database does it: `ß` is not `ss`, nor is one sigma the other."""
    lower = [letter.lower() for letter in name]
    return "".join(one if len(one) == 1 else letter for one, letter in zip(lower, name, strict=True))


class NameListField(ArrayField):
    """A text array kept tidy: entries trimmed, blank ones and repeats (whatever the case) dropped, order kept."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("base_field", models.CharField(max_length=200))
        kwargs.setdefault("default", list)
        kwargs.setdefault("blank", True)
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> Any:
        """Tidy a list of names; raise ValidationError for anything else."""
        try:
            value = super().to_python(value)
        except ValueError:
            value = None
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            raise ValidationError("Give a list of names.", code="list")
        return self.tidy(value)

    def get_db_prep_value(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        """Tidy on the way to the database too: `save()` alone must not let blanks in."""
        return super().get_db_prep_value(self.tidy(value) if isinstance(value, list) else value, *args, **kwargs)

    @staticmethod
    def tidy(names: list[Any]) -> list[Any]:
        """`[" Berlin", "", "berlin"]` → `["Berlin"]`."""
        kept: dict[Any, Any] = {}
        for name in names:
            name = name.strip() if isinstance(name, str) else name
            if name != "":
                kept.setdefault(_in_lower_case(name) if isinstance(name, str) else name, name)
        return list(kept.values())
