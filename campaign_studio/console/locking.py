"""Several people in one console: who writes a row waits for whoever is writing it already."""

from django.contrib.admin.utils import unquote
from django.core.exceptions import ValidationError
from django.db import DataError, models
from django.http import HttpRequest

from campaign_studio.console.permissions import visible_rows


def lock_row(request: HttpRequest, model: type[models.Model], object_id: str | None) -> None:
    """Have others wait who want to write the same row: what is judged from here on is what is stored."""
    rows = visible_rows(model, request)
    try:
        key = model._meta.pk.to_python(unquote(object_id)) if object_id else None
        rows.select_for_update(of=("self",), no_key=True).filter(pk=key).first()
    except (ValidationError, ValueError, DataError):
        # No key at all: the framework says that nothing is found.
        return
