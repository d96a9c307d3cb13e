"""Turns a violated database constraint into the message that users see, beside the field it is about."""

from typing import TYPE_CHECKING

from django.apps import apps
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, models
from django.db.models import ProtectedError, Q, RestrictedError
from django.utils.functional import lazy
from django.utils.text import get_text_list
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

CONFLICT = _("This conflicts with stored data. Reload and try again.")
NO_SUCH_REFERENCE = _("There is no such object, or you may not see it.")
REFERENCE_IS_GONE = _("Something this refers to has been deleted in the meantime. Reload and try again.")


def validation_error(error: IntegrityError) -> ValidationError:
    """The ValidationError that `full_clean()` would have raised if it had seen what other transactions stored since."""
    name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
    for model in apps.get_models():
        if name == f"{model._meta.db_table}_pkey":
            key = model._meta.pk.name
            return ValidationError({key: [model().unique_error_message(model, (key,))]})
        for constraint in model._meta.constraints:
            if constraint.name == name:
                message = ValidationError(constraint.get_violation_error_message())
                return with_constraint_code(ValidationError({_field(constraint): [message]}), constraint)
    reason = REFERENCE_IS_GONE if _is_foreign_key(error) else CONFLICT
    return ValidationError({NON_FIELD_ERRORS: [ValidationError(reason, code="conflict")]})


def with_constraint_code(error: ValidationError, constraint: models.BaseConstraint) -> ValidationError:
    """Give each message without a code the constraint's own code, or else its name: callers needn't compare texts."""
    by_field = error.error_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.error_list}
    for messages in by_field.values():
        for message in messages:
            message.code = message.code or constraint.violation_error_code or constraint.name
    return error


def protected_message(error: ProtectedError | RestrictedError) -> str:
    """Why something can't be deleted, and what to do instead."""
    objects = error.protected_objects if isinstance(error, ProtectedError) else error.restricted_objects
    kinds = {obj._meta for obj in objects}
    related = get_text_list(sorted(str(kind.verbose_name_plural) for kind in kinds), gettext("and"))
    if all("delete" in kind.default_permissions for kind in kinds):
        message = gettext(
            "This can't be deleted: it still has %(related)s. Delete them first, or deactivate it instead."
        )
    else:
        message = gettext("This can't be deleted: it still has %(related)s. Deactivate it instead.")
    return message % {"related": related}


def _choose_one_of(values: list[str]) -> str:
    return gettext("Choose %(values)s.") % {"values": get_text_list(values, gettext("or"))}


# The message for an unknown choice, such as “Choose seconds, minutes or hours.” It is translated when it is shown.
choose_one_of = lazy(_choose_one_of, str)


def _field(constraint: models.BaseConstraint) -> str:
    """The field that the message belongs to, if it is about a single one."""
    return getattr(constraint, "field", NON_FIELD_ERRORS)


def _is_foreign_key(error: IntegrityError) -> bool:
    diag = getattr(error.__cause__, "diag", None)
    return diag is not None and diag.sqlstate == "23503"


class _AboutOneField:
    """Shows a constraint's message beside the field it is about. Django would show it above the form."""

    def __init__(self, *args: object, field: str, **kwargs: object) -> None:
        self.field = field
        super().__init__(*args, **kwargs)

    def validate(self, model: type[models.Model], instance: models.Model, *args: object, **kwargs: object) -> None:
        """Raise ValidationError under the field's name."""
        try:
            super().validate(model, instance, *args, **kwargs)  # type: ignore[misc]
        except ValidationError as error:
            raise ValidationError({self.field: error.error_list}) from error

    def deconstruct(self) -> tuple[str, tuple[object, ...], dict[str, object]]:
        path, args, kwargs = super().deconstruct()  # type: ignore[misc]
        return path, args, kwargs | {"field": self.field}


class FieldCheck(_AboutOneField, models.CheckConstraint):
    """A check whose message belongs to one field."""


class FieldUnique(_AboutOneField, models.UniqueConstraint):
    """A unique constraint whose message belongs to one field."""


def duration_checks(
    name: str,
    *,
    value: str,
    unit: str,
    units: type[models.TextChoices],
    both_or_neither: "StrPromise",
    above_zero: "StrPromise",
) -> list[models.BaseConstraint]:
    """For a duration in two fields: both or neither is set, the value is above 0, and the unit is one of `units`.

    `both_or_neither` and `above_zero` are the messages.
    """
    return [
        models.CheckConstraint(
            name=f"{name}_value_and_unit_together",
            condition=Q(**{f"{value}__isnull": True, f"{unit}__isnull": True})
            | Q(**{f"{value}__isnull": False, f"{unit}__isnull": False}),
            violation_error_message=both_or_neither,
        ),
        FieldCheck(
            field=value,
            name=f"{name}_is_positive",
            condition=Q(**{f"{value}__isnull": True}) | Q(**{f"{value}__gt": 0}),
            violation_error_message=above_zero,
        ),
        FieldCheck(
            field=unit,
            name=f"{name}_unit_is_known",
            condition=Q(**{f"{unit}__isnull": True}) | Q(**{f"{unit}__in": units.values}),
            violation_error_message=choose_one_of(units.values),
        ),
    ]
