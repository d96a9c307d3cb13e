"""Users, roles, sessions and security events as JSON."""

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as ModelValidationError
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.fields import get_error_detail

from accounts.choices import RoleName
from accounts.models import Role, SecurityEvent, Session, User
from accounts.validators import LONGEST_PASSWORD
from campaign_studio.api.serializers import StrictFields, StudioSerializer, Values

OWN_NAMES = ("username", "email", "first_name", "last_name")
OWN_STATUS = _("You can't change your own `%(field)s`. Ask another administrator.")
HIGHER_ROLE = _("You can't assign a role above your own.")


def password_field() -> serializers.CharField:
    """A password, which may begin or end with spaces."""
    return serializers.CharField(write_only=True, trim_whitespace=False, max_length=LONGEST_PASSWORD)


@extend_schema_field({"type": "string", "minLength": settings.SHORTEST_PASSWORD, "maxLength": LONGEST_PASSWORD})
class NewPasswordField(serializers.CharField):
    """A password to be set. The validators of passwords refuse short ones, with all other reasons."""

    def __init__(self) -> None:
        super().__init__(write_only=True, trim_whitespace=False, max_length=LONGEST_PASSWORD)


@extend_schema_serializer(description=_("A role."))
class RoleSerializer(StudioSerializer):
    """One of the six roles, with its level."""

    class Meta:
        model = Role
        fields = ["role_id", "role_name", "role_level", "role_description", "created_at", "updated_at"]


@extend_schema_serializer(description=_("A user as seen and changed by administrators."))
class UserSerializer(StudioSerializer):
    """A user as seen and changed by administrators. `role` is the name of the role."""

    role = serializers.ChoiceField(source="role_id", choices=RoleName.choices, required=False)

    class Meta:
        model = User
        fields = [
            "user_id",
            "username",
            "email",
            "first_name",
            "last_name",
            "role",
            "is_active",
            "is_verified",
            "last_login",
            "created_at",
            "updated_at",
        ]
        read_only_fields = ["last_login"]

    def validate(self, attrs: Values) -> Values:
        """Refuse a role above the actor's own, and a change of the actor's own role or status."""
        actor = self.context["request"].user
        if self.instance is not None and self.instance.pk == actor.pk:
            for source, field in (("role_id", "role"), ("is_active", "is_active"), ("is_verified", "is_verified")):
                if source in attrs and attrs[source] != getattr(self.instance, source):
                    raise ValidationError({field: [ErrorDetail(OWN_STATUS % {"field": field}, "own_status")]})
        elif "role_id" in attrs and not actor.has_perm("accounts.assign_role", attrs["role_id"]):
            raise ValidationError({"role": [ErrorDetail(str(HIGHER_ROLE), "higher_role")]})
        return super().validate(attrs)


@extend_schema_serializer(
    component_name="OwnAccount",
    description=_("A user as seen and changed by themselves. The role and status are read-only."),
)
class SelfSerializer(UserSerializer):
    """A user as seen and changed by themselves."""

    role = serializers.ChoiceField(source="role_id", choices=RoleName.choices, read_only=True)
    permissions = serializers.ListField(
        child=serializers.CharField(),
        read_only=True,
        help_text=_(
            "What you may do with some objects at least, such as `accounts.list_user`. `allowed_actions` of an "
            "object says what you may do with it."
        ),
    )

    class Meta(UserSerializer.Meta):
        fields = [*UserSerializer.Meta.fields, "permissions"]
        read_only_fields = ["last_login", "is_active", "is_verified"]


def check_password_rules(password: str, user: User, field: str) -> None:
    """Raise ValidationError for `field` if the password rules refuse this password for this user."""
    try:
        validate_password(password, user)
    except ModelValidationError as error:
        raise ValidationError({field: get_error_detail(error)}) from error


class NewPasswordMixin(StudioSerializer):
    """A new account with its first password."""

    proposed: User

    password = NewPasswordField()

    def validate(self, attrs: Values) -> Values:
        """Check the password, which must not resemble the user's names, then the account."""
        self._password = attrs.pop("password")
        check_password_rules(self._password, User(**{name: attrs.get(name, "") for name in OWN_NAMES}), "password")
        return super().validate(attrs)

    def prepare(self, attrs: Values) -> None:
        self.proposed.set_password(self._password)


@extend_schema_serializer(description=_("A new user as created by an administrator."))
class NewUserSerializer(NewPasswordMixin, UserSerializer):
    """A new user as created by an administrator."""

    class Meta(UserSerializer.Meta):
        fields = [*UserSerializer.Meta.fields, "password"]


