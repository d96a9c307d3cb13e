"""What every page of the admin console has in common: who may, which rows, and how refusals are said.

Permissions are those of `<app>/rules.py`, asked about the object at hand; a verb without a rule is denied. Rows are
those `visible_to(user)`. Nothing here knows a domain.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import InlineModelAdmin
from django.contrib.messages.storage import default_storage
from django.core.exceptions import NON_FIELD_ERRORS, FieldDoesNotExist, PermissionDenied, ValidationError
from django.db import connection, models
from django.forms import BaseInlineFormSet, ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from unfold.admin import ModelAdmin, StackedInline, TabularInline
from unfold.decorators import display

from campaign_studio.console.forms import (
    REFUSALS,
    Refusals,
    RowRefusedError,
    StudioForm,
    StudioFormSet,
    as_validation_error,
)
from campaign_studio.console.lists import (
    LOOKUP_ERRORS,
    NOT_UNDERSTOOD,
    TOO_MANY_TERMS,
    StudioChangeList,
    UnusableParametersError,
    allowed_lookups,
    has_too_many_terms,
)
from campaign_studio.console.locking import lock_row
from campaign_studio.console.permissions import RulesPermissionMixin
from campaign_studio.console.views import Context
from campaign_studio.models.stamped import StampedModel
from campaign_studio.retrying import retried
from campaign_studio.writing import one_write

# Django itself has no name for what `fieldsets` may be; its type stubs have.
if TYPE_CHECKING:
    from django.contrib.admin.options import _FieldsetSpec

Fieldsets: TypeAlias = "_FieldsetSpec"

# What would be deleted, how many of each kind, what the user may not delete, and what is in the way.
Deleted = tuple[list[str], dict[str, int], Collection[str], list[str]]
Answer = TypeVar("Answer")


class StudioAdmin(RulesPermissionMixin, ModelAdmin):
    """The base of every page. The version of the row travels with the page; `StudioForm` compares it."""

    form = StudioForm
    change_form_before_template = "admin/includes/version.html"
    delete_confirmation_template = delete_selected_confirmation_template = "admin/delete.html"
    # What the database refused a moment ago, by the prefix of the form that was to blame.
    refusals: Refusals = {}
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
        return request.user.has_perm(self.opts.app_label) and self.has_view_permission(request)

    def address(self, view: str, obj: models.Model | None = None) -> str:
        """The path of one of this model's pages: `changelist`, `add`, `change`, `history` …"""
        name = f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_{view}"
        return reverse(name, args=[obj.pk] if obj is not None else [])

    def not_found(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Home, with the message that there is no such object (Django has no public name for this answer)."""
        return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)

    @display(description="Created by", ordering="created_by_name")
    def creator(self, row: StampedModel) -> str | None:
        return row.created_by_name

    @display(description="Updated by", ordering="updated_by_name")
    def last_editor(self, row: StampedModel) -> str | None:
        return row.updated_by_name

    def get_changelist(self, request: HttpRequest, **kwargs: object) -> type[StudioChangeList]:
        return StudioChangeList

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Only what the list's own filters ask."""
        return request is not None and lookup in allowed_lookups(self, request)

    def get_changelist_instance(self, request: HttpRequest) -> StudioChangeList:
        """The list that was asked for. Raises UnusableParametersError for anything it can't do."""
        if has_too_many_terms(request.GET.get("q", "")):
            raise UnusableParametersError(TOO_MANY_TERMS)
        try:
            return super().get_changelist_instance(request)
        except LOOKUP_ERRORS as error:
            raise UnusableParametersError(NOT_UNDERSTOOD) from error

    def changelist_view(self, request: HttpRequest, extra_context: Context | None = None) -> HttpResponse:
        """The list, or the whole list with a message when the query string makes no sense."""
        try:
            return super().changelist_view(request, extra_context)
        except UnusableParametersError as error:
            self.message_user(request, str(error), messages.ERROR)
            return HttpResponseRedirect(request.path)

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet, search_term: str
    ) -> tuple[models.QuerySet, bool]:
        """What is found; nothing for a term that nothing can match."""
        if has_too_many_terms(search_term):
            return queryset.none(), False
        return super().get_search_results(request, queryset, search_term)

    def response_action(self, request: HttpRequest, queryset: models.QuerySet) -> HttpResponse | None:
        """Run a bulk action in one transaction; say why when something refuses."""
        try:
            for key in request.POST.getlist(ACTION_CHECKBOX_NAME):
                self.opts.pk.to_python(key)
            return self._retried(request, lambda: self._act(request, queryset))
        except REFUSALS as error:
            self._say(request, error)
            return None

    def _act(self, request: HttpRequest, queryset: models.QuerySet) -> HttpResponse | None:
        with one_write():
            response = super().response_action(request, queryset)
            connection.check_constraints()
            return response

    # --- One object ---

    def get_form(
        self, request: HttpRequest, obj: models.Model | None = None, change: bool = False, **kwargs: Any
    ) -> type[StudioForm]:
        """The form, told what the database refused a moment ago."""
        form = super().get_form(request, obj, change=change, **kwargs)
        # Django made this class for this page alone, and lets nobody hand more to its constructor.
        form.refusals = self.refusals
        return form

    def get_formsets_with_inlines(
        self, request: HttpRequest, obj: models.Model | None = None
    ) -> Iterator[tuple[type[BaseInlineFormSet], InlineModelAdmin]]:
        """The same for the forms of inlines."""
        for formset, inline in super().get_formsets_with_inlines(request, obj):
            formset.form.refusals = self.refusals
            yield formset, inline

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, str]:
        """What the address presets, as far as the fields can take it."""
        usable = {}
        for name, value in super().get_changeform_initial_data(request).items():
            try:
                field = cast(models.Field, self.opts.get_field(name))
                column = field.target_field if isinstance(field, models.ForeignKey) else field
                column.to_python(value)
            except (FieldDoesNotExist, AttributeError, ValidationError, ValueError, OverflowError):
                continue
            usable[name] = value
        return usable

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Context | None = None,
    ) -> HttpResponse:
        """The form. What slips past validation and is refused on writing comes back as a message in the same form."""
        page = super().changeform_view
        try:
            return self._written(request, object_id, lambda: page(request, object_id, form_url, extra_context))
        except RowRefusedError as refused:
            refusals = {refused.prefix: refused.error}
        except REFUSALS as error:
            refusals = {None: as_validation_error(error)}
        again = copy(self)
        again.refusals = refusals
        return super(StudioAdmin, again).changeform_view(request, object_id, form_url, extra_context)

    def render_change_form(
        self, request: HttpRequest, context: Context, *args: Any, obj: models.Model | None = None, **kwargs: Any
    ) -> HttpResponse:
        """The page. One that was refused for being out of date says who changed what since it was opened."""
        context["opened_at"] = timezone.now().isoformat()
        if obj is not None and context["adminform"].form.has_error(NON_FIELD_ERRORS, "stale"):
            context["meanwhile"] = self.changes_since(request, obj, request.POST.get("opened_at", ""))
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def changes_since(self, request: HttpRequest, obj: models.Model, opened_at: str) -> Sequence[object]:
        """What changed since the page was opened (an ISO time, as the page sent it); pages with a history say it."""
        return ()

    def save_related(
        self, request: HttpRequest, form: ModelForm, formsets: list[BaseInlineFormSet], change: bool
    ) -> None:
        """Write the inlines, then have the database judge what it would put off until the end: before we say saved."""
        super().save_related(request, form, formsets, change)
        connection.check_constraints()

    def get_deleted_objects(self, objs: Iterable[models.Model], request: HttpRequest) -> Deleted:
        """What a deletion takes along. Those that the user may not delete are named, one by one."""
        to_delete, counts, lacking, protected = super().get_deleted_objects(objs, request)
        mine = [f"{obj} – you may not delete this one" for obj in objs if not self.has_delete_permission(request, obj)]
        return to_delete, counts, mine or lacking, protected

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Context | None = None) -> HttpResponse:
        """Delete, or say why not."""
        page = super().delete_view
        try:
            return self._written(request, object_id, lambda: page(request, object_id, extra_context))
        except REFUSALS as error:
            self._say(request, error)
            return HttpResponseRedirect(self.address("changelist"))

    def delete_model(self, request: HttpRequest, obj: models.Model) -> None:
        """Delete one, and have the database judge at once."""
        super().delete_model(request, obj)
        connection.check_constraints()

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet) -> None:
        """Delete one by one, each asked about again: a model's own `delete()` has the last word."""
        for obj in queryset:
            if not self.has_delete_permission(request, obj):
                raise PermissionDenied
            obj.delete()

    def _written(self, request: HttpRequest, object_id: str | None, page: Callable[[], Answer]) -> Answer:
        """A page about one row; what it writes is one transaction that holds the row's lock from its beginning."""
        if request.method != "POST":
            return page()

        def write() -> Answer:
            with one_write():
                lock_row(request, self.model, object_id)
                return page()

        return self._retried(request, write)

    def _retried(self, request: HttpRequest, write: Callable[[], Answer]) -> Answer:
        """What a page writes, again while others are in its way. An attempt that was undone leaves no messages."""
        # Django takes no message back: what an attempt said goes with the storage it was put into.
        return retried(write, undone=lambda: setattr(request, "_messages", default_storage(request)))

    def _say(self, request: HttpRequest, error: Exception) -> None:
        for message in as_validation_error(error).messages:
            self.message_user(request, message, messages.ERROR)

    # --- Django's own log is not written at all: the audit log has it all ---

    def log_addition(self, request: HttpRequest, obj: models.Model, message: object) -> None:
        """Nothing: the audit log has it."""

    def log_change(self, request: HttpRequest, obj: models.Model, message: object) -> None:
        """Nothing: the audit log has it."""

    def log_deletions(self, request: HttpRequest, queryset: models.QuerySet) -> None:
        """Nothing: the audit log has it."""


class _StudioInline(RulesPermissionMixin, InlineModelAdmin):
    """Rows of a part, on the page of the whole."""

    form = StudioForm
    formset = StudioFormSet
    extra = 0


class StudioTabularInline(_StudioInline, TabularInline):
    """An inline with one row per line."""


class StudioStackedInline(_StudioInline, StackedInline):
    """An inline with one block of fields per row."""

    template_before = "admin/includes/row_errors.html"
