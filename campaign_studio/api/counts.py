"""How many rows of a list there are, in all and by each value of some columns: for tabs and tiles."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Model, QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiResponse, inline_serializer
from rest_framework import serializers

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

DESCRIPTION: "StrPromise" = _(
    "How many objects a list with these filters contains, in all and by each value. For tabs of one filter, leave that "
    "filter out."
)


def counts_of(rows: "QuerySet[Any]", columns: Sequence[str]) -> dict[str, Any]:
    """The total, and for each column the number of rows by value, also of values that no row has. Takes one query."""
    groups = rows.order_by().values_list(*columns).annotate(number=Count("pk"))
    counted: dict[str, Counter[str]] = {name: Counter() for name in columns}
    total = 0
    for *values, number in groups:
        total += number
        for name, value in zip(columns, values, strict=True):
            counted[name][value] += number
    return {"total": total} | {
        name: {value: counted[name][value] for value in _values_of(rows.model, name)} for name in columns
    }


def counts_answer(name: str, model: type[Model], columns: Sequence[str]) -> OpenApiResponse:
    """The answer of `counts_of()` in the OpenAPI document, as the component `name`."""
    fields: dict[str, Any] = {"total": serializers.IntegerField(min_value=0)}
    for column in columns:
        numbers: dict[str, Any] = {value: serializers.IntegerField(min_value=0) for value in _values_of(model, column)}
        fields[column] = inline_serializer(f"{name}By{column.title().replace('_', '')}", numbers)
    return OpenApiResponse(inline_serializer(name, fields), _("The numbers."))


def _values_of(model: type[Model], column: str) -> list[str]:
    return [str(value) for value, _label in model._meta.get_field(column).flatchoices]  # type: ignore[union-attr]
