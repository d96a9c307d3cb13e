"""The base classes of every page of the admin console: permissions, visible rows, and how refusals are shown.

Permissions come from `<app>/rules.py` and are checked per object; a verb without a rule is denied. Rows come from
`visible_to(user)`. Nothing here depends on a domain app.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, TypeVar, cast

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import InlineModelAdmin
from django.contrib.admin.utils import quote
from django.contrib.messages.storage import default_storage
from django.core.exceptions import NON_FIELD_ERRORS, FieldDoesNotExist, PermissionDenied, ValidationError
from django.db import connection, models
from django.forms import BaseInlineFormSet, ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from campaign_studio.console.fields import FORM_FIELDS
from campaign_studio.console.forms import (
    REFUSALS,
    Refusals,
    RowRefusedError,
    StudioForm,
    TextArea,
    as_validation_error,
)
from campaign_studio.console.lists import (
    LOOKUP_ERRORS,
    NOT_UNDERSTOOD,
    StudioChangeList,
    UnusableParametersError,
    allowed_lookups,
    has_too_many_terms,
    too_many_terms,
)
from campaign_studio.console.locking import lock_row
from campaign_studio.console.long_lists import lists_of
from campaign_studio.console.permissions import RulesPermissionMixin
from campaign_studio.console.views import Context
from campaign_studio.models.stamped import StampedModel
from campaign_studio.retrying import retried
from campaign_studio.writing import one_write

# The type of `fieldsets` has a name in the type stubs only.
if TYPE_CHECKING:
    from django.contrib.admin.options import _FieldsetSpec

Fieldsets: TypeAlias = "_FieldsetSpec"

# What would be deleted, how many of each kind, what the user may not delete, and what prevents the deletion.
Deleted = tuple[list[str], dict[str, int], Collection[str], list[str]]
Answer = TypeVar("Answer")


class StudioAdmin(RulesPermissionMixin, ModelAdmin):
    """The base of every page. The page carries the version of its row, which `StudioForm` compares."""

    form = StudioForm
    formfield_overrides: ClassVar = FORM_FIELDS | {models.TextField: {"widget": TextArea}}
    change_form_before_template = "admin/includes/version.html"
    delete_confirmation_template = delete_selected_confirmation_template = "admin/delete.html"
    # What the database has just refused, by the prefix of the form it was typed into.
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
        """The URL of one of this model's pages: `changelist`, `add`, `change`, `history` …"""
        name = f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_{view}"
        return reverse(name, args=[quote(obj.pk)] if obj is not None else [])

    def not_found(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A redirect home with the message that the object doesn't exist. Django's method is private."""
        return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)

    @display(description=_("Created by"), ordering="created_by_name")
    def creator(self, row: StampedModel) -> str | None:
        return row.created_by_name

    @display(description=_("Updated by"), ordering="updated_by_name")
    def last_editor(self, row: StampedModel) -> str | None:
        return row.updated_by_name

    def get_changelist(self, request: HttpRequest, **kwargs: object) -> type[StudioChangeList]:
        return StudioChangeList

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Whether one of the list's own filters uses this lookup."""
        return request is not None and lookup in allowed_lookups(self, request)

    def get_changelist_instance(self, request: HttpRequest) -> StudioChangeList:
        """The list. Raises UnusableParametersError for a query string that it can't apply."""
        if has_too_many_terms(request.GET.get("q", "")):
            raise UnusableParametersError(too_many_terms())
        try:
            return super().get_changelist_instance(request)
        except LOOKUP_ERRORS as error:
            raise UnusableParametersError(NOT_UNDERSTOOD) from error

    def changelist_view(self, request: HttpRequest, extra_context: Context | None = None) -> HttpResponse:
        """The list; the whole list with a message when the query string can't be applied."""
        try:
            return super().changelist_view(request, extra_context)
        except UnusableParametersError as error:
            self.message_user(request, str(error), messages.ERROR)
            return HttpResponseRedirect(request.path)

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet, search_term: str
    ) -> tuple[models.QuerySet, bool]:
        """The rows that match; none when there are too many search terms."""
        if has_too_many_terms(search_term):
            return queryset.none(), False
        return super().get_search_results(request, queryset, search_term)

    def response_action(self, request: HttpRequest, queryset: models.QuerySet) -> HttpResponse | None:
        """Run a bulk action in one transaction. A refusal is shown as a message."""
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
        """The form class, with what the database has just refused."""
        form = super().get_form(request, obj, change=change, **kwargs)
        # Django creates this class for each request and offers no way to pass more to its constructor.
        form.refusals = self.refusals
        return form

    def get_formsets_with_inlines(
        self, request: HttpRequest, obj: models.Model | None = None
    ) -> Iterator[tuple[type[BaseInlineFormSet], InlineModelAdmin]]:
        """Formsets whose forms know what the database has just refused."""
        for formset, inline in super().get_formsets_with_inlines(request, obj):
            formset.form.refusals = self.refusals
            yield formset, inline

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, str]:
        """The initial values in the query string, without those that their fields can't accept."""
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
        """The form. If the database refuses input that has passed validation, the same form shows the error."""
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
        """The page. After an edit conflict it lists who changed what since it was opened."""
        context["opened_at"] = timezone.now().isoformat()
        formsets = [inline.formset.form for inline in context["inline_admin_formsets"]]
        context["long_lists"] = lists_of([type(context["adminform"].form), *formsets])
        if obj is not None and context["adminform"].form.has_error(NON_FIELD_ERRORS, "stale"):
            context["newer_entries"] = self.changes_since(request, obj, request.POST.get("opened_at", ""))
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def changes_since(self, request: HttpRequest, obj: models.Model, opened_at: str) -> Sequence[object]:
        """The changes since the page was opened (`opened_at`: ISO 8601, as sent); none for pages without a history."""
        return ()

    def may_save(self, request: HttpRequest, obj: models.Model | None) -> bool:
        """Whether the user may change the row itself, and not only its parts. None is a new row."""
        return True

    def save_model(self, request: HttpRequest, obj: models.Model, form: ModelForm, change: bool) -> None:
        """Save, unless nothing on the page itself was changed."""
        if (not change or form.has_changed()) and self.may_save(request, obj if change else None):
            super().save_model(request, obj, form, change)

    def save_related(
        self, request: HttpRequest, form: ModelForm, formsets: list[BaseInlineFormSet], change: bool
    ) -> None:
        """Write the inlines, then check deferred constraints before the page reports success.

        A change of a part alone also says who has changed the whole.
        """
        parts_alone = change and not form.has_changed() and any(formset.has_changed() for formset in formsets)
        if parts_alone and self.may_save(request, form.instance):
            form.instance.save()
        super().save_related(request, form, formsets, change)
        connection.check_constraints()

    def get_deleted_objects(self, objs: Iterable[models.Model], request: HttpRequest) -> Deleted:
        """What would be deleted along with `objs`. Those that the user may not delete are named one by one."""
        to_delete, counts, lacking, protected = super().get_deleted_objects(objs, request)
        refusal = gettext("“%(object)s” (only its owner or an administrator may delete it)")
        forbidden = [refusal % {"object": obj} for obj in objs if not self.has_delete_permission(request, obj)]
        return to_delete, counts, forbidden or lacking, protected

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Context | None = None) -> HttpResponse:
        """Delete, or return to the list with a message that says why not."""
        page = super().delete_view
        try:
            return self._written(request, object_id, lambda: page(request, object_id, extra_context))
        except REFUSALS as error:
            self._say(request, error)
            return HttpResponseRedirect(self.address("changelist"))

    def delete_model(self, request: HttpRequest, obj: models.Model) -> None:
        """Delete one row and check deferred constraints at once."""
        super().delete_model(request, obj)
        connection.check_constraints()

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet) -> None:
        """Delete one by one, so that each permission is checked and each model's own `delete()` runs."""
        for obj in queryset:
            if not self.has_delete_permission(request, obj):
                raise PermissionDenied
            obj.delete()

    def _written(self, request: HttpRequest, object_id: str | None, page: Callable[[], Answer]) -> Answer:
        """The response of a page about one row. A POST runs in one transaction that locks the row first."""
        if request.method != "POST":
            return page()

        def write() -> Answer:
            with one_write():
                lock_row(request, self.model, object_id)
                return page()

        return self._retried(request, write)

    def _retried(self, request: HttpRequest, write: Callable[[], Answer]) -> Answer:
        """Run `write`, and retry it after a serialisation failure or deadlock. A failed attempt leaves no messages."""
        # Django can't withdraw a message, so the whole message storage is replaced.
        return retried(write, undone=lambda: setattr(request, "_messages", default_storage(request)))

    def _say(self, request: HttpRequest, error: Exception) -> None:
        for message in as_validation_error(error).messages:
            self.message_user(request, message, messages.ERROR)

    # --- Django's own log stays empty, because the audit log records everything ---

    def log_addition(self, request: HttpRequest, obj: models.Model, message: object) -> None:
        """Write nothing to Django's log."""

    def log_change(self, request: HttpRequest, obj: models.Model, message: object) -> None:
        """Write nothing to Django's log."""

    def log_deletions(self, request: HttpRequest, queryset: models.QuerySet) -> None:
        """Write nothing to Django's log."""
