"""A model field for lists of place names, trimmed and without blanks or duplicates."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from campaign_studio.models.base import one_line
from campaign_studio.places import name_key

MAX_NAMES = 5_000
ONLY_BLANKS = _("Every name in this list is blank. Enter at least one name, or leave the list empty.")


def too_many_names() -> ValidationError:
    """The refusal of a list with more than 5,000 names."""
    return ValidationError(gettext("Enter at most %(max)d names."), code="max_length", params={"max": MAX_NAMES})


class NameListField(ArrayField):
    """An array of names. Names are trimmed, blanks and other spellings of a name are dropped, and the order is kept.

    Each name is one line: forms show a list with a name in each line.

    An empty list means everywhere, so a list of only blanks is refused: emptying it would silently widen the targeting.
    The API, the console and commands all rely on this field alone.
    """

    # Validate None too: it becomes the empty list.
    empty_values = ()

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("base_field", models.CharField(max_length=200))
        kwargs.setdefault("default", list)
        kwargs.setdefault("blank", True)
        super().__init__(**kwargs)

    def to_python(self, value: object) -> list[str]:
        """The tidied list; None becomes the empty list. Raises ValidationError for anything but a list of names."""
        try:
            names = [] if value is None else super().to_python(value)
        except ValueError:
            names = None
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ValidationError(gettext("Enter a list of names."), code="list")
        if len(names) > MAX_NAMES:
            raise too_many_names()
        return self.tidy(names)

    def get_db_prep_value(self, value: object, *args: Any, **kwargs: Any) -> Any:
        """Tidy here as well, so that `save()` without `full_clean()` writes no blanks."""
        return super().get_db_prep_value(self.tidy(value) if isinstance(value, list) else value, *args, **kwargs)

    @staticmethod
    def tidy(names: list[Any]) -> list[Any]:
        """`[" Berlin", "", "berlin"]` → `["Berlin"]`. Raises ValidationError if every name is blank."""
        kept: dict[object, object] = {}
        for name in names:
            name = one_line(name.strip()) if isinstance(name, str) else name
            key = name_key(name) if isinstance(name, str) else name
            if key != "":
                kept.setdefault(key, name)
        if names and not kept:
            raise ValidationError(ONLY_BLANKS, code="blank")
        return list(kept.values())
