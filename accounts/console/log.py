"""The admin console's pages on the audit log and the security log, to read."""

from typing import Any

from auditlog.registry import auditlog
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils import formats
from django.utils.html import format_html
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from accounts.audit.history import VERBS, readable
from accounts.choices import SecurityEventKind
from accounts.models import AuditEntry, AuditSeal, SecurityEvent
from accounts.signin.console import signed_in
from campaign_studio.console.base import StudioAdmin
from campaign_studio.console.lists import ChoiceFilter
from campaign_studio.console.views import Context

ACTION_COLOURS = {0: "success", 1: "info", 2: "danger", 3: "warning"}
KIND_COLOURS: dict[str, str] = {
    **dict.fromkeys(SecurityEventKind, "info"),
    SecurityEventKind.LOGIN_OK: "success",
    SecurityEventKind.LOGIN_FAILED: "warning",
    SecurityEventKind.LOCKED_OUT: "danger",
    SecurityEventKind.REFRESH_REUSED: "danger",
    SecurityEventKind.PERMISSION_REFUSED: "warning",
    SecurityEventKind.BANK_NUMBER_REVEALED: "warning",
}


class _Log(StudioAdmin):
    """What is in a log is never changed, so its entries have no history."""

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Context | None = None
    ) -> HttpResponse:
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "show_history": False})

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Context | None = None) -> HttpResponse:
        raise Http404("A log itself has no history.")


class KindFilter(ChoiceFilter):
    """Narrows the log to one kind of audited object."""

    title = "kind of object"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        kinds = ContentType.objects.get_for_models(*auditlog.get_models())
        named = [(str(kind.pk), str(model._meta.verbose_name).capitalize()) for model, kind in kinds.items()]
        return sorted(named, key=lambda choice: choice[1])

    def matching(self, queryset: models.QuerySet, value: str) -> models.QuerySet:
        return queryset.filter(content_type_id=value)


class ActionFilter(ChoiceFilter):
    """Narrows the log to one action: created, changed, deleted or seen."""

    title = "action"
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [(str(number), verb.capitalize()) for number, verb in VERBS.items()]

    def matching(self, queryset: models.QuerySet, value: str) -> models.QuerySet:
        return queryset.filter(action=value)


@admin.register(AuditEntry)
class AuditEntryAdmin(_Log):
    """The audit log, to read."""

    change_form_after_template = "admin/accounts/entry_changes.html"
    list_display = ["when", "who", "what", "kind", "object_repr", "door", "remote_addr"]
    list_filter = [ActionFilter, ("door", ChoicesDropdownFilter), KindFilter]
    date_hierarchy = "timestamp"
    search_fields = ["object_repr__ilike", "actor_name__ilike", "actor_username__ilike", "object_pk__exact"]
    search_help_text = "Object, its key, or who"
    ordering = ["-timestamp", "-id"]
    fieldsets = [
        (None, {"fields": ["when", "who", ("door", "remote_addr"), "request_id", "seal"]}),
        ("What", {"fields": ["verb", "kind", "object_link", "object_pk"]}),
    ]
    readonly_fields = ["when", "who", "verb", "request_id", "seal", "kind", "object_link"]

    @display(description="When (UTC)", ordering="timestamp")
    def when(self, entry: AuditEntry) -> str:
        return formats.date_format(entry.timestamp, "j M Y, H:i:s")

    @display(description="Action")
    def verb(self, entry: AuditEntry) -> str:
        return VERBS[entry.action]

    @display(description="Request id")
    def request_id(self, entry: AuditEntry) -> str | None:
        """Joins entries, log lines and answers of one request."""
        return entry.cid

    @display(description="Seal")
    def seal(self, entry: AuditEntry) -> str:
        """Position and seal, to compare with what was noted elsewhere."""
        return str(AuditSeal.objects.filter(entry_id=entry.pk).first() or "Waits to be sealed")

    @display(description="Who", ordering="actor_name")
    def who(self, entry: AuditEntry) -> str:
        """The person with their username, or the command."""
        if entry.actor_username and entry.actor_username != entry.actor_name:
            return f"{entry.actor_name} ({entry.actor_username})"
        return entry.actor_name or "–"

    @display(description="Action", ordering="action", label=ACTION_COLOURS)
    def what(self, entry: AuditEntry) -> tuple[int, str]:
        return entry.action, VERBS[entry.action]

    @display(description="Kind")
    def kind(self, entry: AuditEntry) -> str:
        return entry.content_type.name.capitalize()

    @display(description="Object")
    def object_link(self, entry: AuditEntry) -> str:
        """The object's name at the time, leading to it where it has a page."""
        try:
            view = f"admin:{entry.content_type.app_label}_{entry.content_type.model}_change"
            return format_html(
                '<a href="{}" class="text-link">{}</a>', reverse(view, args=[entry.object_pk]), entry.object_repr
            )
        except NoReverseMatch:
            return entry.object_repr

    def render_change_form(
        self, request: HttpRequest, context: Context, *args: bool | str, obj: models.Model | None = None, **kwargs: Any
    ) -> HttpResponse:
        """The entry with what changed, field by field; names of what its reader may not see stay keys."""
        if isinstance(obj, AuditEntry):
            context["changes"] = readable([obj], reader=signed_in(request))[0].changes
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)


@admin.register(SecurityEvent)
class SecurityEventAdmin(_Log):
    """Sign-ins, refusals, lock-outs …, to read."""

    list_display = ["when", "kind_badge", "account", "actor", "remote_addr", "door", "detail"]
    list_filter = [("kind", ChoicesDropdownFilter), ("door", ChoicesDropdownFilter)]
    date_hierarchy = "happened_at"
    search_fields = ["username__ilike", "actor_username__ilike", "remote_addr__exact", "detail__ilike"]
    search_help_text = "Account, who did it, a whole address, or what was asked for"
    ordering = ["-happened_at", "event_id"]
    fields = [
        ("when", "kind"),
        ("account", "actor"),
        ("remote_addr", "door"),
        "user_agent",
        "request_id",
        "detail",
    ]
    readonly_fields = ["when", "account", "actor"]

    @display(description="When (UTC)", ordering="happened_at")
    def when(self, event: SecurityEvent) -> str:
        return formats.date_format(event.happened_at, "j M Y, H:i:s")

    @display(description="Event", ordering="kind", label=KIND_COLOURS)
    def kind_badge(self, event: SecurityEvent) -> tuple[str, str]:
        return event.kind, event.get_kind_display()

    @display(description="Account", ordering="username")
    def account(self, event: SecurityEvent) -> str:
        return event.username or "unknown"

    @display(description="Done by", ordering="actor_username")
    def actor(self, event: SecurityEvent) -> str | None:
        """Who did it, where it was somebody signed in, or a command."""
        return event.actor_username
