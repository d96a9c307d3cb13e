"""Fields for long lists of choices: countries, currencies, time zones. A page contains each list once.

A select would repeat it in each row. Such a field is a line of text with suggestions, and works without a script too.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib.admin.options import BaseModelAdmin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from campaign_studio.places import country_choices, currency_choices, timezone_choices

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Source = Callable[[], Sequence[tuple[str, "StrOrPromise"]]]
# The lists by the id of their element.
SOURCES: dict[str, Source] = {
    "countries": country_choices,
    "currencies": currency_choices,
    "timezones": timezone_choices,
}


@cache
def _labels(name: str, language: str | None) -> dict[str, str]:
    """The entries of a list in a language: value → label."""
    return {value: str(label) for value, label in SOURCES[name]()}


@cache
def _values(name: str, language: str | None) -> dict[str, str]:
    """What may be typed for an entry, in any case: its label or its value."""
    labels = _labels(name, language)
    return {value.casefold(): value for value in labels} | {label.casefold(): value for value, label in labels.items()}


class LongListInput(UnfoldAdminTextInputWidget):
    """A line of text with the entries of a list as suggestions. It shows the label of the stored value."""

    choices: Iterable[tuple[Any, Any]] = ()

    def __init__(self, name: str) -> None:
        super().__init__(attrs={"list": name, "autocomplete": "off"})
        self.name = name

    def format_value(self, value: object) -> str | None:
        return _labels(self.name, get_language()).get(str(value), super().format_value(value)) if value else None


class LongListField(forms.TypedChoiceField):
    """One entry of a long list, by its label or its value."""

    default_error_messages: ClassVar = {
        "invalid_choice": _("“%(value)s” is not in the list. Choose one of the suggestions.")
    }
    widget: LongListInput

    def to_python(self, value: object) -> str:
        text = str(value or "").strip()
        return super().to_python(_values(self.widget.name, get_language()).get(text.casefold(), text))


class LongListsMixin(BaseModelAdmin):
    """Draws the fields named in `long_lists` as lines of text with suggestions."""

    # The name of a field → the name of its list.
    long_lists: ClassVar[dict[str, str]] = {}

    def formfield_for_choice_field(
        self, db_field: models.Field, request: HttpRequest, **kwargs: Any
    ) -> forms.TypedChoiceField | None:
        if db_field.name in self.long_lists:
            kwargs |= {"widget": LongListInput(self.long_lists[db_field.name]), "choices_form_class": LongListField}
        return super().formfield_for_choice_field(db_field, request, **kwargs)


def lists_of(forms_of_page: Iterable[type[forms.ModelForm]]) -> dict[str, list[str]]:
    """The lists that the fields of these forms suggest from, as the page's template writes them."""
    widgets = [field.widget for form in forms_of_page for field in form.base_fields.values()]
    names = {widget.name for widget in widgets if isinstance(widget, LongListInput)}
    return {name: list(_labels(name, get_language()).values()) for name in sorted(names)}
