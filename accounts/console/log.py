"""The admin console's read-only pages for the audit log and the security log."""

from ipaddress import ip_address
from typing import Any

from auditlog.registry import auditlog
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from accounts.audit.history import VERBS, readable, timestamp
from accounts.audit.models import SEARCHED_COLUMNS
from accounts.choices import SecurityEventKind
from accounts.models import AuditEntry, AuditSeal, SecurityEvent
from accounts.signin.console import signed_in
from campaign_studio.console.base import StudioAdmin
from campaign_studio.console.lists import ChoiceFilter, DateRangeFilter
from campaign_studio.console.views import Context

ACTION_COLOURS = {0: "success", 1: "info", 2: "danger", 3: "warning"}
KIND_COLOURS: dict[str, str] = {
    **dict.fromkeys(SecurityEventKind, "info"),
    SecurityEventKind.LOGIN_OK: "success",
    SecurityEventKind.LOGIN_FAILED: "warning",
    SecurityEventKind.LOCKED_OUT: "danger",
    SecurityEventKind.GUESSING_SPREAD: "danger",
    SecurityEventKind.REFRESH_REUSED: "danger",
    SecurityEventKind.PERMISSION_REFUSED: "warning",
    SecurityEventKind.IMPLAUSIBLE_VIEWS: "warning",
    SecurityEventKind.BANK_NUMBER_REVEALED: "warning",
}


def shown(row: models.Model, trace: str) -> str | None:
    """A trace of who caused the row, if the reader may see it: see `with_traces_for()`."""
    return getattr(row, f"shown_{trace}") or None


class _Log(StudioAdmin):
    """The base of both logs. Their entries never change, so the entries have no history."""

    @display(description=_("IP address"), ordering="shown_remote_addr")
    def address(self, row: models.Model) -> str | None:
        return shown(row, "remote_addr")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Context | None = None
    ) -> HttpResponse:
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "show_history": False})

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Context | None = None) -> HttpResponse:
        raise Http404(gettext("Log entries have no history."))


class KindFilter(ChoiceFilter):
    """Filters the log by the type of the audited object."""

    title = _("object type")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        kinds = ContentType.objects.get_for_models(*auditlog.get_models())
        named = [(str(kind.pk), capfirst(str(model._meta.verbose_name))) for model, kind in kinds.items()]
        return sorted(named, key=lambda choice: choice[1])

    def matching(self, queryset: models.QuerySet, value: str) -> models.QuerySet:
        return queryset.filter(content_type_id=value)


class ActionFilter(ChoiceFilter):
    """Filters the log by action: created, changed, deleted or viewed."""

    title = _("action")
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [(str(number), capfirst(str(verb))) for number, verb in VERBS.items()]

    def matching(self, queryset: models.QuerySet, value: str) -> models.QuerySet:
        return queryset.filter(action=value)


