"""The admin console's pages on people, roles and the audit log."""

from typing import Any

from auditlog.registry import auditlog
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils import formats
from django.utils.html import format_html
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import action, display
from unfold.forms import AdminPasswordChangeForm

from accounts.choices import RoleName
from accounts.forms import NewUserForm
from accounts.models import AuditEntry, Role, User
from campaign_studio.admin import StudioAdmin
from campaign_studio.admin_forms import StudioForm
from campaign_studio.admin_history import VERBS, readable
from campaign_studio.admin_lists import ChoiceFilter

ROLE_COLOURS = {
    RoleName.SYSTEM_ADMIN: "danger",
    RoleName.APP_ADMIN: "warning",
    RoleName.CAMPAIGN_MANAGER: "primary",
    RoleName.CONTENT_MODERATOR: "info",
}
ACTION_COLOURS = {0: "success", 1: "info", 2: "danger", 3: "warning"}
ADMINISTERED = ("role", "is_active", "is_verified")


@admin.register(Role)
class RoleAdmin(StudioAdmin):
    """The six roles, to read."""

    list_display = ["name", "role_level", "role_description"]
    fields = ["role_name", "role_level", "role_description"]
    ordering = ["role_level"]

    @display(description="Role", ordering="role_level")
    def name(self, role: Role) -> str:
        """The name people know it by."""
        return str(role)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Listed for those who give roles to others."""
        return request.user.has_perm("accounts.list_user")


@admin.register(User)
class UserAdmin(StudioAdmin, DjangoUserAdmin):  # type: ignore[misc]  # stubs and Unfold disagree on answers
    """People. Whoever is no admin finds themselves here alone, by the link to their own account."""

    form = StudioForm
    add_form = NewUserForm
    add_form_template = None
    change_password_form = AdminPasswordChangeForm
    list_display = ["username", "display_name", "email", "role_badge", "is_active", "is_verified", "last_login"]
    list_filter = [("role", RelatedDropdownFilter), "is_active", "is_verified"]
    list_select_related = ["role"]
    search_fields = ["username__ilike", "email__ilike", "first_name__ilike", "last_name__ilike"]
    search_help_text = "Username, e-mail or name"
    ordering = ["username"]
    filter_horizontal = ()
    readonly_fields = ["last_login", "created_at", "updated_at"]
    fieldsets = [
        (None, {"fields": [("username", "email"), ("first_name", "last_name")]}),
        ("Access", {"fields": ["role", ("is_active", "is_verified")]}),
        ("Dates", {"fields": [("last_login", "created_at", "updated_at")]}),
    ]
    add_fieldsets = [
        (None, {"fields": [("username", "email"), ("first_name", "last_name")]}),
        ("Access", {"fields": ["role", ("is_active", "is_verified")]}),
        ("First password", {"fields": ["password1", "password2"]}),
    ]
    actions_detail = ["change_password"]

    @display(description="Name")
    def display_name(self, user: User) -> str:
        """First and last name."""
        return user.display_name

    @display(description="Role", ordering="role__role_level", label=ROLE_COLOURS)
    def role_badge(self, user: User) -> tuple[str | None, str]:
        """The role, coloured by its power."""
        return user.role_id, str(user.role)

    @action(description="Change password", icon="password", url_path="to-password")
    def change_password(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Go to the page that changes the password."""
        return HttpResponseRedirect(reverse("admin:auth_user_password_change", args=[object_id]))

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """For whoever may change this person."""
        user = self.get_object(request, object_id)
        may = user is not None and self.has_change_permission(request, user)
        return super().get_actions_detail(request, object_id) if may else []

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """People are deleted one at a time, if at all."""
        return {}

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Listed for those who administer others."""
        return request.user.has_perm("accounts.list_user")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """For those who administer others."""
        if not request.user.has_perm("accounts.list_user"):
            raise PermissionDenied
        return super().changelist_view(request, extra_context)

    def get_field_queryset(self, db: str | None, db_field: Any, request: HttpRequest) -> Any:
        """Roles that one may give: never one above one's own."""
        if db_field.name == "role":
            user: Any = request.user
            return Role.objects.assignable_by(user)
        return super().get_field_queryset(db, db_field, request)

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[str]:
        """Nobody changes their own role or locks themselves out; others' only by those who administer them."""
        administers = obj is None or (obj.pk != request.user.pk and self.may(request, "administer", obj))
        return [*self.readonly_fields, *(() if administers else ADMINISTERED)]

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """A creator of content stays: say what to do instead."""
        to_delete, counts, lacking, protected = super().get_deleted_objects(objs, request)
        if protected:
            hint = "They created content that stays. Deactivate them instead: switch “active” off on their page."
            protected = [hint, *protected]
        return to_delete, counts, lacking, protected

    def _response_post_save(self, request: HttpRequest, obj: models.Model) -> HttpResponse:
        if request.user.has_perm("accounts.list_user"):
            return super()._response_post_save(request, obj)
        return HttpResponseRedirect(reverse("admin:index"))


