"""An object's history in the admin console, and the object as of a time in the past."""

from collections import defaultdict

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.db.models.fields.reverse_related import ForeignObjectRel
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from accounts.audit.as_of import TooEarlyError, as_it_was, moment_of
from accounts.audit.history import Entry, details, field_of, kind_of, label_of, parts_of, readable, timestamp
from accounts.audit.models import AuditEntry
from accounts.models import User
from accounts.querysets import AuditEntryQuerySet
from accounts.signin.console import signed_in
from campaign_studio.console.base import StudioAdmin
from campaign_studio.console.lists import NOT_UNDERSTOOD, pager
from campaign_studio.console.views import Context
from campaign_studio.models.stamped import StampedModel

PER_PAGE = 50
CHANGES_SHOWN = 20


class HistoryForm(forms.Form):
    """Filters a history by actor and by field. Offers only those that occur in the history."""

    def __init__(self, sent: QueryDict, *, actors: dict[str, str], fields: dict[str, dict[str, str]]) -> None:
        super().__init__(sent)
        columns = [(kind, list(names.items())) for kind, names in fields.items()]
        for name, label, choices in (
            ("actor", _("Done by"), [("", _("Everyone")), *actors.items()]),
            ("field", _("Field"), [("", _("All fields")), *columns]),
        ):
            self.fields[name] = forms.ChoiceField(
                label=label, choices=choices, required=False, widget=UnfoldAdminSelectWidget
            )

    def chosen(self, entries: AuditEntryQuerySet) -> AuditEntryQuerySet:
        who, column = self.cleaned_data["actor"], self.cleaned_data["field"]
        entries = entries.by(who) if who else entries
        return entries.touching(column) if column else entries


class AsOfForm(forms.Form):
    """Asks for the past time at which to show an object."""

    as_of = forms.CharField(
        label=_("As of (UTC)"),
        widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local", "required": True}),
    )


class AuditedAdmin(StudioAdmin):
    """Pages of audited objects. Users who may see an object may see its history."""

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Context | None = None) -> HttpResponse:
        """Changes to the object and its parts, filtered by actor and field. With `as_of`, the object at that time."""
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            return self.not_found(request, object_id)
        if not self.has_view_permission(request, obj):
            raise PermissionDenied
        common = {**self.admin_site.each_context(request), "object": obj, "opts": self.opts, **(extra_context or {})}
        if request.GET.get("as_of") and isinstance(obj, StampedModel):
            return self._as_it_was(request, obj, common)
        return self._history(request, obj, common)

    def _history(self, request: HttpRequest, obj: models.Model, context: Context) -> HttpResponse:
        user = signed_in(request)
        entries = AuditEntry.objects.about(obj, reader=user)
        form = HistoryForm(request.GET, actors=entries.actors(), fields=_by_kind(obj, entries.columns()))
        if not form.is_valid():
            return self._back(request, str(NOT_UNDERSTOOD))
        chosen = form.chosen(entries).as_rows()
        pages = pager(chosen, request, PER_PAGE)
        context |= {
            "title": gettext("History: %(object)s") % {"object": obj},
            "form": form,
            "is_filtered": any(form.cleaned_data.values()),
            "as_of_form": AsOfForm() if isinstance(obj, StampedModel) else None,
            **pages,
            "rows": readable(pages["page"].object_list, reader=user),
            "own_key": str(obj.pk),
        }
        return TemplateResponse(request, "admin/object_history.html", context)

    def _as_it_was(self, request: HttpRequest, obj: StampedModel, context: Context) -> HttpResponse:
        user = signed_in(request)
        try:
            at = moment_of(request.GET["as_of"])
            past = as_it_was(obj, at, reader=user)
        except ValidationError as error:
            return self._back(request, error.messages[0])
        except TooEarlyError as error:
            return self._back(request, error.describe())
        title = gettext("%(object)s as of %(time)s") % {"object": past, "time": timestamp(at)}
        context |= {"title": title, "at": at, "past": past, **_described(past, user)}
        return TemplateResponse(request, "admin/as_it_was.html", context)

    def changes_since(self, request: HttpRequest, obj: models.Model, opened_at: str) -> list[Entry]:
        """The latest changes since `opened_at`, ready to be shown. Empty if `opened_at` isn't a time."""
        user = signed_in(request)
        try:
            since = parse_datetime(opened_at) or timezone.now()
            entries = AuditEntry.objects.about(obj, reader=user).filter(timestamp__gt=since)
            return readable(entries.as_rows()[:CHANGES_SHOWN], reader=user)
        except (ValueError, OverflowError):
            return []

    def _back(self, request: HttpRequest, message: str) -> HttpResponse:
        """Redirect to the unfiltered history, with an error message."""
        self.message_user(request, message, messages.ERROR)
        return HttpResponseRedirect(request.path)


def _by_kind(obj: models.Model, columns: set[tuple[int, str]]) -> dict[str, dict[str, str]]:
    """The labels of `columns` by kind of object. A part's link to its parent is left out, because it never changes."""
    fields: dict[str, dict[str, str]] = defaultdict(dict)
    for key, column in columns:
        model = ContentType.objects.get_for_id(key).model_class()
        field = field_of(model, column)
        if field is not None and field.related_model is not type(obj):
            fields[capfirst(kind_of(model))][column] = capfirst(label_of(field))
    return {kind: dict(sorted(fields[kind].items(), key=lambda pair: pair[1])) for kind in sorted(fields)}


def _described(whole: models.Model, reader: User) -> Context:
    """The fields of an object, and its parts by kind, each with its fields."""
    kinds = [(relation, relation.related_model._meta) for relation in parts_of(type(whole))]
    parts = {
        kind.verbose_name_plural: _rows(whole, relation)
        for relation, kind in kinds
        if reader.has_perm(f"{kind.app_label}.view_{kind.model_name}")
    }
    own, *others = details(whole, (row for rows in parts.values() for row in rows), reader=reader)
    described = iter(others)
    return {"fields": own, "parts": {kind: [(row, next(described)) for row in rows] for kind, rows in parts.items()}}


def _rows(whole: models.Model, relation: ForeignObjectRel) -> list[models.Model]:
    found = getattr(whole, relation.get_accessor_name() or "", None)
    if relation.one_to_one or found is None:
        return [found] if found else []
    return list(found.all())
