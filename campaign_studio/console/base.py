"""What every page of the admin console has in common: who may, which rows, and how refusals are said.

Permissions are those of `<app>/rules.py`, asked about the object at hand; a verb without a rule is denied. Rows are
those `visible_to(user)`. Nothing here knows a domain.
"""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.messages.storage import default_storage
from django.core.exceptions import FieldDoesNotExist, PermissionDenied, ValidationError
from django.db import connection, models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.admin import ModelAdmin, StackedInline, TabularInline
from unfold.decorators import display

from campaign_studio.console.forms import REFUSALS, RowRefusedError, StudioFormSet, as_validation_error
from campaign_studio.console.lists import (
    NOT_UNDERSTOOD,
    ODD_VALUES,
    TOO_MANY_TERMS,
    StudioChangeList,
    UnusableParametersError,
    allowed_lookups,
    has_nul,
    has_too_many_terms,
)
from campaign_studio.console.locking import EditLockMixin
from campaign_studio.console.permissions import RulesPermissionMixin
from campaign_studio.retrying import retried
from campaign_studio.writing import one_write


class StudioAdmin(EditLockMixin, RulesPermissionMixin, ModelAdmin):
    """The base of every page."""

    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    list_max_show_all = 200
    list_filter_submit = True
    list_fullwidth = True
    warn_unsaved_form = True
    compressed_fields = False
    empty_value_display = "–"

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whether the index lists it."""
        user: Any = request.user
        return bool(user.has_perm(self.opts.app_label)) and self.has_view_permission(request)

    def address(self, view: str, obj: models.Model | None = None) -> str:
        """The path of one of this model's pages: `changelist`, `add`, `change`, `history` …"""
        name = f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_{view}"
        return reverse(name, args=[obj.pk] if obj is not None else [])

    @display(description="Created by", ordering="created_by_name")
    def creator(self, row: Any) -> str | None:
        """Who, by name."""
        return row.created_by_name

    @display(description="Updated by", ordering="updated_by_name")
    def last_editor(self, row: Any) -> str | None:
        """Who changed it last, by name."""
        return row.updated_by_name

    # --- Lists ---

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[StudioChangeList]:
        """Ours."""
        return StudioChangeList

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Only what the list's own filters ask."""
        return request is not None and lookup in allowed_lookups(self, request)

    def get_changelist_instance(self, request: HttpRequest) -> StudioChangeList:
        """The list that was asked for. Raises UnusableParametersError for anything it can't do."""
        if has_nul(request):
            raise UnusableParametersError(NOT_UNDERSTOOD)
        if has_too_many_terms(request.GET.get("q", "")):
            raise UnusableParametersError(TOO_MANY_TERMS)
        try:
            return super().get_changelist_instance(request)
        except ODD_VALUES as error:
            raise UnusableParametersError(NOT_UNDERSTOOD) from error

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, or the whole list with a message when the query string makes no sense."""
        try:
            return super().changelist_view(request, extra_context)
        except UnusableParametersError as error:
            self.message_user(request, str(error), messages.ERROR)
            return HttpResponseRedirect(request.path)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """What is found; nothing for a term that nothing can match."""
        if "\x00" in search_term or has_too_many_terms(search_term):
            return queryset.none(), False
        return super().get_search_results(request, queryset, search_term)

    def response_action(self, request: HttpRequest, queryset: Any) -> Any:
        """Run a bulk action in one transaction; say why when something refuses."""
        try:
            for key in request.POST.getlist(ACTION_CHECKBOX_NAME):
                self.opts.pk.to_python(key)
            return self._retried(request, lambda: self._act(request, queryset))
        except REFUSALS as error:
            self._say(request, error)
            return None

    def _act(self, request: HttpRequest, queryset: Any) -> Any:
        with one_write():
            response = super().response_action(request, queryset)
            connection.check_constraints()
            return response

    # --- One object ---

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form, told what the database refused a moment ago."""
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.refusals = getattr(request, "refusals", {})
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """What the address presets, as far as the fields can take it."""
        usable = {}
        for name, value in super().get_changeform_initial_data(request).items():
            try:
                field: Any = self.opts.get_field(name)
                (field.target_field if field.is_relation else field).to_python(value)
            except (FieldDoesNotExist, AttributeError, ValidationError, ValueError, OverflowError):
                continue
            if "\x00" not in value:
                usable[name] = value
        return usable

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The form. What slips past validation and is refused on writing comes back as a message in the same form."""
        page = super().changeform_view
        try:
            return self._retried(request, lambda: page(request, object_id, form_url, extra_context))
        except RowRefusedError as refused:
            refusals = {refused.prefix: refused.error}
        except REFUSALS as error:
            refusals = {None: as_validation_error(error)}
        request.refusals = refusals  # type: ignore[attr-defined]
        return super().changeform_view(request, object_id, form_url, extra_context)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Write the inlines, then have the database judge what it would put off until the end: before we say saved."""
        super().save_related(request, form, formsets, change)
        connection.check_constraints()

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What a deletion takes along. Those that the user may not delete are named, one by one."""
        to_delete, counts, lacking, protected = super().get_deleted_objects(objs, request)
        mine = [f"{obj} – you may not delete this one" for obj in objs if not self.has_delete_permission(request, obj)]
        return to_delete, counts, mine or lacking, protected

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Delete, or say why not."""
        page = super().delete_view
        try:
            return self._retried(request, lambda: page(request, object_id, extra_context))
        except REFUSALS as error:
            self._say(request, error)
            return HttpResponseRedirect(self.address("changelist"))

    def delete_model(self, request: HttpRequest, obj: models.Model) -> None:
        """Delete one, and have the database judge at once."""
        super().delete_model(request, obj)
        connection.check_constraints()

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        """Delete one by one, each asked about again: a model's own `delete()` has the last word."""
        for obj in queryset:
            if not self.has_delete_permission(request, obj):
                raise PermissionDenied
            obj.delete()

    def _retried(self, request: HttpRequest, transaction: Callable[[], Any]) -> Any:
        """What a page writes, again while others are in its way. An attempt that was undone leaves no messages."""
        return retried(transaction, undone=lambda: setattr(request, "_messages", default_storage(request)))

    def _say(self, request: HttpRequest, error: Exception) -> None:
        for message in as_validation_error(error).messages:
            self.message_user(request, message, messages.ERROR)

    # --- Django's own log is not written at all: the audit log has it all ---

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Nothing: the audit log has it."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Nothing: the audit log has it."""

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Nothing: the audit log has it."""


class _StudioInline(RulesPermissionMixin):
    """Rows of a part, on the page of the whole."""

    formset = StudioFormSet
    extra = 0

    def get_formset(self, request: HttpRequest, obj: models.Model | None = None, **kwargs: Any) -> Any:
        """The rows' forms, told what the database refused a moment ago."""
        formset: Any = super().get_formset(request, obj, **kwargs)  # type: ignore[misc]
        formset.form.refusals = getattr(request, "refusals", {})
        return formset


class StudioTabularInline(_StudioInline, TabularInline):
    """One row per line."""


class StudioStackedInline(_StudioInline, StackedInline):
    """One block per row."""
