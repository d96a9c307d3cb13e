"""Several people in one console: whose page is out of date learns what changed, and loses nothing of what was typed."""

from collections.abc import Sequence
from typing import Any

from django.contrib.admin.utils import unquote
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import DataError, models
from django.http import HttpRequest
from django.utils import timezone

from campaign_studio.writing import one_write


class EditLockMixin:
    """For pages of one object. The version travels with the page; `StudioForm` compares it."""

    change_form_before_template = "admin/includes/version.html"
    opts: Any
    model: Any

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """The page. One that was refused for being out of date says who changed what since it was opened."""
        obj = kwargs.get("obj")
        context["opened_at"] = timezone.now().isoformat()
        if obj is not None and context["adminform"].form.has_error(NON_FIELD_ERRORS, "stale"):
            context["meanwhile"] = self.changes_since(request, obj, request.POST.get("opened_at", ""))
        return super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]

    def changes_since(self, request: HttpRequest, obj: models.Model, opened_at: str) -> Sequence[object]:
        """What changed since the page was opened (an ISO time, as the page sent it); pages with a history say it."""
        return ()

    def _changeform_view(self, request: HttpRequest, object_id: str | None, *args: Any, **kwargs: Any) -> Any:
        page = super()._changeform_view  # type: ignore[misc]
        if request.method != "POST":
            return page(request, object_id, *args, **kwargs)
        with one_write():
            self._lock(request, object_id)
            return page(request, object_id, *args, **kwargs)

    def _delete_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> Any:
        page = super()._delete_view  # type: ignore[misc]
        if request.method != "POST":
            return page(request, object_id, *args, **kwargs)
        with one_write():
            self._lock(request, object_id)
            return page(request, object_id, *args, **kwargs)

    def _lock(self, request: HttpRequest, object_id: str | None) -> None:
        """Have others wait who want to write the same row: what is judged from here on is what is stored (R3)."""
        rows = self.model._default_manager.visible_to(request.user)
        try:
            key = self.opts.pk.to_python(unquote(object_id)) if object_id else None
            rows.select_for_update(of=("self",), no_key=True).filter(pk=key).first()
        except (ValidationError, ValueError, DataError):
            # No key at all: the framework says that nothing is found.
            return
