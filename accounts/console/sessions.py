"""The admin console's pages for sessions."""

from typing import Protocol, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import formats, timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
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
    """A session as `get_queryset()` annotates it."""

    is_current: bool


@admin.register(Session)
class SessionAdmin(StudioAdmin):
    """Active sessions, to view and end: the user's own and, for administrators, those of the users they administer."""

    list_display = ["username", "door_badge", "device_name", "remote_addr", "signed_in", "seen", "is_this_one"]
    list_filter = [("door", ChoicesDropdownFilter)]
    list_select_related = ["user"]
    search_fields = ["user__username__matches", "remote_addr__exact"]
    search_help_text = _("Username or full IP address")
    ordering = ["-last_seen_at", "session_id"]
    fields = [
        ("username", "door"),
        ("device_name", "remote_addr"),
        "user_agent",
        ("signed_in", "seen", "expires_at"),
        "second_factor",
    ]
    readonly_fields = ["username", "device_name", "signed_in", "seen"]
    actions = ["end_sessions"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Sessions that can still be used, annotated with `is_current`: whether this is the session of the request."""
        current = signed_in(request).current_session
        is_current = ExpressionWrapper(Q(pk=current.pk if current else None), BooleanField())
        rows = cast(SessionQuerySet, super().get_queryset(request))
        return rows.alive(at=timezone.now()).annotate(is_current=is_current)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Whether the signed-in user may end sessions at all."""
        return self.may(request, "revoke")

    @display(description=_("User"), ordering="user__username")
    def username(self, session: Session) -> str:
        return f"{session.user.display_name} ({session.user.username})"

    @display(description=_("Channel"), ordering="door", label=DOOR_COLOURS)
    def door_badge(self, session: Session) -> tuple[str, str]:
        return session.door, session.get_door_display()

    @display(description=_("Device"), ordering="user_agent")
    def device_name(self, session: Session) -> str:
        return session.device

    @display(description=_("Signed in (UTC)"), ordering="created_at")
    def signed_in(self, session: Session) -> str:
        return formats.date_format(session.created_at, "DATETIME_FORMAT")

    @display(description=_("Last seen (UTC)"), ordering="last_seen_at")
    def seen(self, session: Session) -> str:
        """When the session was last used, to the minute."""
        return formats.date_format(session.last_seen_at, "DATETIME_FORMAT")

    @display(description=_("This session"), boolean=True)
    def is_this_one(self, session: ListedSession) -> bool:
        """Whether the request was made in this session."""
        return session.is_current

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Context | None = None) -> HttpResponse:
        """Raise Http404. What happens to sessions is in the security log."""
        raise Http404(gettext("Sessions have no history."))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Context | None = None
    ) -> HttpResponse:
        """A session's page, without a link to its history."""
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "show_history": False})

    @admin.action(description=_("End selected sessions"), permissions=["revoke"])
    def end_sessions(self, request: HttpRequest, queryset: QuerySet[Session]) -> None:
        ended = 0
        for session in queryset.select_related("user"):
            if not self.may(request, "revoke", session):
                raise PermissionDenied
            session.revoke(SecurityEventKind.SESSION_REVOKED, at=timezone.now())
            ended += 1
        message = ngettext("%(count)d session ended.", "%(count)d sessions ended.", ended) % {"count": ended}
        self.message_user(request, message, messages.SUCCESS)