@extend_schema_serializer(description=_("A new account. Its role is always `user`."))
class RegistrationSerializer(NewPasswordMixin):
    """A new account as created by registration. Its role is always `user`."""

    class Meta:
        model = User
        fields = ["username", "email", "password", "first_name", "last_name"]


@extend_schema_serializer(
    description=_("A username or email address, a password and, for two-factor authentication, a code.")
)
class LoginSerializer(StrictFields):
    """The credentials of a sign-in."""

    username = serializers.CharField(max_length=255)
    password = password_field()
    otp_token = serializers.CharField(
        max_length=64,
        required=False,
        allow_blank=True,
        allow_null=True,
        write_only=True,
        help_text=_(
            "The 6-digit code from the authenticator app, or a recovery code. If a code is required but not sent, the "
            "response is a 400 with an error on this field."
        ),
    )


@extend_schema_serializer(description=_("The current password and the new one."))
class PasswordSerializer(StrictFields):
    """The body of a password change."""

    current_password = password_field()
    new_password = NewPasswordField()


@extend_schema_serializer(description=_("The email address of the account with the forgotten password."))
class ResetSerializer(StrictFields):
    """The body of a request for a password reset."""

    email = serializers.EmailField(max_length=255)


@extend_schema_serializer(description=_("The `uid` and `token` from the emailed link, and the new password."))
class ResetConfirmSerializer(StrictFields):
    """The body of a confirmed password reset."""

    uid = serializers.CharField(max_length=255)
    token = serializers.CharField(max_length=255)
    new_password = NewPasswordField()


@extend_schema_serializer(description=_("The `uid` and `token` from the emailed link."))
class EmailConfirmSerializer(StrictFields):
    """The body of a confirmed email address."""

    uid = serializers.CharField(max_length=255)
    token = serializers.CharField(max_length=255)


@extend_schema_serializer(description=_("The new password of another user."))
class OthersPasswordSerializer(StrictFields):
    """The body that sets another user's password."""

    new_password = NewPasswordField()


@extend_schema_serializer(component_name="Message", description=_("A message."))
class DetailSerializer(serializers.Serializer):
    """A message, in the same form as an error."""

    detail = serializers.CharField()


@extend_schema_serializer(description=_("The current refresh token."))
class RefreshSerializer(StrictFields):
    """The body of a request for new tokens."""

    refresh_token = serializers.CharField(max_length=4096)


@extend_schema_serializer(
    description=_("The tokens of a session. `expires_in` is the lifetime of the access token in seconds.")
)
class TokenPairSerializer(serializers.Serializer):
    """The tokens of a session, as `accounts.api.tokens.TokenPair` declares them."""

    access_token = serializers.CharField()
    refresh_token = serializers.CharField()
    token_type = serializers.CharField(help_text=_("Always `bearer`."))
    expires_in = serializers.IntegerField()


@extend_schema_serializer(description=_("The tokens of a new session, and the user who signed in."))
class SignedInSerializer(TokenPairSerializer):
    """The response to a sign-in."""

    user = SelfSerializer()


@extend_schema_serializer(description=_("An active session. `last_seen_at` is precise to the minute."))
class SessionSerializer(StudioSerializer):
    """An active session, which its user and administrators may end."""

    device = serializers.CharField(
        read_only=True, help_text=_("The browser and operating system, such as “Chrome on Linux”.")
    )
    username = serializers.CharField(source="user.username", read_only=True)
    is_current = serializers.SerializerMethodField(help_text=_("Whether this is the session of the request."))

    class Meta:
        model = Session
        fields = [
            "session_id",
            "user_id",
            "username",
            "door",
            "device",
            "user_agent",
            "remote_addr",
            "second_factor",
            "created_at",
            "last_seen_at",
            "expires_at",
            "is_current",
        ]
        read_only_fields = fields

    def get_is_current(self, session: Session) -> bool:
        current = self.context["request"].auth
        return current is not None and current.pk == session.pk


@extend_schema_serializer(description=_("One security event, such as a sign-in or a lockout."))
class SecurityEventSerializer(StudioSerializer):
    """One entry of the security log."""

    remote_addr = serializers.IPAddressField(source="shown_remote_addr", allow_null=True, read_only=True)
    user_agent = serializers.CharField(source="shown_user_agent", allow_null=True, read_only=True)
    request_id = serializers.CharField(source="shown_request_id", allow_null=True, read_only=True)

    class Meta:
        model = SecurityEvent
        fields = [
            "event_id",
            "happened_at",
            "kind",
            "user_id",
            "username",
            "actor_username",
            "remote_addr",
            "user_agent",
            "door",
            "request_id",
            "detail",
        ]
        read_only_fields = fields
