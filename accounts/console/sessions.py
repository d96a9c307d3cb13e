"""The admin console's pages on sessions."""

from typing import Protocol, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import formats, timezone
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from accounts.choices import Door, SecurityEventKind
from accounts.models import Session
from accounts.querysets import SessionQuerySet
from accounts.signin.console import signed_in
from campaign_studio.console.base import StudioAdmin
from campaign_studio.console.views import Context

DOOR_COLOURS = {Door.ADMIN: "primary", Door.API: "info"}


class ListedSession(Protocol):
    """A session as its list has it."""

    is_present: bool


@admin.register(Session)
class SessionAdmin(StudioAdmin):
    """Where people are signed in: one's own, and for admins everybody's within reach. Here they are ended."""

    list_display = ["whose", "door_badge", "device_name", "remote_addr", "signed_in", "seen", "is_this_one"]
    list_filter = [("door", ChoicesDropdownFilter)]
    list_select_related = ["user"]
    search_fields = ["user__username__ilike", "remote_addr__exact"]
    search_help_text = "Username, or a whole address"
    ordering = ["-last_seen_at", "session_id"]
    fields = [
        ("whose", "door"),
        ("device_name", "remote_addr"),
        "user_agent",
        ("signed_in", "seen", "expires_at"),
        "second_factor",
    ]
    readonly_fields = ["whose", "device_name", "signed_in", "seen"]
    actions = ["end_sessions"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Those that can still be used, knowing which of them is looking."""
        present = signed_in(request).present_session
        is_present = ExpressionWrapper(Q(pk=present.pk if present else None), BooleanField())
        rows = cast(SessionQuerySet, super().get_queryset(request))
        return rows.alive(at=timezone.now()).annotate(is_present=is_present)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Whether they may end sessions at all."""
        return self.may(request, "revoke")

    @display(description="User", ordering="user__username")
    def whose(self, session: Session) -> str:
        return f"{session.user.display_name} ({session.user.username})"

    @display(description="Way in", ordering="door", label=DOOR_COLOURS)
    def door_badge(self, session: Session) -> tuple[str, str]:
        return session.door, session.get_door_display()

    @display(description="Device", ordering="user_agent")
    def device_name(self, session: Session) -> str:
        return session.device

    @display(description="Signed in (UTC)", ordering="created_at")
    def signed_in(self, session: Session) -> str:
        return formats.date_format(session.created_at, "j M Y, H:i")

    @display(description="Last seen (UTC)", ordering="last_seen_at")
    def seen(self, session: Session) -> str:
        """When it was used last, to the minute."""
        return formats.date_format(session.last_seen_at, "j M Y, H:i")

    @display(description="This one", boolean=True)
    def is_this_one(self, session: ListedSession) -> bool:
        """Whether it is the one that is looking."""
        return session.is_present

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Context | None = None) -> HttpResponse:
        """None: what happens to sessions is in the security log."""
        raise Http404("A session has no history of its own.")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Context | None = None
    ) -> HttpResponse:
        """One session. It has no history of its own."""
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "show_history": False})

    @admin.action(description="End the chosen sessions", permissions=["revoke"])
    def end_sessions(self, request: HttpRequest, queryset: QuerySet[Session]) -> None:
        ended = 0
        for session in queryset.select_related("user"):
            if not self.may(request, "revoke", session):
                raise PermissionDenied
            session.revoke(SecurityEventKind.SESSION_REVOKED, at=timezone.now())
            ended += 1
        self.message_user(request, f"{ended} session{'s' if ended != 1 else ''} ended.", messages.SUCCESS)