@admin.register(AuditEntry)
class AuditEntryAdmin(_Log):
    """The audit log, read-only."""

    change_form_after_template = "admin/accounts/entry_changes.html"
    list_display = ["when", "who", "what", "kind", "object_name", "door", "address"]
    list_filter = [ActionFilter, ("door", ChoicesDropdownFilter), KindFilter, ("timestamp", DateRangeFilter)]
    search_fields = [*(f"{column}__matches" for column in SEARCHED_COLUMNS), "object_pk__exact"]
    search_help_text = _("Object, its ID, user or command")
    ordering = ["-timestamp", "-id"]
    fieldsets = [
        (None, {"fields": ["when", "who", ("door", "address"), "request_id", "seal"]}),
        (_("Object"), {"fields": ["verb", "kind", "object_link", "object_id_shown"]}),
    ]
    readonly_fields = ["when", "who", "address", "verb", "request_id", "seal", "kind", "object_link", "object_id_shown"]

    @display(description=_("Time"), ordering="timestamp")
    def when(self, entry: AuditEntry) -> str:
        return timestamp(entry.timestamp)

    @display(description=_("Action"))
    def verb(self, entry: AuditEntry) -> str:
        return str(VERBS[entry.action])

    @display(description=_("Request ID"))
    def request_id(self, entry: AuditEntry) -> str | None:
        """The ID shared by the entries, log lines and response of one request, if the reader may see it."""
        return shown(entry, "request_id")

    @display(description=_("Seal"))
    def seal(self, entry: AuditEntry) -> str:
        """Position and seal, to compare with a copy kept elsewhere."""
        return str(AuditSeal.objects.filter(entry_id=entry.pk).first() or gettext("Not sealed yet"))

    @display(description=_("Done by"), ordering="actor_name")
    def who(self, entry: AuditEntry) -> str:
        """The user's name and username, or the command."""
        if entry.actor_username and entry.actor_username != entry.actor_name:
            return f"{entry.actor_name} ({entry.actor_username})"
        return entry.actor_name or "–"

    @display(description=_("Action"), ordering="action", label=ACTION_COLOURS)
    def what(self, entry: AuditEntry) -> tuple[int, str]:
        return entry.action, str(VERBS[entry.action])

    @display(description=_("Object type"))
    def kind(self, entry: AuditEntry) -> str:
        return capfirst(entry.content_type.name)

    @display(description=_("Object"), ordering="object_repr")
    def object_name(self, entry: AuditEntry) -> str:
        """The object's name at the time."""
        return entry.object_repr

    @display(description=_("Object ID"))
    def object_id_shown(self, entry: AuditEntry) -> str:
        return entry.object_pk

    @display(description=_("Object"))
    def object_link(self, entry: AuditEntry) -> str:
        """The object's name at the time, linked to its page if it has one."""
        try:
            view = f"admin:{entry.content_type.app_label}_{entry.content_type.model}_change"
            return format_html(
                '<a href="{}" class="text-link">{}</a>', reverse(view, args=[quote(entry.object_pk)]), entry.object_repr
            )
        except NoReverseMatch:
            return entry.object_repr

    def render_change_form(
        self, request: HttpRequest, context: Context, *args: bool | str, obj: models.Model | None = None, **kwargs: Any
    ) -> HttpResponse:
        """Add the changed fields. Objects that the reader may not see are shown by their key."""
        if isinstance(obj, AuditEntry):
            entries = AuditEntry.objects.filter(pk=obj.pk).as_rows()
            context["changes"] = readable(entries, reader=signed_in(request))[0].changes
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)


@admin.register(SecurityEvent)
class SecurityEventAdmin(_Log):
    """The security log, read-only: sign-ins, lockouts, denied permissions and other events."""

    list_display = ["when", "kind_badge", "account", "actor", "address", "door", "detail"]
    list_filter = [
        ("kind", ChoicesDropdownFilter),
        ("door", ChoicesDropdownFilter),
        ("happened_at", DateRangeFilter),
    ]
    search_fields = ["username__matches", "actor_username__matches", "detail__matches"]
    search_help_text = _("Account, user or command, full IP address or details")
    ordering = ["-happened_at", "event_id"]
    fields = [
        ("when", "kind"),
        ("account", "actor"),
        ("address", "door"),
        "agent",
        "shown_request",
        "detail",
    ]
    readonly_fields = ["when", "account", "actor", "address", "agent", "shown_request"]

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet, search_term: str
    ) -> tuple[models.QuerySet, bool]:
        """Also find events by the IP address, if the reader may see it."""
        found, has_duplicates = super().get_search_results(request, queryset, search_term)
        try:
            wanted = str(ip_address(search_term.strip()))
        except ValueError:
            return found, has_duplicates
        return found | queryset.filter(shown_remote_addr=wanted), has_duplicates

    @display(description=_("User agent"))
    def agent(self, event: SecurityEvent) -> str | None:
        return shown(event, "user_agent")

    @display(description=_("Request ID"))
    def shown_request(self, event: SecurityEvent) -> str | None:
        return shown(event, "request_id")

    @display(description=_("Time"), ordering="happened_at")
    def when(self, event: SecurityEvent) -> str:
        return timestamp(event.happened_at)

    @display(description=_("Event"), ordering="kind", label=KIND_COLOURS)
    def kind_badge(self, event: SecurityEvent) -> tuple[str, str]:
        return event.kind, event.get_kind_display()

    @display(description=_("Account"), ordering="username")
    def account(self, event: SecurityEvent) -> str | None:
        """The account's username. A device has no account."""
        if event.kind == SecurityEventKind.IMPLAUSIBLE_VIEWS:
            return None
        return event.username or gettext("Unknown")

    @display(description=_("Done by"), ordering="actor_username")
    def actor(self, event: SecurityEvent) -> str | None:
        """The signed-in user or the command that caused the event, if any."""
        return event.actor_username