class KindFilter(ChoiceFilter):
    """By what was changed."""

    title = "kind of object"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every audited kind."""
        kinds = ContentType.objects.get_for_models(*auditlog.get_models())
        named = [(str(kind.pk), str(model._meta.verbose_name).capitalize()) for model, kind in kinds.items()]
        return sorted(named, key=lambda choice: choice[1])

    def matching(self, queryset: Any, value: str) -> Any:
        """Entries on that kind."""
        return queryset.filter(content_type_id=value)


class ActionFilter(ChoiceFilter):
    """By what was done."""

    title = "action"
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Created, changed, deleted, seen."""
        return [(str(number), verb.capitalize()) for number, verb in VERBS.items()]

    def matching(self, queryset: Any, value: str) -> Any:
        """Entries with that action."""
        return queryset.filter(action=value)


@admin.register(AuditEntry)
class AuditEntryAdmin(StudioAdmin):
    """The audit log, to read."""

    list_display = ["when", "who", "what", "kind", "object_repr", "door", "remote_addr"]
    list_filter = [ActionFilter, ("door", ChoicesDropdownFilter), KindFilter]
    date_hierarchy = "timestamp"
    search_fields = ["object_repr__ilike", "actor_name__ilike", "actor_username__ilike", "object_pk__exact"]
    search_help_text = "Object, its key, or who"
    ordering = ["-timestamp", "-id"]
    fieldsets = [
        (None, {"fields": ["when", "who", ("door", "remote_addr"), "request_id"]}),
        ("What", {"fields": ["verb", "kind", "object_link", "object_pk", "changed_fields"]}),
    ]
    readonly_fields = ["when", "who", "verb", "request_id", "kind", "object_link", "changed_fields"]

    @display(description="When (UTC)", ordering="timestamp")
    def when(self, entry: AuditEntry) -> str:
        """To the second."""
        return formats.date_format(entry.timestamp, "j M Y, H:i:s")

    @display(description="Action")
    def verb(self, entry: AuditEntry) -> str:
        """What was done, in a word."""
        return VERBS[entry.action]

    @display(description="Request id")
    def request_id(self, entry: AuditEntry) -> str | None:
        """Joins entries, log lines and answers of one request."""
        return entry.cid

    @display(description="Who", ordering="actor_name")
    def who(self, entry: AuditEntry) -> str:
        """The person with their username, or the command."""
        if entry.actor_username and entry.actor_username != entry.actor_name:
            return f"{entry.actor_name} ({entry.actor_username})"
        return entry.actor_name or "–"

    @display(description="Action", ordering="action", label=ACTION_COLOURS)
    def what(self, entry: AuditEntry) -> tuple[int, str]:
        """What was done."""
        return entry.action, VERBS[entry.action]

    @display(description="Kind")
    def kind(self, entry: AuditEntry) -> str:
        """The kind of object."""
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

    @display(description="Changes")
    def changed_fields(self, entry: AuditEntry) -> str:
        """Field by field, old and new."""
        rows = readable([entry], reader=entry.read_by)
        return render_to_string("admin/includes/changes.html", {"changes": rows[0].changes})

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The entry, knowing who reads it: names of what they may not see stay keys."""
        entry = super().get_object(request, object_id, from_field)
        if entry is not None:
            entry.read_by = request.user
        return entry

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """One entry. It has no history of its own."""
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "show_history": False})

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """None: what is in the log is never changed."""
        raise Http404("The audit log itself has no history.")
