"""The admin console's pages for users and roles."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models.fields.related import RelatedField
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.text import get_text_list
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action, display
from unfold.forms import AdminPasswordChangeForm

from accounts.choices import RoleName
from accounts.console import log, sessions  # noqa: F401 - imported for the pages they register
from accounts.console.forms import NewUserForm
from accounts.console.history import AuditedAdmin
from accounts.models import Role, Session, SignInAttempts, TOTPDevice, User
from accounts.signin.console import signed_in
from campaign_studio.console.forms import StudioForm
from campaign_studio.console.views import Context

ROLE_COLOURS = {
    RoleName.SYSTEM_ADMIN: "danger",
    RoleName.APP_ADMIN: "warning",
    RoleName.CAMPAIGN_MANAGER: "primary",
    RoleName.CONTENT_MODERATOR: "info",
}
ADMINISTERED = ("role", "is_active", "is_verified")


@admin.register(Role)
class RoleAdmin(AuditedAdmin):
    """The six roles, read-only."""

    list_display = ["name", "role_level", "role_description"]
    fields = ["role_name", "role_level", "role_description"]
    ordering = ["role_level"]

    @display(description=_("Role"), ordering="role_level")
    def name(self, role: Role) -> str:
        return str(role)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Listed only for users who assign roles to others."""
        return request.user.has_perm("accounts.list_user")


@admin.register(User)
class UserAdmin(AuditedAdmin, DjangoUserAdmin):  # type: ignore[misc]  # stubs and Unfold disagree on answers
    """Users. Non-administrators reach only their own page, through the link to their account."""

    form = StudioForm
    add_form = NewUserForm
    add_form_template = None
    change_password_form = AdminPasswordChangeForm
    list_display = ["username", "display_name", "email", "role_badge", "is_active", "is_verified", "last_login"]
    list_filter = [("role", RelatedDropdownFilter), "is_active", "is_verified"]
    list_select_related = ["role"]
    search_fields = ["username__matches", "email__matches", "first_name__matches", "last_name__matches"]
    search_help_text = _("Username, email address or name")
    ordering = ["username"]
    filter_horizontal = ()
    readonly_fields = ["last_login", "created_at", "updated_at"]
    fieldsets = [
        (None, {"fields": [("username", "email"), ("first_name", "last_name")]}),
        (_("Access"), {"fields": ["role", ("is_active", "is_verified")]}),
        (_("Dates"), {"fields": [("last_login", "created_at", "updated_at")]}),
    ]
    add_fieldsets = [
        (None, {"fields": [("username", "email"), ("first_name", "last_name")]}),
        (_("Access"), {"fields": ["role", ("is_active", "is_verified")]}),
        (_("Password"), {"fields": ["password1", "password2"]}),
    ]
    actions = ["unlock"]
    actions_detail = ["change_password", "confirm_email", "turn_off_two_factor"]

    @display(description=_("Name"))
    def display_name(self, user: User) -> str:
        return user.display_name

    @display(description=_("Role"), ordering="role__role_level", label=ROLE_COLOURS)
    def role_badge(self, user: User) -> tuple[str | None, str]:
        """The role, in a colour that shows its level."""
        return user.role_id, str(user.role)

    @action(description=_("Change password"), icon="password", url_path="to-password")
    def change_password(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Redirect to the page that changes the password."""
        return HttpResponseRedirect(reverse("admin:auth_user_password_change", args=[object_id]))

    @action(description=_("Confirm email address"), icon="mark_email_read", url_path="to-email")
    def confirm_email(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Redirect to the page that sends the user a link."""
        return HttpResponseRedirect(reverse("admin:email"))

    @action(description=_("Turn off two-factor authentication"), icon="lock_open", url_path="to-two-factor-off")
    def turn_off_two_factor(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Redirect to the page that asks for confirmation."""
        return HttpResponseRedirect(reverse("admin:two_factor_off", args=[object_id]))

    def get_actions_detail(self, request: HttpRequest, object_id: str) -> list[UnfoldAction]:
        """Actions for those who may change this user.

        Two-factor authentication can only be turned off for others, a link to confirm an address only requested for
        one's own.
        """
        user = self.get_object(request, object_id)
        if user is None or not self.has_change_permission(request, user):
            return []
        is_own = user.pk == request.user.pk
        useless = {
            "two_factor": is_own or not TOTPDevice.objects.is_used_by(user),
            "confirm_email": not is_own or user.is_verified,
        }
        return [
            action
            for action in super().get_actions_detail(request, object_id)
            if not any(is_useless and name in action.action_name for name, is_useless in useless.items())
        ]

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Change another user's password. Users change their own on the page that asks for the current one."""
        if id == str(request.user.pk):
            return HttpResponseRedirect(reverse("admin:password_change"))
        return super().user_change_password(request, id, form_url)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Users aren't deleted in bulk."""
        return {name: one for name, one in super().get_actions(request).items() if name != "delete_selected"}

    def has_administer_permission(self, request: HttpRequest) -> bool:
        """Whether the signed-in user administers others at all."""
        return self.may(request, "administer")

    @admin.action(description=_("Unlock selected users"), permissions=["administer"])
    def unlock(self, request: HttpRequest, queryset: models.QuerySet[User]) -> None:
        users = list(queryset)
        if not all(self.may(request, "administer", user) for user in users):
            raise PermissionDenied
        for user in users:
            SignInAttempts.objects.unlock(user)
        names = get_text_list([str(user) for user in users], gettext("and"))
        self.message_user(request, gettext("Unlocked: %(users)s.") % {"users": names}, messages.SUCCESS)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Listed only for users who administer others."""
        return request.user.has_perm("accounts.list_user")

    def changelist_view(self, request: HttpRequest, extra_context: Context | None = None) -> HttpResponse:
        """Only for users who administer others."""
        if not request.user.has_perm("accounts.list_user"):
            raise PermissionDenied
        return super().changelist_view(request, extra_context)

    def get_field_queryset(
        self, db: str | None, db_field: RelatedField, request: HttpRequest
    ) -> models.QuerySet | None:
        """Offer only the roles that the signed-in user may assign, up to their own level."""
        if db_field.name == "role":
            return Role.objects.all().assignable_by(signed_in(request))
        return super().get_field_queryset(db, db_field, request)

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[str]:
        """Access fields are read-only on one's own page and for users whom the signed-in user doesn't administer."""
        administers = obj is None or (obj.pk != request.user.pk and self.may(request, "administer", obj))
        return [*self.readonly_fields, *(() if administers else ADMINISTERED)]

    def get_deleted_objects(
        self, objs: Iterable[models.Model], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """For a user who created content, say what to do instead. Sessions are deleted without needing permission."""
        to_delete, counts, lacking, protected = super().get_deleted_objects(objs, request)
        others = {kind for kind in lacking if kind != Session._meta.verbose_name}
        if protected:
            hint = gettext("This user created content that must be kept. Turn off “Active” on the user's page instead.")
            protected = [hint, *protected]
        return to_delete, counts, others, protected

    def _response_post_save(self, request: HttpRequest, obj: models.Model) -> HttpResponse:
        if request.user.has_perm("accounts.list_user"):
            return super()._response_post_save(request, obj)
        return HttpResponseRedirect(reverse("admin:index"))
