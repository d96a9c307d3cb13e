"""Permissions of the API, from the same rules as the console's. Anything that no rule allows is refused."""

from typing import TYPE_CHECKING, cast

from django.db.models import Model
from django.utils.translation import gettext_lazy as _
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

if TYPE_CHECKING:
    # Only for types: DRF imports this module while it is still defining APIView.
    from rest_framework.views import APIView

    from campaign_studio.api.base import StudioView

ROLE_MAY_NOT = _("Your role doesn't allow this.")


class ModelPermission(BasePermission):
    """Checks the permission that an action requires (`view.required_permission()`) by `user.has_perm()`.

    A request without a token is answered 401, a user without the permission 403. An object that the user may not see
    is answered 404, because every view starts from `visible_to(user)`.
    """

    message = ROLE_MAY_NOT

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if not request.user.is_authenticated:
            return False
        needed = self._needed(view)
        return needed is None or request.user.has_perm(needed)

    def has_object_permission(self, request: Request, view: "APIView", obj: Model) -> bool:
        needed = self._needed(view)
        return needed is None or request.user.has_perm(needed, obj)

    @staticmethod
    def _needed(view: "APIView") -> str | None:
        """The permission; None for a method that the view doesn't have, which is answered 405 later."""
        if getattr(view, "action", None) in (None, "metadata"):
            return None
        return cast("StudioView", view).required_permission()
