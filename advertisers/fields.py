"""A model field for phone numbers."""

from typing import Any

from django.db import models

from advertisers.phones import LONGEST, stored_form


class PhoneField(models.CharField):
    """A phone number as `advertisers.phones` stores it. The model validates it, because it also knows the country."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", LONGEST)
        super().__init__(**kwargs)

    def get_prep_value(self, value: object) -> Any:
        """Normalise here as well, for `save()` without `full_clean()`."""
        text = super().get_prep_value(value)
        return (stored_form(text) or text) if isinstance(text, str) else text
