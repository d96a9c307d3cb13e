"""Registering, signing in and out, users, roles and the audit log."""

from typing import cast

from django.conf import settings
from django.contrib.auth import authenticate
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
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
from accounts.api.history import AuditEntrySerializer, TracedPages
from accounts.choices import SecurityEventKind
from accounts.models import AuditEntry, LockedOutError, Role, Session, User
from accounts.signin import confirmation
from accounts.signin.two_factor import SecondFactorNeededError, is_required_of
from campaign_studio.api.base import StudioView
from campaign_studio.api.etags import ETagMixin
from campaign_studio.api.filtersets import StampedFilterSet
from campaign_studio.api.serializers import StudioSerializer
from campaign_studio.api.viewsets import StudioListViewSet, StudioViewSet

WRONG_CREDENTIALS = _("The username or password is wrong, or the account is inactive.")
INVALID_REFRESH = _("This refresh token is invalid, has expired or was already used. Sign in again.")
SET_UP_TWO_FACTOR = _(
    "Your role requires two-factor authentication. Sign in to the admin console at /admin/ and set it up there first."
)
REGISTRATION_CLOSED = _("Registration is closed. Ask an administrator to create an account for you.")


class TooManyAttempts(Throttled):
    """429: the account is locked out. The message says for how long."""

    def __init__(self, error: LockedOutError) -> None:
        super().__init__(wait=error.wait)
        self.detail = ErrorDetail(str(error), self.default_code)


class SignInView(StudioView):
    """A view under `/api/auth/`, where requests and answers contain passwords, tokens and personal data."""

    no_store = True


