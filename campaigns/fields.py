"""Lists of place names."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models


class NameListField(ArrayField):
    """A text array kept tidy: entries trimmed, blank ones and repeats (whatever the case) dropped, order kept."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("base_field", models.CharField(max_length=200))
        kwargs.setdefault("default", list)
        kwargs.setdefault("blank", True)
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> Any:
        """Tidy a list; anything else is left for validation to refuse."""
        value = super().to_python(value)
        return self.tidy(value) if isinstance(value, list) else value

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
                kept.setdefault(name.casefold() if isinstance(name, str) else name, name)
        return list(kept.values())
