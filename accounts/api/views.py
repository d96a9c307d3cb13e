"""Signing in and out, users, roles and the audit log."""

from typing import cast

from django.conf import settings
from django.contrib.auth import authenticate
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import (
    AuthenticationFailed,
    ErrorDetail,
    PermissionDenied,
    Throttled,
    ValidationError,
)
from rest_framework.permissions import SAFE_METHODS, AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import serializers, tokens
from accounts.api.filters import AuditEntryFilter, UserFilter
from accounts.choices import SecurityEventKind
from accounts.models import AuditEntry, LockedOutError, Role, Session, User
from accounts.signin.two_factor import SecondFactorNeededError, is_required_of
from campaign_studio.api.base import StudioView
from campaign_studio.api.etags import ETagMixin
from campaign_studio.api.serializers import StudioSerializer
from campaign_studio.api.viewsets import StudioListViewSet, StudioViewSet

WRONG_CREDENTIALS = "Username or password is wrong, or the account is not active."
INVALID_REFRESH = "This refresh token is not valid, or was used before. Sign in again."
SET_UP_TWO_FACTOR = "Your role signs in with two-factor. Sign in to the console at /admin/ and set it up there first."
# Tokens have no business in anybody's cache.
NOT_STORED = {"Cache-Control": "no-store"}
REGISTRATION_CLOSED = "Registration is closed here. Ask an administrator for an account."


class TooManyAttempts(Throttled):
    """429: locked out, and for how long."""

    def __init__(self, error: LockedOutError) -> None:
        super().__init__(wait=error.wait)
        self.detail = ErrorDetail(str(error), self.default_code)


class AnonymousView(StudioView):
    """An address for everybody, signed in or not."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def get_authenticate_header(self, request: Request) -> str:
        """Makes a refusal a 401."""
        return "Bearer"


class RegisterView(AnonymousView):
    """`/api/auth/register`: opens an account, where registration is open."""

    @extend_schema(
        operation_id="register",
        tags=["auth"],
        request=serializers.RegistrationSerializer,
        responses={201: serializers.SelfSerializer},
    )
    def post(self, request: Request) -> Response:
        """Create a user with the role `user`, where registration is open."""
        if not settings.REGISTRATION_OPEN:
            raise PermissionDenied(REGISTRATION_CLOSED)
        serializer = serializers.RegistrationSerializer(data=request.data, context={"request": request})
        serializer.is_valid(raise_exception=True)
        user = serializer.save()
        return Response(serializers.SelfSerializer(user).data, status=status.HTTP_201_CREATED)


class LoginView(AnonymousView):
    """`/api/auth/login`: starts a session and gives its token pair."""

    # A failed attempt counts although it is refused.
    atomic = False

    @extend_schema(
        operation_id="login",
        tags=["auth"],
        request=serializers.LoginSerializer,
        responses=serializers.SignedInSerializer,
    )
    def post(self, request: Request) -> Response:
        """Username or e-mail and password for a pair of tokens. Every failure gets the same answer.

        Who signs in with two-factor is asked for `otp_token` by a 400 on that field, once the password is right.
        """
        serializer = serializers.LoginSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        try:
            user = authenticate(request._request, **serializer.validated_data)
        except LockedOutError as error:
            raise TooManyAttempts(error) from error
        except SecondFactorNeededError as error:
            raise ValidationError({"otp_token": [str(error)]}) from error
        if not isinstance(user, User):
            raise AuthenticationFailed(WRONG_CREDENTIALS)
        if is_required_of(user) and not user.has_shown_code:
            raise PermissionDenied(SET_UP_TWO_FACTOR)
        pair = tokens.start_session(user, at=timezone.now())
        return Response({**pair, "user": serializers.SelfSerializer(user).data}, headers=NOT_STORED)


class RefreshView(AnonymousView):
    """`/api/auth/refresh`: a new token pair for a refresh token."""

    # A token that is used again ends its session although it is refused.
    atomic = False

    @extend_schema(
        operation_id="refresh",
        tags=["auth"],
        request=serializers.RefreshSerializer,
        responses=serializers.TokenPairSerializer,
    )
    def post(self, request: Request) -> Response:
        """Trade the refresh token for a new pair. The old one is dead; using it again ends the session."""
        serializer = serializers.RefreshSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        pair = tokens.refresh_session(serializer.validated_data["refresh_token"])
        if pair is None:
            raise AuthenticationFailed(INVALID_REFRESH)
        return Response(pair, headers=NOT_STORED)


class LogoutView(StudioView):
    """`/api/auth/logout`: ends the session of the token."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="logout", tags=["auth"], request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        """End this session: both of its tokens are dead at once."""
        session = cast("Session", request.auth)
        session.revoke(SecurityEventKind.LOGGED_OUT, at=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class MeView(ETagMixin, StudioView):
    """`/api/auth/me`: one's own account."""

    permission_classes = (IsAuthenticated,)
    counters = ("last_login",)

    @extend_schema(operation_id="me", tags=["auth"], responses=serializers.SelfSerializer)
    def get(self, request: Request) -> Response:
        """Who am I?"""
        return self.document_answer(serializers.SelfSerializer(User.objects.get(pk=request.user.pk)).data)

    @extend_schema(
        operation_id="change_me",
        tags=["auth"],
        request=serializers.SelfSerializer,
        responses=serializers.SelfSerializer,
    )
    def patch(self, request: Request) -> Response:
        """Change one's own name and addresses, never role or standing."""
        user = User.objects.select_for_update(of=("self",)).get(pk=request.user.pk)
        self.check_match(request, lambda: serializers.SelfSerializer(user).data)
        serializer = serializers.SelfSerializer(user, data=request.data, partial=True, context={"request": request})
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return self.document_answer(serializer.data)


class RoleViewSet(StudioListViewSet[Role]):
    """The six roles."""

    permission_classes = (IsAuthenticated,)
    row_serializer_class = serializers.RoleSerializer
    queryset = Role.objects.all()


class UserViewSet(StudioViewSet[User]):
    """People. Admins see and change them; everybody sees and changes themselves."""

    queryset = User.objects.all()
    serializer_class = serializers.UserSerializer
    row_serializer_class = serializers.UserSerializer
    filterset_class = UserFilter
    search_fields = ("username", "email", "first_name", "last_name")
    lookup_url_kwarg = "user_id"
    counters = ("last_login",)

    def required_permission(self) -> str:
        """Seeing the list takes more than seeing oneself."""
        return "accounts.list_user" if self.action == "list" else super().required_permission()

    def get_queryset(self) -> QuerySet[User]:
        """For a change, the system administrators are locked first: two who change each other don't wait in a ring."""
        if self.request.method not in SAFE_METHODS and self.kwargs:
            list(User.objects.active_system_admins().select_for_update(no_key=True).order_by("pk").values("pk"))
        return super().get_queryset()

    def get_serializer_class(self) -> type[StudioSerializer]:
        """Those who don't administer users change themselves as `/auth/me` lets them."""
        if self.action == "create":
            return serializers.NewUserSerializer
        if self.request.user.is_authenticated and not self.request.user.has_perm("accounts.list_user"):
            return serializers.SelfSerializer
        return super().get_serializer_class()


class AuditLogViewSet(StudioListViewSet[AuditEntry]):
    """Everything that was done, newest first. For admins."""

    row_serializer_class = serializers.AuditEntrySerializer
    filterset_class = AuditEntryFilter
    queryset = AuditEntry.objects.all()

    def required_permission(self) -> str:
        return "accounts.view_auditentry"

    def offered_orderings(self) -> set[str]:
        return {"timestamp"}
