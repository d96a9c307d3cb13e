"""The fields that serializers share. Their messages say what to send."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from campaign_studio.api.documents.rows import only_row
from campaign_studio.api.refusals import first_of
from campaign_studio.constraints import NO_SUCH_REFERENCE
from campaign_studio.encryption import MASK
from campaign_studio.faults import NOT_IN_THE_CALENDAR, DateFault, fault_of_date, quoted, with_point
from campaign_studio.places import country_choices, country_code
from campaign_studio.querysets import StudioQuerySet

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

EMPTY_PARAMETER = _("Send a value, or leave this parameter out.")
NOT_A_LIST = _("Send a JSON list.")
NOT_A_COUNTRY = _("“{input}” is not a country. Send an ISO 3166-1 code such as DE, or the name of a country.")
NOT_A_TEXT = _("Send a text in quotation marks.")
DATE_FAULTS: dict[str, "str | StrPromise"] = {
    DateFault.NO_SUCH_MONTH: _(
        "“{input}” has no month from 01 to 12. Send the year, the month and the day, as in 2027-01-31."
    ),
    DateFault.NO_SUCH_DAY: _("“{input}” doesn't exist: {month} has {days} days."),
    DateFault.WITH_TIME: _("“{input}” has a time of day. Send the date alone, such as 2027-01-31."),
    DateFault.OTHER_FORM: _("“{input}” is not in the form YYYY-MM-DD. Send {date}."),
    DateFault.NOT_A_DATE: _("“{input}” is not a date in the form YYYY-MM-DD, such as 2027-01-31."),
}
MOMENT_FAULTS: dict[str, "str | StrPromise"] = {kind: DATE_FAULTS[kind] for kind in NOT_IN_THE_CALENDAR}
NOT_A_MOMENT = _("“{input}” is not a date and time in ISO 8601, such as 2027-01-31T08:15:00Z.")


def day_in(value: object) -> date | None:
    """The date that a value from a body or a query string means, if it is one."""
    try:
        return parse_date(value.strip()) if isinstance(value, str) else None
    except ValueError:
        return None


def date_refusal(value: object) -> tuple[DateFault, dict[str, object]]:
    """Why a value isn't accepted as a date: the key in DATE_FAULTS, and the parameters of the message."""
    kind, of, days = fault_of_date(str(value).strip())
    month = date_format(of, "F Y") if of else ""
    return kind, {"input": quoted(value), "date": of, "month": month, "days": days}


def moment_refusal(value: object) -> tuple[str, dict[str, object]]:
    """Why a value isn't accepted as a date and time: the key in MOMENT_FAULTS or `invalid`, and the parameters."""
    kind, params = date_refusal(value)
    return kind if kind in MOMENT_FAULTS else "invalid", params


class DayField(serializers.DateField):
    """A date. What is refused is refused for what is wrong with it."""

    default_error_messages: ClassVar = DATE_FAULTS

    def to_internal_value(self, value: Any) -> date:
        day = day_in(value)
        if value == "":
            self.fail("required")
        if day is None:
            kind, params = date_refusal(value)
            self.fail(kind, **params)
        return day


class DegreesField(serializers.FloatField):
    """A latitude or longitude."""

    default_error_messages: ClassVar = {
        "not_degrees": _("“{input}” is not a number. Send degrees with a decimal point, such as 52.52 or -13.4."),
        "comma": _("“{input}” has a decimal comma. Send it with a point: {number}."),
    }

    def to_internal_value(self, data: Any) -> float:
        try:
            return super().to_internal_value(data)
        except ValidationError as error:
            number = with_point(str(data).strip())
            code = "comma" if number else "not_degrees"
            message = self.error_messages[code].format(input=quoted(data), number=number)
            raise ValidationError(message, code) from error


