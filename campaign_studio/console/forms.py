"""Forms and formsets of the admin console: the models validate, and every refusal is shown beside its row."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import DataError, IntegrityError, models
from django.db.models import ProtectedError, RestrictedError
from django.forms.models import InlineForeignKeyField
from django.utils.translation import gettext_lazy as _
from unfold.forms import PaginationInlineFormSet
from unfold.widgets import UnfoldAdminTextareaWidget

from campaign_studio.constraints import protected_message, validation_error
from campaign_studio.models.versioned import VersionedModel

# What the database or a model raises when it refuses a row.
REFUSALS = (IntegrityError, DataError, ValidationError)
CHANGED_SINCE_OPENED = _(
    "This was changed by someone else since you opened it. Their changes are listed above. "
    "Yours aren't saved yet: save again to overwrite theirs, or reload the page to discard yours."
)
DELETED_SINCE_OPENED = _(
    "This row was deleted by someone else since you opened the page. If it is still needed, add it again."
)
UNSTORABLE = _(
    "One of the values can't be stored: it is too large or contains a character that isn't allowed. Correct it and "
    "save again."
)
Refusals = Mapping[str | None, ValidationError]


class RowRefusedError(Exception):
    """The database refused a row. `prefix` is that of the form it was typed into; None is the page's main form."""

    def __init__(self, prefix: str | None, error: ValidationError) -> None:
        self.prefix = prefix
        self.error = error
        super().__init__(error)


def as_validation_error(error: Exception) -> ValidationError:
    """The ValidationError that explains one of REFUSALS."""
    if isinstance(error, ValidationError):
        return error
    if isinstance(error, ProtectedError | RestrictedError):
        return ValidationError(protected_message(error), code="protected")
    if isinstance(error, IntegrityError):
        return validation_error(error)
    return ValidationError(UNSTORABLE, code="unstorable")


class TextArea(UnfoldAdminTextareaWidget):
    """A text area with line breaks as they are stored. Browsers send CRLF, which would look like a change."""

    def value_from_datadict(self, *args: Any) -> Any:
        text = super().value_from_datadict(*args)
        return text.replace("\r\n", "\n") if isinstance(text, str) else text


class StudioForm(forms.ModelForm):
    """A form that checks all constraints of its model, including those on fields it doesn't show.

    Django skips constraints that name a read-only field. The database doesn't, and the page would end in an error.
    """

    # What the database has just refused, by the prefix of the form it was typed into.
    refusals: ClassVar[Refusals] = {}

    def clean(self) -> dict[str, Any] | None:
        """Refuse input from a page that shows an older version of the row than the stored one."""
        cleaned = super().clean()
        seen = self.data.get("version")
        is_page = self.prefix is None and isinstance(self.instance, VersionedModel)
        if is_page and seen and not self.instance._state.adding and seen != str(self.instance.version):
            self.add_error(None, ValidationError(CHANGED_SINCE_OPENED, code="stale"))
        return cleaned

    def validate_unique(self) -> None:
        """Check all constraints, and add what the database has just refused."""
        super().validate_unique()
        try:
            if not self.errors:
                self.instance.validate_constraints(exclude=self._left_to_the_database())
            if self.prefix in self.refusals:
                raise self.refusals[self.prefix]
        except ValidationError as error:
            self.add_error(None, error)

    def _left_to_the_database(self) -> set[str]:
        """The link to the parent: constraints between its rows can be checked only once all rows are written."""
        return {name for name, field in self.fields.items() if isinstance(field, InlineForeignKeyField)}

    def add_error(self, field: str | None, error: Any) -> None:
        """Add an error. Errors of fields that aren't on the page are shown above the form."""
        if field is None and isinstance(error, ValidationError) and hasattr(error, "error_dict"):
            shown: dict[str, list[ValidationError]] = {}
            for name, errors in error.error_dict.items():
                shown.setdefault(name if name in self.fields else NON_FIELD_ERRORS, []).extend(errors)
            error = ValidationError(shown)
        super().add_error(field, error)


class StudioFormSet(PaginationInlineFormSet):
    """The rows of an inline. What the database refuses is shown beside its row.

    A row that someone else deleted since the page was opened is reported and stays deleted.
    """

    def clean(self) -> None:
        """Report deleted rows, and refuse a second row with the flag that only one row may have."""
        super().clean()
        self._refuse_duplicate_flag()
        for form in self.initial_forms:
            if self._is_gone(form):
                form.add_error(None, ValidationError(DELETED_SINCE_OPENED, code="gone"))

    def _refuse_duplicate_flag(self) -> None:
        """Refuse the flag on a second row: it would be unclear which of the two is meant."""
        flag = self.model.flag_field
        given = [one for one in self.remaining() if flag in one.changed_data and one.cleaned_data.get(flag)]
        for form in given[1:]:
            form.add_error(flag, ValidationError(self.model.only_one_message, code="unique"))

    def _is_gone(self, form: StudioForm) -> bool:
        return self.is_bound and form in self.initial_forms and form.instance._state.adding

    # Django has no public hook for which rows to delete.
    def _should_delete_form(self, form: StudioForm) -> bool:
        return self._is_gone(form) or super()._should_delete_form(form)

    def delete_existing(self, obj: models.Model, commit: bool = True) -> None:
        """Delete a row, unless someone else has already deleted it."""
        if not obj._state.adding:
            super().delete_existing(obj, commit)

    def save_new(self, form: forms.ModelForm, commit: bool = True) -> models.Model:
        """Raises RowRefusedError if the database refuses the row."""
        with refusals_of_row(form.prefix):
            return super().save_new(form, commit)

    def save_existing(self, form: forms.ModelForm, obj: models.Model, commit: bool = True) -> models.Model:
        """Raises RowRefusedError if the database refuses the row."""
        with refusals_of_row(form.prefix):
            return super().save_existing(form, obj, commit)

    def remaining(self) -> list[StudioForm]:
        """The forms whose rows will exist after saving."""
        return [
            form
            for form in self.forms
            if not self._should_delete_form(form) and (not form.instance._state.adding or form.has_changed())
        ]


@contextmanager
def refusals_of_row(prefix: str | None) -> Iterator[None]:
    """Raise RowRefusedError for what refuses the row that was typed into the form with this prefix."""
    try:
        yield
    except REFUSALS as error:
        raise RowRefusedError(prefix, as_validation_error(error)) from error
