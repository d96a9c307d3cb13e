"""People, roles and the log as JSON. Separate serializers for oneself, for admins and for new users."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as ModelValidationError
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from accounts.choices import RoleName
from accounts.models import AuditEntry, Role, SecurityEvent, Session, User
from accounts.validators import LONGEST_PASSWORD
from campaign_studio.api.serializers import StrictFields, StudioSerializer, Values

OWN_NAMES = ("username", "email", "first_name", "last_name")
OWN_STATUS = "You can't change your own {field}. Ask another administrator."


def password_field() -> serializers.CharField:
    """A password, to the letter."""
    return serializers.CharField(write_only=True, trim_whitespace=False, max_length=LONGEST_PASSWORD)


class RoleSerializer(StudioSerializer):
    """A role."""

    class Meta:
        model = Role
        fields = ["role_id", "role_name", "role_level", "role_description", "created_at", "updated_at"]


class UserSerializer(StudioSerializer):
    """A user, as admins see and change them. Answers name the role."""

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
        """Nobody gives away a role above their own, or changes their own standing."""
        actor = self.context["request"].user
        if self.instance is not None and self.instance.pk == actor.pk:
            for source, field in (("role_id", "role"), ("is_active", "is_active"), ("is_verified", "is_verified")):
                if source in attrs and attrs[source] != getattr(self.instance, source):
                    raise ValidationError({field: [OWN_STATUS.format(field=field)]})
        elif "role_id" in attrs and not actor.has_perm("accounts.assign_role", attrs["role_id"]):
            raise ValidationError({"role": ["You can't assign a role above your own."]})
        return super().validate(attrs)


class SelfSerializer(UserSerializer):
    """A user, as they see and change themselves: role and standing are read-only."""

    role = serializers.ChoiceField(source="role_id", choices=RoleName.choices, read_only=True)

    class Meta(UserSerializer.Meta):
        read_only_fields = ["last_login", "is_active", "is_verified"]


def judge_password(password: str, user: User, field: str) -> None:
    """Raise ValidationError under `field` for a password that the rules refuse for this user."""
    try:
        validate_password(password, user)
    except ModelValidationError as error:
        raise ValidationError({field: error.messages}) from error


class NewPasswordMixin(StudioSerializer):
    """A new account with its first password."""

    proposed: User

    password = password_field()

    def validate(self, attrs: Values) -> Values:
        """Judge the password by the rules, knowing whose it is to be; then the account."""
        self._password = attrs.pop("password")
        judge_password(self._password, User(**{name: attrs.get(name, "") for name in OWN_NAMES}), "password")
        return super().validate(attrs)

    def prepare(self, attrs: Values) -> None:
        self.proposed.set_password(self._password)


class NewUserSerializer(NewPasswordMixin, UserSerializer):
    """A user as admins create them."""

    class Meta(UserSerializer.Meta):
        fields = [*UserSerializer.Meta.fields, "password"]


class RegistrationSerializer(NewPasswordMixin):
    """A user as they register: always with role `user`."""

    class Meta:
        model = User
        fields = ["username", "email", "password", "first_name", "last_name"]


class LoginSerializer(StrictFields):
    """Username or e-mail, and password; the code as well for those who sign in with two-factor."""

    username = serializers.CharField(max_length=255)
    password = password_field()
    otp_token = serializers.CharField(
        max_length=64,
        required=False,
        allow_blank=True,
        allow_null=True,
        write_only=True,
        help_text="Six digits of the authenticator app, or a recovery code. Asked for with a 400 on this field.",
    )


class PasswordSerializer(StrictFields):
    """One's present password and the one to come."""

    current_password = password_field()
    new_password = password_field()


class ResetSerializer(StrictFields):
    """Whose password was forgotten."""

    email = serializers.EmailField(max_length=255)


class ResetConfirmSerializer(StrictFields):
    """What the mail says, and the new password."""

    uid = serializers.CharField(max_length=255)
    token = serializers.CharField(max_length=255)
    new_password = password_field()


class DetailSerializer(serializers.Serializer):
    """A sentence."""

    detail = serializers.CharField()


class RefreshSerializer(StrictFields):
    """The present refresh token."""

    refresh_token = serializers.CharField(max_length=4096)


class TokenPairSerializer(serializers.Serializer):
    """A session's tokens. `expires_in` is the access token's life in seconds."""

    access_token = serializers.CharField()
    refresh_token = serializers.CharField()
    token_type = serializers.CharField(help_text="Always `bearer`.")
    expires_in = serializers.IntegerField()


class SignedInSerializer(TokenPairSerializer):
    """The tokens and who signed in."""

    user = SelfSerializer()


class ActorSerializer(serializers.Serializer):
    """Who did it."""

    user_id = serializers.UUIDField(source="actor_id")
    username = serializers.CharField(source="actor_username")


class AuditEntrySerializer(serializers.ModelSerializer):
    """One entry of the audit log."""

    actor = ActorSerializer(source="*", allow_null=True)
    action = serializers.CharField(source="get_action_display", help_text="create, update, delete or access.")
    request_id = serializers.CharField(source="cid", allow_null=True)
    resource_type = serializers.CharField(source="content_type.model", help_text="The kind of object, e.g. campaign.")
    resource_id = serializers.CharField(source="object_pk")
    resource_name = serializers.CharField(source="object_repr")
    changes = serializers.JSONField(help_text="field → [old, new]")

    class Meta:
        model = AuditEntry
        fields = [
            "timestamp",
            "actor",
            "action",
            "door",
            "remote_addr",
            "request_id",
            "resource_type",
            "resource_id",
            "resource_name",
            "parent_id",
            "changes",
        ]
        read_only_fields = fields

    def to_representation(self, instance: AuditEntry) -> dict[str, object]:
        """`actor` is null for commands and anonymous requests."""
        document: dict[str, object] = super().to_representation(instance)
        if instance.actor_id is None:
            document["actor"] = None
        document["changes"] = document["changes"] or {}
        return document


class SessionSerializer(StudioSerializer):
    """A sign-in that can still be used. `last_seen_at` is exact to the minute."""

    device = serializers.CharField(read_only=True, help_text="Browser and system, e.g. Chrome on Linux.")
    username = serializers.CharField(source="user.username", read_only=True)
    is_current = serializers.SerializerMethodField(help_text="The session behind this very request.")

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
        present = self.context["request"].auth
        return present is not None and present.pk == session.pk


class SecurityEventSerializer(StudioSerializer):
    """One event at the doors."""

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