class VisibleRelatedField(serializers.PrimaryKeyRelatedField):
    """An id in a request body. Only objects that the user may see are accepted."""

    default_error_messages: ClassVar = {"does_not_exist": NO_SUCH_REFERENCE}

    def __init__(self, **kwargs: Any) -> None:
        if not kwargs.get("read_only"):
            kwargs.setdefault("pk_field", serializers.UUIDField())
        super().__init__(**kwargs)

    queryset: StudioQuerySet | None

    def to_internal_value(self, data: object) -> Any:
        """The object, read by a statement that is compiled once."""
        key = self.pk_field.to_internal_value(data) if self.pk_field else data
        rows = self.get_queryset()
        row = None if rows is None else only_row(rows.filter(pk=key))
        if row is None:
            self.fail("does_not_exist", pk_value=key)
        return row

    def get_queryset(self) -> StudioQuerySet | None:
        return None if self.queryset is None else self.queryset.all().visible_to(self.context["request"].user)


class CountryField(serializers.ChoiceField):
    """An ISO 3166-1 alpha-2 code. English names and alpha-3 codes are accepted too."""

    default_error_messages = {"invalid_choice": NOT_A_COUNTRY}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=country_choices(), **kwargs)

    def to_internal_value(self, data: Any) -> str:
        return super().to_internal_value((country_code(data) or data) if isinstance(data, str) else data)


class CountryTextField(serializers.CharField):
    """A country in a query string, by its code or a name, as its alpha-2 code."""

    default_error_messages = {"invalid_choice": NOT_A_COUNTRY}

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        code = country_code(text)
        if code is None:
            self.fail("invalid_choice", input=text)
        return code


class ForReader(serializers.Field):
    """Reads what a method of the row returns for the user who asks."""

    def get_attribute(self, instance: Any) -> Any:
        return getattr(instance, str(self.source))(self.context["request"].user)


class TextForReader(ForReader, serializers.CharField):
    """A text that depends on who reads it."""


class AllowedActions(ForReader, serializers.ListField):
    """What the reader may do with the object. Other rules may still refuse what a request contains."""

    def __init__(self, *, choices: Iterable[str], **kwargs: Any) -> None:
        child = serializers.ChoiceField(choices=[(name, name) for name in choices])
        help_text = _("What you may do with the object now. Rules about what a request contains may still refuse it.")
        super().__init__(child=child, source="allowed_actions_for", read_only=True, help_text=help_text, **kwargs)


class EnumField(serializers.CharField):
    """One of a few values, which a layer above knows. `enum` is their name in the OpenAPI document."""

    def __init__(self, enum: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.enum = enum


class NameField(serializers.CharField):
    """A name. A number isn't one: as a number, the postcode 01067 has lost its zero."""

    default_error_messages: ClassVar = {"invalid": NOT_A_TEXT}

    def to_internal_value(self, data: object) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class TextListField(serializers.ListField):
    """A list of names; null means the empty list."""

    default_error_messages: ClassVar = {"not_a_list": NOT_A_LIST}
    child = NameField(max_length=200, allow_blank=True)

    def to_internal_value(self, data: Any) -> list[Any]:
        """Check the length of the list before its elements."""
        if isinstance(data, list):
            self.run_validators(data)
        return super().to_internal_value(data)

    def run_child_validation(self, data: list[Any]) -> list[Any]:
        """Validate every element, and report the first 20 that are wrong."""
        values: list[Any] = []
        problems = first_of(((index,), detail) for index, detail in self._wrong(data, values))
        if problems:
            raise ValidationError(problems)
        return values

    def _wrong(self, data: list[Any], values: list[Any]) -> Iterator[tuple[int, Any]]:
        """What is wrong, by index. The valid elements are added to `values`."""
        for index, element in enumerate(data):
            try:
                values.append(self.child.run_validation(element))
            except ValidationError as error:
                yield index, error.detail

    def validate_empty_values(self, data: object) -> tuple[bool, object]:
        return (True, []) if data is None else super().validate_empty_values(data)


class SecretField(serializers.CharField):
    """A secret, which is read as `••••6789`. Sending the mask back leaves the value unchanged."""

    def run_validation(self, data: object = serializers.empty) -> str | None:
        """Skip the field if the value is the mask."""
        if isinstance(data, str) and data.startswith(MASK):
            raise serializers.SkipField
        return super().run_validation(data)
