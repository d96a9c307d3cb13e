"""The base classes of all serializers. Only models validate; serializers pass their messages on."""

import copy
from collections.abc import Mapping
from typing import Any, ClassVar, TypeAlias, cast

from django.core.exceptions import ValidationError as ModelValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.settings import api_settings

from campaign_studio.api.errors import as_detail
from campaign_studio.api.fields import NOT_A_LIST

# Messages nested as the input is, in DRF's types.
Errors: TypeAlias = Any
# Validated values by field.
Values = dict[str, Any]

# Instead of DRF's messages, which name Python types.
NOT_AN_OBJECT = _('Send a JSON object, such as {{"field": "value"}}.')
UNKNOWN_FIELD = _("There is no such field. /api/docs lists the fields.")


class StrictFields(serializers.Serializer):
    """Refuses unknown fields by name. `""` means null wherever null is allowed, as in HTML forms."""

    default_error_messages: ClassVar = {"invalid": NOT_AN_OBJECT}

    def to_internal_value(self, data: Any) -> Values:
        """Report unknown fields together with wrong values."""
        if not isinstance(data, Mapping):
            # DRF refuses it with NOT_AN_OBJECT.
            return cast("Values", super().to_internal_value(data))
        unknown = {
            str(name): [ErrorDetail(str(UNKNOWN_FIELD), "unknown_field")] for name in data if name not in self.fields
        }
        try:
            values = super().to_internal_value({name: self._or_null(name, value) for name, value in data.items()})
        except ValidationError as error:
            if not isinstance(error.detail, dict):
                raise
            wrong = {name: self._flat(name, detail) for name, detail in error.detail.items()}
            raise ValidationError({**wrong, **unknown}) from error
        if unknown:
            raise ValidationError(unknown)
        return cast("Values", values)

    def _flat(self, name: str, errors: Errors) -> Errors:
        """Give the errors of a list as a whole the same shape as those of any other field."""
        if isinstance(self.fields.get(name), serializers.ListSerializer) and isinstance(errors, dict):
            return errors.get(api_settings.NON_FIELD_ERRORS_KEY, errors)
        return errors

    def _or_null(self, name: str, value: object) -> object:
        field = self.fields.get(name)
        return None if value == "" and field is not None and field.allow_null else value


class StudioSerializer(StrictFields, serializers.ModelSerializer):
    """A row as JSON. `Meta.parts` names the nested fields whose rows are parts of this one and are written with it.
    If such a field is absent, its rows stay; if it is present, it replaces them.

    `is_valid()` validates `proposed`, a copy of the row with the values that were sent. `save()` writes that copy; the
    original row stays unchanged. A new row starts from `context["new_row"]` if the URL names a parent.
    """

    proposed: models.Model

    def get_validators(self) -> list[Any]:
        """No validators: the constraints of the model check uniqueness."""
        return []

    def build_standard_field(
        self, field_name: str, model_field: models.Field
    ) -> tuple[type[serializers.Field], dict[str, object]]:
        field_class, kwargs = super().build_standard_field(field_name, model_field)
        if model_field.unique:
            kwargs.pop("validators", None)
        return field_class, kwargs

    @property
    def parts(self) -> tuple[str, ...]:
        """The nested fields whose rows are written with this one."""
        return getattr(self.Meta, "parts", ())

    def validate(self, attrs: Values) -> Values:
        """Validate the row as it would be stored. Nested rows are validated when they are written."""
        if self.parent is not None:
            return attrs
        self.proposed = self._copy_of_row()
        for name, value in attrs.items():
            if name not in self.parts:
                setattr(self.proposed, name, value)
        self.prepare(attrs)
        try:
            self.proposed.full_clean()
        except ModelValidationError as error:
            raise ValidationError(self._renamed(as_detail(error))) from error
        return attrs

    def prepare(self, attrs: Values) -> None:
        """Hook: give `proposed` what its rules need besides its columns, such as the parts that will be written."""

    def create(self, validated_data: Values) -> models.Model:
        return self._write(validated_data)

    def update(self, instance: models.Model, validated_data: Values) -> models.Model:
        return self._write(validated_data)

    def _copy_of_row(self) -> models.Model:
        row = self.instance or self.context.get("new_row")
        if not isinstance(row, models.Model):
            return _model_of(self)()
        # The copy has its own `_state` and cache of relations, but shares related and prefetched rows. The stored
        # values are safe to share: StudioModel replaces that dict and never changes it.
        return copy.copy(row)

    def _write(self, attrs: Values) -> models.Model:
        self.proposed.save()
        for name in self.parts:
            if name in attrs:
                field = self.fields[name]
                if isinstance(field, serializers.ListSerializer):
                    write_rows(self.proposed, name, cast("StudioSerializer", field.child), attrs[name])
                else:
                    write_row(self.proposed, name, _model_of(cast("StudioSerializer", field)), attrs[name])
        return self.proposed

    def _renamed(self, errors: dict[str, list[ErrorDetail]]) -> dict[str, list[ErrorDetail]]:
        """Errors under the names that the client sent: `advertiser` → `advertiser_id`."""
        names = {field.source: name for name, field in self.fields.items()}
        return {names.get(name, name): messages for name, messages in errors.items()}


