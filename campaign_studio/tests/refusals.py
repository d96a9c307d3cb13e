"""Assertions about refusals: the model refuses with a message, the database by the name of a constraint."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from rest_framework import exceptions


def assert_model_refuses(instance: models.Model, field: str, refusal: str, **changes: Any) -> None:
    """After `changes`, `full_clean()` refuses `field` (`__all__` for the whole row).

    `refusal` is the code of the error, which for a constraint is its name, or a part of the message.
    """
    for name, value in changes.items():
        setattr(instance, name, value)
    with pytest.raises(ValidationError) as refused:
        instance.full_clean()
    errors = refused.value.error_dict.get(field, [])
    assert any(refusal == error.code or refusal in error.messages[0] for error in errors), refused.value.message_dict


def codes_of(answer: Any) -> Any:
    """The errors of an API answer with their codes in place of the messages, nested as they are."""
    return exceptions.ValidationError(answer.data).get_codes()


def assert_database_refuses(constraint: str, write: Callable[[], Any]) -> None:
    """`write()` bypasses every check in Python and violates the constraint of that name."""
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        write()
    diagnosis = getattr(refused.value.__cause__, "diag", None)
    assert diagnosis is not None
    assert diagnosis.constraint_name == constraint


def write_past_the_model(instance: models.Model, **changes: Any) -> Callable[[], Any]:
    """An update that calls neither `clean()` nor `save()`."""
    return lambda: type(instance)._base_manager.filter(pk=instance.pk).update(**changes)