class AnonymousView(SignInView):
    """A view under `/api/auth/` that needs no authentication."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def get_authenticate_header(self, request: Request) -> str:
        """Turns a refusal into a 401."""
        return "Bearer"


class RegisterView(AnonymousView):
    """`/api/auth/register`: creates an account if registration is open."""

    @extend_schema(
        operation_id="register",
        summary=_("Create your own account"),
        description=_(
            "Create an account with the role `user`, if registration is open. `is_verified` is false until the link "
            "that is sent to the email address is followed: `POST /api/auth/email/confirm`."
        ),
        request=serializers.RegistrationSerializer,
        responses={201: serializers.SelfSerializer},
    )
    def post(self, request: Request) -> Response:
        if not settings.REGISTRATION_OPEN:
            raise PermissionDenied(REGISTRATION_CLOSED, "registration_closed")
        serializer = serializers.RegistrationSerializer(data=request.data, context={"request": request})
        serializer.is_valid(raise_exception=True)
        user = serializer.save()
        # A counter that is used up only keeps the mail from being sent: see POST /api/auth/email.
        confirmation.send_link(user)
        answer = serializers.SelfSerializer(user).data
        return Response(answer, status=status.HTTP_201_CREATED, headers={"Location": reverse("me")})


class LoginView(AnonymousView):
    """`/api/auth/login`: starts a session and returns its token pair."""

    # A refusal would roll back the transaction, but a wrong password must stay counted.
    atomic = False

    @extend_schema(
        operation_id="login",
        summary=_("Sign in"),
        description=_(
            "Exchange a username or email address and a password for a pair of tokens. The response doesn't reveal "
            "whether the username or the password is wrong, or the account is inactive.\n\n"
            "If the password is correct, but a two-factor code is required and wasn't sent, the response is a 400 with "
            "an error on `otp_token`."
        ),
        request=serializers.LoginSerializer,
        responses=serializers.SignedInSerializer,
    )
    def post(self, request: Request) -> Response:
        serializer = serializers.LoginSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        try:
            user = authenticate(request._request, **serializer.validated_data)
        except LockedOutError as error:
            raise TooManyAttempts(error) from error
        except SecondFactorNeededError as error:
            raise ValidationError({"otp_token": [ErrorDetail(str(error), "two_factor_required")]}) from error
        if not isinstance(user, User):
            raise AuthenticationFailed(WRONG_CREDENTIALS, "wrong_credentials")
        if is_required_of(user) and not user.has_shown_code:
            raise PermissionDenied(SET_UP_TWO_FACTOR, "set_up_two_factor")
        pair = tokens.start_session(user, at=timezone.now())
        return Response({**pair, "user": serializers.SelfSerializer(user).data})


class RefreshView(AnonymousView):
    """`/api/auth/refresh`: exchanges a refresh token for a new token pair."""

    # A refusal would roll back the transaction, but reusing a token must end its session.
    atomic = False

    @extend_schema(
        operation_id="refreshTokens",
        summary=_("Get new tokens"),
        description=_(
            "Exchange the refresh token for a new pair of tokens. For a few seconds (`REFRESH_GRACE_SECONDS`) the old "
            "refresh token gets the same new one. After that, using it again ends the session. A server with "
            "`REFRESH_TOKEN_ROTATION=false` returns the same refresh token again until it expires."
        ),
        request=serializers.RefreshSerializer,
        responses=serializers.TokenPairSerializer,
    )
    def post(self, request: Request) -> Response:
        serializer = serializers.RefreshSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        pair = tokens.refresh_session(serializer.validated_data["refresh_token"])
        if pair is None:
            raise AuthenticationFailed(INVALID_REFRESH, "invalid_refresh_token")
        return Response(pair)


class LogoutView(SignInView):
    """`/api/auth/logout`: ends the session of the token."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="logout",
        summary=_("Sign out"),
        description=_("End this session. Both of its tokens become invalid at once."),
        request=None,
        responses={204: None},
    )
    def post(self, request: Request) -> Response:
        session = cast("Session", request.auth)
        session.revoke(SecurityEventKind.LOGGED_OUT, at=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class MeView(ETagMixin, SignInView):
    """`/api/auth/me`: the user's own account."""

    permission_classes = (IsAuthenticated,)
    counters = ("last_login",)

    @extend_schema(
        operation_id="getMe",
        summary=_("Get your own account"),
        description=_("Your own account."),
        responses=serializers.SelfSerializer,
    )
    def get(self, request: Request) -> Response:
        return self.document_answer(serializers.SelfSerializer(User.objects.get(pk=request.user.pk)).data)

    @extend_schema(
        operation_id="updateMe",
        summary=_("Update your own account"),
        description=_(
            "Change your own username, email address and name. Your role and status stay as they are. A new email "
            "address isn't verified until the link that is sent to it is followed. The former address is told."
        ),
        request=serializers.SelfSerializer,
        responses=serializers.SelfSerializer,
    )
    def patch(self, request: Request) -> Response:
        user = User.objects.select_for_update(of=("self",)).get(pk=request.user.pk)
        self.check_match(request, lambda: serializers.SelfSerializer(user).data)
        serializer = serializers.SelfSerializer(user, data=request.data, partial=True, context={"request": request})
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return self.document_answer(serializer.data)


@extend_schema_view(list=extend_schema(description=_("The six roles.")))
class RoleViewSet(StudioListViewSet[Role]):
    """The six roles, for every signed-in user."""

    permission_classes = (IsAuthenticated,)
    row_serializer_class = serializers.RoleSerializer
    filterset_class = StampedFilterSet
    queryset = Role.objects.all()


@extend_schema_view(create=extend_schema(responses={201: serializers.UserSerializer}))
class UserViewSet(StudioViewSet[User]):
    """Users. Administrators also see and change other users, everyone else only themselves."""

    queryset = User.objects.all()
    serializer_class = serializers.UserSerializer
    row_serializer_class = serializers.UserSerializer
    filterset_class = UserFilter
    search_fields = ("username", "email", "first_name", "last_name")
    lookup_url_kwarg = "user_id"
    counters = ("last_login",)

    def required_permission(self) -> str:
        """The list needs a permission of its own, because every user may view themselves."""
        return "accounts.list_user" if self.action == "list" else super().required_permission()

    def get_queryset(self) -> QuerySet[User]:
        """Before a change, lock all system administrators, so that two who change each other don't deadlock."""
        if self.request.method not in SAFE_METHODS and self.kwargs:
            list(User.objects.active_system_admins().select_for_update(no_key=True).order_by("pk").values("pk"))
        return super().get_queryset()

    def get_serializer_class(self) -> type[StudioSerializer]:
        """For users who don't administer others, the same fields as in `/auth/me`."""
        if self.action == "create":
            return serializers.NewUserSerializer
        if self.request.user.is_authenticated and not self.request.user.has_perm("accounts.list_user"):
            return serializers.SelfSerializer
        return super().get_serializer_class()


@extend_schema_view(
    list=extend_schema(description=_("All changes of all objects, newest first. Only for administrators."))
)
class AuditLogViewSet(StudioListViewSet[AuditEntry]):
    """The audit log, for administrators."""

    row_serializer_class = AuditEntrySerializer
    pagination_class = TracedPages
    filterset_class = AuditEntryFilter
    queryset = AuditEntry.objects.all()

    def required_permission(self) -> str:
        return "accounts.view_auditentry"

    def offered_orderings(self) -> set[str]:
        return {"timestamp"}
