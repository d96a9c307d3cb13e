"""How the admin console asks the models, and says what they answered, row by row."""

from collections.abc import Iterator
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
GONE = "Somebody else has deleted this row meanwhile. It stays deleted; add it anew if it is still needed."
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
    refusals: ClassVar[dict[str | None, ValidationError]] = {}
    is_gone = False

    def clean(self) -> dict[str, Any] | None:
        """Refuse what was typed into a page that shows an older state than the stored one (8-reliability R3)."""
        cleaned = super().clean()
        seen = self.data.get("version")
        is_page = self.prefix is None and isinstance(self.instance, VersionedModel)
        if is_page and seen and not self.instance._state.adding and seen != str(self.instance.version):
            self.add_error(None, ValidationError(CHANGED_WHILE_TYPING, code="stale"))
        if self.is_gone:
            self.add_error(None, ValidationError(GONE, code="gone"))
        return cleaned

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        try:
            if not self.errors:
                self.instance.validate_constraints(exclude=self._left_to_the_database())
            if self.prefix in self.refusals:
                raise self.refusals[self.prefix]
        except ValidationError as error:
            self._update_errors(error)  # type: ignore[attr-defined]

    def _left_to_the_database(self) -> set[str]:
        """The link to the parent: which of its rows get along is known only when all of them are written."""
        return {name for name, field in self.fields.items() if isinstance(field, InlineForeignKeyField)}

    def add_error(self, field: str | None, error: Any) -> None:
        """Show what is wrong with a field that isn't on the page above the form."""
        if field is None and hasattr(error, "error_dict"):
            shown: dict[str, list[ValidationError]] = {}
            for name, errors in error.error_dict.items():
                shown.setdefault(name if name in self.fields else NON_FIELD_ERRORS, []).extend(errors)
            error = ValidationError(shown)
        super().add_error(field, error)


class StudioFormSet(PaginationInlineFormSet):
    """The rows of an inline. One that the database refuses is named, so that the message appears beside it.

    A row that somebody else deleted while the page was open says so, and stays deleted.
    """

    def _construct_form(self, i: int, **kwargs: Any) -> Any:
        form: Any = super()._construct_form(i, **kwargs)
        form.is_gone = self.is_bound and i < self.initial_form_count() and form.instance._state.adding
        return form

    def _should_delete_form(self, form: Any) -> bool:
        return form.is_gone or super()._should_delete_form(form)

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

    def remaining(self) -> list[forms.ModelForm]:
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
