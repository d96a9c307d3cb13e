"""Changing and resetting a password."""

from django.core.exceptions import ValidationError as ModelValidationError
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import serializers
from accounts.api.views import AnonymousView, TooManyAttempts
from accounts.models import LockedOutError, User
from accounts.signin import passwords
from campaign_studio.api.base import StudioView

RESET_REQUESTED = (
    "If somebody is registered with this address, a link to set a new password is on its way. It works for an hour."
)


class PasswordView(StudioView):
    """`/api/auth/password`: people change their own password."""

    # A wrong present password counts although it is refused.
    atomic = False

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="change_password",
        tags=["auth"],
        request=serializers.PasswordSerializer,
        responses={204: None},
    )
    def post(self, request: Request) -> Response:
        """Change it. All other sessions end; this one stays."""
        serializer = serializers.PasswordSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        user = User.objects.get(pk=request.user.pk)
        new = serializer.validated_data["new_password"]
        serializers.judge_password(new, user, "new_password")
        try:
            passwords.check_current_password(user, serializer.validated_data["current_password"])
        except LockedOutError as error:
            raise TooManyAttempts(error) from error
        except ModelValidationError as error:
            raise ValidationError({"current_password": error.messages}) from error
        user.set_password(new)
        user.save(update_fields=["password"])
        return Response(status=status.HTTP_204_NO_CONTENT)


class ResetView(AnonymousView):
    """`/api/auth/password/reset`: asks for a link by e-mail."""

    # The mail leaves in a thread of its own, and must not tell of what a transaction may still undo.
    atomic = False

    @extend_schema(
        operation_id="request_password_reset",
        tags=["auth"],
        request=serializers.ResetSerializer,
        responses=serializers.DetailSerializer,
    )
    def post(self, request: Request) -> Response:
        """Send a link by e-mail. The answer is the same for addresses that nobody is registered with."""
        serializer = serializers.ResetSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        passwords.request_reset(serializer.validated_data["email"], site=request.build_absolute_uri("/").rstrip("/"))
        return Response({"detail": RESET_REQUESTED})


class ResetConfirmView(AnonymousView):
    """The link in the e-mail."""

    @extend_schema(
        operation_id="confirm_password_reset",
        tags=["auth"],
        request=serializers.ResetConfirmSerializer,
        responses={204: None},
    )
    def post(self, request: Request) -> Response:
        """Set a new password with what the mail says. It works once, and ends all sessions."""
        serializer = serializers.ResetConfirmSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        sent = serializer.validated_data
        user = passwords.user_of(sent["uid"], sent["token"])
        serializers.judge_password(sent["new_password"], user, "new_password")
        passwords.reset(user, sent["new_password"])
        return Response(status=status.HTTP_204_NO_CONTENT)
