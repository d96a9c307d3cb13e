"""The API's side of the one matrix (3-roles): every view asks it, and what no rule allows is refused."""

from typing import TYPE_CHECKING, Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

if TYPE_CHECKING:
    from rest_framework.views import APIView


class ModelPermission(BasePermission):
    """Asks `user.has_perm()` for what the view says an action needs (`view.required_permission()`).

    No token is 401; a token without the right is 403; an object the user may not even see is 404, because every view
    starts from `visible_to(user)`.
    """

    message = "Your role may not do this."

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """May they at all?"""
        if not request.user.is_authenticated:
            return False
        needed = self._needed(view)
        return needed is None or request.user.has_perm(needed)

    def has_object_permission(self, request: Request, view: "APIView", obj: Any) -> bool:
        """May they with this object?"""
        needed = self._needed(view)
        return needed is None or request.user.has_perm(needed, obj)

    @staticmethod
    def _needed(view: "APIView") -> str | None:
        """None only for a method that the view doesn't have, which is answered 405 afterwards."""
        if getattr(view, "action", None) in (None, "metadata"):
            return None
        needed: str = view.required_permission()  # type: ignore[attr-defined]
        return needed
