"""`/api/auth/password`: changing a password, and resetting a forgotten one."""

from uuid import UUID

from django.core.exceptions import ValidationError as ModelValidationError
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.fields import get_error_detail
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import serializers
from accounts.api.views import AnonymousView, SignInView, TooManyAttempts
from accounts.models import LockedOutError, User
from accounts.signin import passwords
from campaign_studio.api.etags import ETagMixin
from campaign_studio.api.viewsets import StudioListViewSet

OWN_PASSWORD = _("Change your own password with POST /api/auth/password, which asks for the current one.")
RESET_REQUESTED = _(
    "If there is an account with this email address, a link to set a new password has been sent to it. The link works "
    "for an hour."
)


class PasswordView(SignInView):
    """`/api/auth/password`: changes the user's own password."""

    # A refusal would roll back the transaction, but a wrong current password must stay counted.
    atomic = False

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="changePassword",
        summary=_("Change your password"),
        description=_("Change your password. All your other sessions end."),
        request=serializers.PasswordSerializer,
        responses={204: None},
    )
    def post(self, request: Request) -> Response:
        serializer = serializers.PasswordSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        user = User.objects.get(pk=request.user.pk)
        new = serializer.validated_data["new_password"]
        serializers.check_password_rules(new, user, "new_password")
        try:
            passwords.check_current_password(user, serializer.validated_data["current_password"])
        except LockedOutError as error:
            raise TooManyAttempts(error) from error
        except ModelValidationError as error:
            raise ValidationError({"current_password": get_error_detail(error)}) from error
        user.set_password(new)
        user.save(update_fields=["password"])
        return Response(status=status.HTTP_204_NO_CONTENT)


class UserPasswordView(ETagMixin, StudioListViewSet[User]):
    """`/api/users/{user_id}/password`: sets another user's password, as administrators can in the console.

    `If-Match` is that of the user.
    """

    queryset = User.objects.all()
    row_serializer_class = serializers.UserSerializer
    counters = ("last_login",)
    no_store = True

    def required_permission(self) -> str:
        return "accounts.administer_user"

    @extend_schema(
        summary=_("Set a user's password"),
        description=_(
            "Set another user's password. All their sessions end, and they are told by email. You know this password, "
            "so ask them to change it."
        ),
        request=serializers.OthersPasswordSerializer,
        responses={204: None},
    )
    def update(self, request: Request, user_id: UUID) -> Response:
        user = get_object_or_404(self.get_queryset().select_for_update(of=("self",)), pk=user_id)
        self.check_object_permissions(request, user)
        if user.pk == request.user.pk:
            raise PermissionDenied(OWN_PASSWORD, "own_password")
        self.check_match(request, lambda: self.get_serializer(user).data)
        serializer = serializers.OthersPasswordSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        serializers.check_password_rules(serializer.validated_data["new_password"], user, "new_password")
        user.set_password(serializer.validated_data["new_password"])
        user.save(update_fields=["password"])
        return Response(status=status.HTTP_204_NO_CONTENT)


class ResetView(AnonymousView):
    """`/api/auth/password/reset`: emails a link to set a new password."""

    # Without a transaction, the attempt is counted and the mail is on its way before the answer.
    atomic = False

    @extend_schema(
        operation_id="requestPasswordReset",
        summary=_("Request a link to reset a password"),
        description=_(
            "Email a link to set a new password. The response is the same whether or not there is an account with "
            "this email address."
        ),
        request=serializers.ResetSerializer,
        responses=serializers.DetailSerializer,
    )
    def post(self, request: Request) -> Response:
        serializer = serializers.ResetSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        passwords.request_reset(serializer.validated_data["email"])
        return Response({"detail": str(RESET_REQUESTED)})


class ResetConfirmView(AnonymousView):
    """`/api/auth/password/reset/confirm`: sets a new password with the `uid` and `token` from the emailed link."""

    @extend_schema(
        operation_id="confirmPasswordReset",
        summary=_("Reset a password with the emailed link"),
        description=_(
            "Set a new password with the `uid` and `token` from the emailed link. The link works once. All sessions "
            "end."
        ),
        request=serializers.ResetConfirmSerializer,
        responses={204: None},
    )
    def post(self, request: Request) -> Response:
        serializer = serializers.ResetConfirmSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        sent = serializer.validated_data
        user = passwords.user_of(sent["uid"], sent["token"])
        serializers.check_password_rules(sent["new_password"], user, "new_password")
        passwords.reset(user, sent["new_password"])
        return Response(status=status.HTTP_204_NO_CONTENT)
