"""The filters that lists declare. Their messages are those of serializers."""

import re
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import QuerySet
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django_filters import (
    BaseInFilter,
    CharFilter,
    ChoiceFilter,
    DateFilter,
    FilterSet,
    IsoDateTimeFilter,
    TypedChoiceFilter,
    UUIDFilter,
)
from django_filters.fields import BaseCSVField
from django_filters.widgets import BaseCSVWidget
from drf_spectacular.utils import extend_schema_field

from campaign_studio.api.fields import (
    DATE_FAULTS,
    EMPTY_PARAMETER,
    MOMENT_FAULTS,
    NOT_A_COUNTRY,
    NOT_A_MOMENT,
    date_refusal,
    day_in,
    moment_refusal,
)
from campaign_studio.moments import moment_in
from campaign_studio.places import country_code

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

# As many forms as a process keeps: one for each set of filters that is in use.
FORMS = 500
# Instead of the id of the user who asks.
ME = "me"
PLACEHOLDER = re.compile(r"\{(\w+)\}")


class RepeatableWidget(BaseCSVWidget):
    """Reads `a=1,2` and `a=1&a=2` alike."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str] | None:
        return [one for text in data.getlist(name) for one in text.split(",")] if name in data else None


class RepeatableField(BaseCSVField):
    """Several values. An empty one isn't a value."""

    base_widget_class = RepeatableWidget

    def clean(self, value: list[str] | None) -> list[str] | None:
        if value and not all(value):
            raise DjangoValidationError(EMPTY_PARAMETER, "empty_parameter")
        found: list[str] | None = super().clean(value)
        return found


class ChoiceListFilter(BaseInFilter, ChoiceFilter):
    """`?campaign_status=active,paused` or `?campaign_status=active&campaign_status=paused`: any of several choices."""

    base_field_class = RepeatableField


class OnceBuiltFilterSet(FilterSet):
    """The filters of a list, whose form is built once. django-filter would build it for every request.

    A form copies all of its fields for every request, so it has only those that were sent. Filters that read each
    other's values are named `together`: if one is sent, the form has all of them.
    """

    together: ClassVar[frozenset[str]] = frozenset()

    def get_form_class(self) -> type[forms.Form]:
        sent = self.base_filters.keys() & self.data.keys()
        return self._form_of(frozenset(sent | self.together if sent & self.together else sent), get_language())

    @classmethod
    @lru_cache(maxsize=FORMS)
    def _form_of(cls, names: frozenset[str], language: str | None) -> type[forms.Form]:
        """The form with these fields, whose labels are in the `language` of the moment."""
        # Filters that several models share have no model of their own.
        rows: QuerySet[Any] | None = None if cls._meta.model else QuerySet()
        whole = super(OnceBuiltFilterSet, cls(queryset=rows)).get_form_class()
        left_out = dict.fromkeys(cls.base_filters.keys() - names)
        return type(whole)(whole.__name__, (whole,), left_out)


class YesNoFilter(TypedChoiceFilter):
    """`true` or `false`. Anything else is refused. django-filter's BooleanFilter would ignore it."""

    def __init__(self, **kwargs: object) -> None:
        choices = [("true", "true"), ("false", "false")]
        super().__init__(choices=choices, coerce=lambda text: text == "true", **kwargs)


def _refusal(message: "str | StrPromise", code: str, params: dict[str, object]) -> DjangoValidationError:
    """A refusal in the words of serializers. django-filter fills in the parameters, which may contain percent signs."""
    return DjangoValidationError(PLACEHOLDER.sub(r"%(\1)s", str(message)), code, params)


class DayField(forms.DateField):
    """A date as serializers read it. Django's own field would read it in the language of the request."""

    def to_python(self, value: object) -> date | None:
        if value in self.empty_values:
            return None
        day = day_in(value)
        if day is None:
            kind, params = date_refusal(value)
            raise _refusal(DATE_FAULTS[kind], kind, params)
        return day


class DayFilter(DateFilter):
    """A date, as YYYY-MM-DD."""

    field_class = DayField


class MomentField(forms.DateTimeField):
    """A date and time, as ISO 8601."""

    def to_python(self, value: object) -> datetime | None:
        if value in self.empty_values:
            return None
        moment = moment_in(str(value))
        if moment is None:
            code, params = moment_refusal(value)
            raise _refusal(MOMENT_FAULTS.get(code, NOT_A_MOMENT), code, params)
        return moment


class MomentFilter(IsoDateTimeFilter):
    """A date and time, as ISO 8601."""

    field_class = MomentField


class StampedFilterSet(OnceBuiltFilterSet):
    """`?updated_at_after=…`, by which clients poll for changes, and the same for `created_at`."""

    created_at_after = MomentFilter("created_at", "gte", label=_("Created at this time or later."))
    created_at_before = MomentFilter("created_at", "lte", label=_("Created at this time or earlier."))
    updated_at_after = MomentFilter("updated_at", "gte", label=_("Last changed at this time or later."))
    updated_at_before = MomentFilter("updated_at", "lte", label=_("Last changed at this time or earlier."))


class UserField(forms.UUIDField):
    """The id of a user, or `me`."""

    def to_python(self, value: object) -> Any:
        return value if value == ME else super().to_python(value)


@extend_schema_field(
    {
        "anyOf": [{"type": "string", "format": "uuid"}, {"type": "string", "const": ME}],
        # A schema of one's own hides the label.
        "description": _("Only what this user created: the id of a user, or `me` for yourself."),
    }
)
class UserIdFilter(UUIDFilter):
    """Rows of the user with this id. `me` is the user who asks."""

    field_class = UserField

    def filter(self, qs: QuerySet, value: object) -> QuerySet:
        return super().filter(qs, self.parent.request.user.pk if value == ME else value)


class CountryField(forms.CharField):
    """A country by its code or a name, as its alpha-2 code."""

    def to_python(self, value: object) -> str:
        text = super().to_python(value)
        code = country_code(text) if text else ""
        if code is None:
            raise _refusal(NOT_A_COUNTRY, "invalid_choice", {"input": text})
        return code


class CountryFilter(CharFilter):
    """A country by its code or a name, in any case."""

    field_class = CountryField

    def __init__(self, **kwargs: object) -> None:
        super().__init__(lookup_expr="iexact", max_length=100, **kwargs)
