"""The API's side of the one matrix of rules: every view asks it, and what no rule allows is refused."""

from typing import TYPE_CHECKING, cast

from django.db.models import Model
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

if TYPE_CHECKING:
    # The framework loads this module while it builds the class.
    from rest_framework.views import APIView

    from campaign_studio.api.base import StudioView

ROLE_MAY_NOT = "Your role may not do this."


class ModelPermission(BasePermission):
    """Asks `user.has_perm()` for what the view says an action needs (`view.required_permission()`).

    No token is 401; a token without the right is 403; an object the user may not even see is 404, because every view
    starts from `visible_to(user)`.
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
        """None only for a method that the view doesn't have, which is answered 405 afterwards."""
        if getattr(view, "action", None) in (None, "metadata"):
            return None
        return cast("StudioView", view).required_permission()
