"""How tests ask twice: the model must refuse with the words people read, the database by the constraint's name."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction


def assert_model_refuses(instance: models.Model, field: str, message: str, **changes: Any) -> None:
    """`full_clean()` says `message` beside `field` once `changes` are made; for the whole form, `__all__`."""
    for name, value in changes.items():
        setattr(instance, name, value)
    with pytest.raises(ValidationError) as refused:
        instance.full_clean()
    assert field in refused.value.message_dict, refused.value.message_dict
    assert any(message in said for said in refused.value.message_dict[field]), refused.value.message_dict


def assert_database_refuses(constraint: str, write: Callable[[], Any]) -> None:
    """`write()` goes past every check in Python and is stopped by the constraint of that name."""
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        write()
    diagnosis = getattr(refused.value.__cause__, "diag", None)
    assert diagnosis is not None
    assert diagnosis.constraint_name == constraint


def write_past_the_model(instance: models.Model, **changes: Any) -> Callable[[], Any]:
    """An update that asks neither `clean()` nor `save()`."""
    return lambda: type(instance)._base_manager.filter(pk=instance.pk).update(**changes)
