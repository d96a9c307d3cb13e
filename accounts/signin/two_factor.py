"""Two-factor sign-in: a code from an authenticator app, or a recovery code, after the password.

Time-based codes are judged by django-otp. Its own tables would hold the app's key and the recovery codes readable;
these hold the key encrypted and the codes as hashes (ASVS 5, 6.5).
"""

import base64
import hashlib
import secrets
import time
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django_otp import match_token
from django_otp.models import Device, DeviceManager
from django_otp.oath import TOTP

from accounts.audit.models import SecurityEvent
from accounts.choices import SecurityEventKind
from accounts.signin.attempts import SignInAttempts
from campaign_studio.encryption import EncryptedTextField

if TYPE_CHECKING:
    from accounts.models.people import User

CODES = 10
KEY_BYTES = 20
# Long enough that a plain hash can't be searched through (ASVS 5, 6.5.2): 120 bits.
CODE_BYTES = 15
CODE_REQUIRED = (
    "This account signs in with two-factor: add the six digits of the authenticator app, or a recovery code."
)
INVALID_CODE = "This code is wrong, too old, or was used before. Wait for the next one."


class SecondFactorNeededError(Exception):
    """The password is right, and a right code is missing; the text says what to do."""


class TOTPDeviceManager(DeviceManager):
    """Sets up authenticator apps, and turns two-factor off again."""

    def begin(self, user: "User") -> "TOTPDevice":
        """A new key to show once; it counts from its confirmation on. One that is begun already is shown again."""
        fresh = base64.b32encode(secrets.token_bytes(KEY_BYTES)).decode()
        device: TOTPDevice = self.get_or_create(
            user=user, defaults={"key": fresh, "confirmed": False, "name": "Authenticator app"}
        )[0]
        return device

    def is_used_by(self, user: "User") -> bool:
        """Whether this user signs in with two-factor."""
        return self.filter(user=user, confirmed=True).exists()

    def turn_off(self, user: "User") -> None:
        """Drop the app and the recovery codes; end every session but the acting one."""
        with transaction.atomic():
            self.filter(user=user).delete()
            RecoveryCode.objects.filter(user=user).delete()
            user.end_sessions(but=user.acting_session())
            SecurityEvent.objects.record(SecurityEventKind.TWO_FACTOR_OFF, user)


class TOTPDevice(Device):
    """A user's authenticator app: six digits every thirty seconds (RFC 6238)."""

    key = EncryptedTextField(help_text="Base32, as authenticator apps take it.")
    last_t = models.BigIntegerField(default=-1, help_text="The last time step used: no code works twice.")

    objects = TOTPDeviceManager()

    class Meta:
        db_table = "totp_devices"
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                name="one_authenticator_app_per_user",
                violation_error_message="This user has an authenticator app already. Turn it off first.",
            )
        ]

    def verify_token(self, token: str) -> bool:
        """Whether `token` is the present code, the one before or the one after, and new."""
        if not (token.isascii() and token.isdigit() and len(token) == 6) or self.key is None:
            return False
        judge = TOTP(base64.b32decode(self.key.reveal()))
        judge.time = time.time()
        if not judge.verify(int(token), tolerance=1, min_t=self.last_t + 1):
            return False
        self.last_t = judge.t()
        self.save(update_fields=["last_t"])
        return True

    def confirm(self, token: str) -> list[str]:
        """Turn two-factor on with a first code; returns the recovery codes. Raises SecondFactorNeededError."""
        with transaction.atomic():
            held = TOTPDevice.objects.select_for_update().get(pk=self.pk)
            if not held.verify_token(token):
                raise SecondFactorNeededError(INVALID_CODE)
            held.confirmed = True
            held.save(update_fields=["confirmed"])
            self.user.end_sessions(but=self.user.acting_session())
            SecurityEvent.objects.record(SecurityEventKind.TWO_FACTOR_ON, self.user)
            return RecoveryCode.objects.renew(self.user)


class RecoveryCodeManager(DeviceManager):
    """Issues recovery codes, ten at a time."""

    def renew(self, user: "User") -> list[str]:
        """Ten new codes, to show once; the old ones are dead."""
        codes = [base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode().lower() for _ in range(CODES)]
        self.filter(user=user).delete()
        self.bulk_create([RecoveryCode(user=user, digest=RecoveryCode.digest_of(code)) for code in codes])
        SecurityEvent.objects.record(SecurityEventKind.RECOVERY_CODES_RENEWED, user)
        return ["-".join(code[start : start + 6] for start in range(0, len(code), 6)) for code in codes]


class RecoveryCode(Device):
    """For whoever has lost the app; each works once."""

    digest = models.CharField(max_length=64, editable=False)

    objects = RecoveryCodeManager()

    class Meta:
        db_table = "recovery_codes"

    @staticmethod
    def digest_of(code: str) -> str:
        """What is stored: case, spaces and dashes don't count."""
        plain = code.replace("-", "").replace(" ", "").lower()
        return hashlib.sha256(plain.encode()).hexdigest()

    def verify_token(self, token: str) -> bool:
        """Whether it is this one; then it is used up."""
        if not constant_time_compare(self.digest, self.digest_of(token)):
            return False
        self.delete()
        SecurityEvent.objects.record(SecurityEventKind.RECOVERY_CODE_USED, self.user)
        return True


def check_second_factor(user: "User", token: str | None, attempt: SignInAttempts) -> bool:
    """Whether the user signs in with a code, which was right. Raises SecondFactorNeededError, LockedOutError."""
    if not TOTPDevice.objects.is_used_by(user):
        return False
    if not token:
        raise SecondFactorNeededError(CODE_REQUIRED)
    SignInAttempts.objects.attempt_code(user, at=timezone.now())
    if match_token(user, token.strip()) is None:
        attempt.failed(user, "two-factor code")
        raise SecondFactorNeededError(INVALID_CODE)
    return True


def is_required_of(user: "User") -> bool:
    """Whether the user's role must sign in with two-factor (`TWO_FACTOR_ROLES`)."""
    return user.role_id in settings.TWO_FACTOR_ROLES
