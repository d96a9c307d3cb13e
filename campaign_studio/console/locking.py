"""Row locks of the console: when two users save the same row, the second waits for the first."""

from django.contrib.admin.utils import unquote
from django.core.exceptions import ValidationError
from django.db import DataError, models
from django.http import HttpRequest

from campaign_studio.console.permissions import visible_rows


def lock_row(request: HttpRequest, model: type[models.Model], object_id: str | None) -> None:
    """Lock the row for the current transaction, so that it can't change between validation and saving."""
    rows = visible_rows(model, request)
    try:
        key = model._meta.pk.to_python(unquote(object_id)) if object_id else None
        rows.select_for_update(of=("self",), no_key=True).filter(pk=key).first()
    except (ValidationError, ValueError, DataError):
        # Not a valid key: Django itself reports that nothing was found.
        return
