"""How the admin console asks the models, and says what they answered, row by row."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import DataError, IntegrityError, models
from django.db.models import ProtectedError, RestrictedError
from django.forms.models import InlineForeignKeyField
from unfold.forms import PaginationInlineFormSet

from campaign_studio.constraints import protected_message, validation_error
from campaign_studio.models.versioned import VersionedModel

# What a database or a model says no with while rows are being written.
REFUSALS = (IntegrityError, DataError, ValidationError)
CHANGED_WHILE_TYPING = (
    "This was changed while you had it open; what changed stands above. What you typed is still here and not saved: "
    "save again to put it in the place of theirs, or reload the page to start from theirs."
)
DELETED_WHILE_TYPING = (
    "Somebody else has deleted this row meanwhile. It stays deleted; add it anew if it is still needed."
)
Refusals = Mapping[str | None, ValidationError]
UNSTORABLE = "One of the values can't be stored: it is too large, or holds a character that no text may hold."


class RowRefusedError(Exception):
    """A row could not be written. `prefix` names the form it was typed into, None being the page's own."""

    def __init__(self, prefix: str | None, error: ValidationError) -> None:
        self.prefix = prefix
        self.error = error
        super().__init__(error)


def as_validation_error(error: Exception) -> ValidationError:
    """What to tell people about one of REFUSALS."""
    if isinstance(error, ValidationError):
        return error
    if isinstance(error, ProtectedError | RestrictedError):
        return ValidationError(protected_message(error), code="protected")
    if isinstance(error, IntegrityError):
        return validation_error(error)
    return ValidationError(UNSTORABLE, code="unstorable")


class StudioForm(forms.ModelForm):
    """A form that leaves every judgement to the model, constraints on fields it doesn't show included.

    Django skips constraints that name a read-only field; the database doesn't, and would answer with a crash.
    """

    # What the database refused a moment ago, by the prefix of the form that was to blame.
    refusals: ClassVar[Refusals] = {}

    def clean(self) -> dict[str, Any] | None:
        """Refuse what was typed into a page that shows an older state than the stored one."""
        cleaned = super().clean()
        seen = self.data.get("version")
        is_page = self.prefix is None and isinstance(self.instance, VersionedModel)
        if is_page and seen and not self.instance._state.adding and seen != str(self.instance.version):
            self.add_error(None, ValidationError(CHANGED_WHILE_TYPING, code="stale"))
        return cleaned

    def validate_unique(self) -> None:
        """Judge all constraints, and say what the database refused a moment ago."""
        super().validate_unique()
        try:
            if not self.errors:
                self.instance.validate_constraints(exclude=self._left_to_the_database())
            if self.prefix in self.refusals:
                raise self.refusals[self.prefix]
        except ValidationError as error:
            self.add_error(None, error)

    def _left_to_the_database(self) -> set[str]:
        """The link to the parent: which of its rows get along is known only when all of them are written."""
        return {name for name, field in self.fields.items() if isinstance(field, InlineForeignKeyField)}

    def add_error(self, field: str | None, error: Any) -> None:
        """Show what is wrong with a field that isn't on the page above the form."""
        if field is None and isinstance(error, ValidationError) and hasattr(error, "error_dict"):
            shown: dict[str, list[ValidationError]] = {}
            for name, errors in error.error_dict.items():
                shown.setdefault(name if name in self.fields else NON_FIELD_ERRORS, []).extend(errors)
            error = ValidationError(shown)
        super().add_error(field, error)


class StudioFormSet(PaginationInlineFormSet):
    """The rows of an inline. One that the database refuses is named, so that the message appears beside it.

    A row that somebody else deleted while the page was open says so, and stays deleted.
    """

    def clean(self) -> None:
        """Say of rows that are gone that they are, and refuse two rows the mark that only one may have."""
        super().clean()
        self._refuse_a_mark_given_twice()
        for form in self.initial_forms:
            if self._is_gone(form):
                form.add_error(None, ValidationError(DELETED_WHILE_TYPING, code="gone"))

    def _refuse_a_mark_given_twice(self) -> None:
        """Only one row may have it: which one is meant where two rows are given it at once?"""
        mark = self.model.mark_field
        given = [one for one in self.remaining() if mark in one.changed_data and one.cleaned_data.get(mark)]
        for form in given[1:]:
            form.add_error(mark, ValidationError(self.model.only_one_message, code="unique"))

    def _is_gone(self, form: StudioForm) -> bool:
        return self.is_bound and form in self.initial_forms and form.instance._state.adding

    # Django asks nothing public about which rows to delete.
    def _should_delete_form(self, form: StudioForm) -> bool:
        return self._is_gone(form) or super()._should_delete_form(form)

    def delete_existing(self, obj: models.Model, commit: bool = True) -> None:
        """Delete a row, unless it is gone already."""
        if not obj._state.adding:
            super().delete_existing(obj, commit)

    def save_new(self, form: forms.ModelForm, commit: bool = True) -> models.Model:
        """Write a new row. Raises RowRefusedError."""
        with _row(form.prefix):
            return super().save_new(form, commit)

    def save_existing(self, form: forms.ModelForm, obj: models.Model, commit: bool = True) -> models.Model:
        """Write a changed row. Raises RowRefusedError."""
        with _row(form.prefix):
            return super().save_existing(form, obj, commit)

    def remaining(self) -> list[StudioForm]:
        """The forms whose rows will exist once this is saved."""
        return [
            form
            for form in self.forms
            if not self._should_delete_form(form) and (not form.instance._state.adding or form.has_changed())
        ]


@contextmanager
def _row(prefix: str | None) -> Iterator[None]:
    try:
        yield
    except REFUSALS as error:
        raise RowRefusedError(prefix, as_validation_error(error)) from error
