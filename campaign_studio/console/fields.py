"""The console's form fields for dates and numbers: what is refused is refused for what is wrong with it."""

from datetime import date, time
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import formats
from django.utils.translation import gettext_lazy as _

from campaign_studio.faults import DateFault, fault_of_date, quoted, with_point

NOT_A_DATE = _("“%(input)s” is not a date. Enter it like %(example)s.")
DATE_FAULTS = {
    DateFault.NO_SUCH_MONTH: _("“%(input)s” has no month from 1 to 12. Enter the date like %(example)s."),
    DateFault.NO_SUCH_DAY: _("“%(input)s” doesn't exist: %(month)s has %(days)s days."),
    DateFault.WITH_TIME: _("“%(input)s” has a time of day. Enter the date alone, like %(example)s."),
    DateFault.OTHER_FORM: NOT_A_DATE,
    DateFault.NOT_A_DATE: NOT_A_DATE,
}
NOT_A_TIME = _("“%(input)s” is not a time of day. Enter hours and minutes, from 00:00 to 23:59.")
EXAMPLE = date(2027, 1, 31)


class DayField(forms.DateField):
    """A date in the formats of the language, or as YYYY-MM-DD."""

    def to_python(self, value: Any) -> date | None:
        try:
            return super().to_python(value)
        except ValidationError as error:
            kind, of, days = fault_of_date(str(value).strip())
            params = {
                "input": quoted(str(value).strip()),
                "example": formats.localize_input(EXAMPLE),
                "month": formats.date_format(of, "F Y") if of else "",
                "days": days,
            }
            raise ValidationError(DATE_FAULTS[kind], code=kind, params=params) from error


class DegreesField(forms.FloatField):
    """A latitude or longitude."""

    default_error_messages: ClassVar = {
        "not_degrees": _("“%(input)s” is not a number. Enter degrees with a decimal point, such as 52.52 or -13.4."),
        "comma": _("“%(input)s” has a decimal comma. Enter it with a point: %(number)s."),
    }

    # The type stubs say that every number is whole.
    def to_python(self, value: object) -> Any:
        try:
            return super().to_python(value)
        except ValidationError as error:
            number = with_point(str(value).strip())
            code = "comma" if number else "not_degrees"
            params = {"input": quoted(str(value).strip()), "number": number}
            raise ValidationError(self.error_messages[code], code=code, params=params) from error


class TimeOfDayField(forms.TimeField):
    """A time of day."""

    def to_python(self, value: Any) -> time | None:
        try:
            return super().to_python(value)
        except ValidationError as error:
            raise ValidationError(NOT_A_TIME, code="invalid", params={"input": quoted(str(value).strip())}) from error


# For `formfield_overrides` of pages and inlines.
FORM_FIELDS: dict[type[models.Field], dict[str, type[forms.Field]]] = {
    models.DateField: {"form_class": DayField},
    models.TimeField: {"form_class": TimeOfDayField},
    models.FloatField: {"form_class": DegreesField},
}
