"""The base classes of all serializers. Only models validate; serializers pass their messages on."""

import copy
from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar, TypeAlias, TypeVar, cast

from django.core.exceptions import ValidationError as ModelValidationError
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.settings import api_settings

from campaign_studio.api.errors import as_detail
from campaign_studio.api.fields import NOT_A_LIST, DayField, DegreesField
from campaign_studio.models.parts import PartsError, write_with_parts
from campaign_studio.models.versioned import VersionedModel

# Messages nested as the input is, in DRF's types.
Errors: TypeAlias = Any
# Validated values by field.
Values = dict[str, Any]

# Instead of DRF's messages, which name Python types.
NOT_AN_OBJECT = _('Send a JSON object, such as {{"field": "value"}}.')
UNKNOWN_FIELD = _("There is no such field. /api/docs lists the fields.")


AnyField = TypeVar("AnyField", bound=serializers.Field)


class OnceBuiltFields(serializers.Serializer):
    """Derives its fields once per class, and gives each instance copies. DRF would derive them for every request."""

    def get_fields(self) -> dict[str, serializers.Field]:
        """The fields of the class, which this instance may alter. What depends on the instance is up to subclasses."""
        return {name: _copied(field) for name, field in _fields_of(type(self), get_language()).items()}


@cache
def _fields_of(kind: type[OnceBuiltFields], language: str | None) -> dict[str, serializers.Field]:
    """The fields of a serializer. DRF puts the limits into messages once, in the `language` of the moment."""
    return super(OnceBuiltFields, kind()).get_fields()


def _copied(field: AnyField) -> AnyField:
    """A copy with its own parent, and so its own context. DRF's own copies are built anew from their arguments."""
    # As `copy.copy()` does, but six times as fast: a request copies dozens of fields.
    twin = type(field).__new__(type(field))
    vars(twin).update(vars(field))
    for name in ("child", "child_relation"):
        if name in vars(twin):
            child = _copied(getattr(twin, name))
            # It is bound already, and `bind()` must not be called twice.
            child.parent = twin
            setattr(twin, name, child)
    return twin


class StrictFields(OnceBuiltFields):
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

    serializer_field_mapping: ClassVar = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.DateField: DayField,
        models.FloatField: DegreesField,
    }

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
        """Save the row and its parts."""
        parts = {name: attrs[name] for name in self.parts if name in attrs}
        row = cast("VersionedModel", self.proposed)
        try:
            write_with_parts(cast("models.Model | None", self.instance), row, parts)
        except PartsError as error:
            raise ValidationError(as_nested_detail(error)) from error
        return row

    def _renamed(self, errors: dict[str, list[ErrorDetail]]) -> dict[str, list[ErrorDetail]]:
        """Errors under the names that the client sent: `advertiser` → `advertiser_id`."""
        names = {field.source: name for name, field in self.fields.items()}
        return {names.get(name, name): messages for name, messages in errors.items()}


def as_nested_detail(error: PartsError) -> dict[str, Any]:
    """The errors of parts, nested as the input is."""
    if isinstance(error.errors, ModelValidationError):
        return {error.name: as_detail(error.errors)}
    return {error.name: {index: as_detail(one) for index, one in error.errors.items()}}


def _model_of(serializer: StudioSerializer) -> type[models.Model]:
    return cast("type[models.Model]", serializer.Meta.model)


class RowListSerializer(serializers.ListSerializer):
    """The nested rows of an object."""

    default_error_messages: ClassVar = {"not_a_list": NOT_A_LIST}
