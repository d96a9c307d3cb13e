"""From a constraint's name to the words people read: looked up, never restated."""

from django.apps import apps
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, models
from django.db.models import ProtectedError, Q, RestrictedError

UNKNOWN = "This conflicts with what is stored. Reload and try again."


def validation_error(error: IntegrityError) -> ValidationError:
    """The ValidationError that `full_clean()` would have raised, had the race not slipped past it."""
    name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
    for model in apps.get_models():
        for constraint in model._meta.constraints:
            if constraint.name == name:
                message = ValidationError(str(constraint.violation_error_message), code=constraint.violation_error_code)
                return ValidationError({_field(constraint): [message]})
    return ValidationError({NON_FIELD_ERRORS: [ValidationError(_foreign_key_message(error), code="conflict")]})


def protected_message(error: ProtectedError | RestrictedError) -> str:
    """Why something can't be deleted, and what to do instead."""
    objects = error.protected_objects if isinstance(error, ProtectedError) else error.restricted_objects
    kinds = {obj._meta for obj in objects}
    names = ", ".join(sorted(str(kind.verbose_name_plural) for kind in kinds))
    may_go = all("delete" in kind.default_permissions for kind in kinds)
    advice = "Delete those first, or deactivate it instead." if may_go else "Deactivate it instead."
    return f"It can't be deleted: {names} still belong to it. {advice}"


def _field(constraint: models.BaseConstraint) -> str:
    """The field a constraint is about, where it is about one alone."""
    return getattr(constraint, "field", NON_FIELD_ERRORS)


def _foreign_key_message(error: IntegrityError) -> str:
    diag = getattr(error.__cause__, "diag", None)
    if diag is not None and diag.sqlstate == "23503":
        return "Something this refers to was deleted meanwhile. Reload and try again."
    return UNKNOWN


class _AboutOneField:
    """Shows a constraint's message beside the field it is about.

    Django shows it above the form, where nobody sees which field is meant.
    """

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
        """Migrations and clones keep the field."""
        path, args, kwargs = super().deconstruct()  # type: ignore[misc]
        return path, args, kwargs | {"field": self.field}


class FieldCheck(_AboutOneField, models.CheckConstraint):
    """A check about one field."""


class FieldUnique(_AboutOneField, models.UniqueConstraint):
    """A uniqueness about one field."""


def duration_checks(
    name: str, *, value: str, unit: str, what: str, units: type[models.TextChoices]
) -> list[models.BaseConstraint]:
    """For a duration in two fields: both or neither, the value above 0, the unit one of `units`."""
    *others, last = units.values
    return [
        models.CheckConstraint(
            name=f"{name}_value_and_unit_together",
            condition=Q(**{f"{value}__isnull": True, f"{unit}__isnull": True})
            | Q(**{f"{value}__isnull": False, f"{unit}__isnull": False}),
            violation_error_message=f"Give both the value and the unit of the {what}, or neither.",
        ),
        FieldCheck(
            field=value,
            name=f"{name}_is_positive",
            condition=Q(**{f"{value}__isnull": True}) | Q(**{f"{value}__gt": 0}),
            violation_error_message=f"The {what} must be more than 0.",
        ),
        FieldCheck(
            field=unit,
            name=f"{name}_unit_is_known",
            condition=Q(**{f"{unit}__isnull": True}) | Q(**{f"{unit}__in": units.values}),
            violation_error_message=f"Choose {', '.join(others)} or {last}.",
        ),
    ]