def _model_of(serializer: StudioSerializer) -> type[models.Model]:
    return cast("type[models.Model]", serializer.Meta.model)


def write_rows(parent: models.Model, name: str, child: StudioSerializer, rows: list[Values]) -> None:
    """Replace the parent's rows in relation `name` by `rows`. The caller holds the parent's lock.

    A row that names its key, or equals a stored row, keeps its key. Stored rows that are no longer listed are deleted.
    Raises ValidationError with errors by index, as DRF does.
    """
    manager = getattr(parent, name)
    flag = manager.model.flag_field
    flagged = [index for index, values in enumerate(rows) if flag and values.get(flag)]
    if len(flagged) > 1:
        twice: Any = {index: {flag: [manager.model.only_one_message]} for index in flagged[1:]}
        raise ValidationError({name: twice})
    key = manager.model._meta.pk.name
    left = {row.pk: row for row in manager.all()}
    planned = []
    for index, values in enumerate(rows):
        sent_key = values.pop(key, None)
        if sent_key not in left:
            values = _with_defaults(child, values)
        row = left.get(sent_key) or next((row for row in left.values() if _equals(row, values)), None)
        if row is not None:
            del left[row.pk]
        planned.append((index, row or manager.model(**{manager.field.name: parent}), values))
    for row in left.values():
        row.delete()
    errors: dict[int, dict[str, list[ErrorDetail]]] = {}
    # New rows are written last.
    for index, row, values in sorted(planned, key=lambda plan: plan[1]._state.adding):
        if row._state.adding or not _equals(row, values):
            errors[index] = _write_part(row, values)
    wrong: Errors = {index: found for index, found in errors.items() if found}
    if wrong:
        raise ValidationError({name: wrong})


def _with_defaults(child: StudioSerializer, values: Values) -> Values:
    """The values with the model's defaults for the fields that are missing in a new row."""
    model = _model_of(child)
    fields = {field.name: field for field in model._meta.concrete_fields if not field.primary_key}
    names = [str(field.source) for field in child.fields.values() if not field.read_only and field.source in fields]
    return {name: fields[name].get_default() for name in names if name not in values} | values


def write_row(parent: models.Model, name: str, model: type[models.Model], values: Values | None) -> None:
    """Set the parent's single row in relation `name` to `values`; None deletes it."""
    to_parent = cast("models.OneToOneRel", parent._meta.get_field(name)).field.name
    row = model._default_manager.filter(**{to_parent: parent}).first()
    if values is None:
        if row is not None:
            row.delete()
        return
    row = row or model()
    setattr(row, to_parent, parent)
    errors = _write_part(row, values)
    if errors:
        raise ValidationError({name: errors})


def _write_part(row: models.Model, values: Values) -> dict[str, list[ErrorDetail]]:
    """Validate and save one part; return its errors."""
    for name, value in values.items():
        setattr(row, name, value)
    try:
        row.full_clean()
    except ModelValidationError as error:
        return as_detail(error)
    row.save()
    return {}


def _equals(row: models.Model, values: Values) -> bool:
    return all(getattr(row, name) == value for name, value in values.items())


class RowListSerializer(serializers.ListSerializer):
    """The nested rows of an object."""

    default_error_messages: ClassVar = {"not_a_list": NOT_A_LIST}
