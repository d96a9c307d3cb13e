"""Two-factor authentication: after the password, a code from an authenticator app or a recovery code.

django-otp verifies the time-based codes. Its own tables store the app's key and the recovery codes in plain text, so
the tables here replace them: they store the key encrypted and the codes as hashes (ASVS 5, 6.5).
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
from django.utils.translation import gettext_lazy as _
from django_otp import match_token
from django_otp.models import Device, DeviceManager
from django_otp.oath import TOTP

from accounts.audit.models import SecurityEvent
from accounts.choices import SecurityEventKind
from accounts.signin.attempts import SignInAttempts
from campaign_studio.encryption import EncryptedTextField

if TYPE_CHECKING:
    from accounts.models.people import User
    from accounts.signin.guessing import Guess

CODES = 10
KEY_BYTES = 20
# A code of 120 bits can't be guessed from its hash, although the hash has no salt (ASVS 5, 6.5.2).
CODE_BYTES = 15
CODE_REQUIRED = _(
    "This account uses two-factor authentication. Enter the 6-digit code from the authenticator app or a recovery code."
)
INVALID_CODE = _("This code is incorrect, expired or already used. Wait for the next one.")


class SecondFactorNeededError(Exception):
    """The password is correct, but the two-factor code is missing or wrong. The text tells the user what to do."""


class TOTPDeviceManager(DeviceManager):
    """Sets up authenticator apps and turns two-factor authentication off."""

    def begin(self, user: "User") -> "TOTPDevice":
        """The user's device, created with a new key if there is none. It takes effect once it is confirmed."""
        fresh = base64.b32encode(secrets.token_bytes(KEY_BYTES)).decode()
        device: TOTPDevice = self.get_or_create(
            user=user, defaults={"key": fresh, "confirmed": False, "name": "Authenticator app"}
        )[0]
        return device

    def is_used_by(self, user: "User") -> bool:
        """Whether this user has turned two-factor authentication on."""
        return self.filter(user=user, confirmed=True).exists()

    def turn_off(self, user: "User") -> None:
        """Delete the app and the recovery codes, and end the user's sessions except the current one."""
        with transaction.atomic():
            self.filter(user=user).delete()
            RecoveryCode.objects.filter(user=user).delete()
            user.end_sessions(but=user.acting_session())
            SecurityEvent.objects.record(SecurityEventKind.TWO_FACTOR_OFF, user)


class TOTPDevice(Device):
    """A user's authenticator app, which shows a new 6-digit code every 30 seconds (RFC 6238)."""

    key = EncryptedTextField(_("key"), help_text=_("In Base32, as authenticator apps expect it."))
    last_t = models.BigIntegerField(
        _("last time step"), default=-1, help_text=_("The time step of the last code used. No code works twice.")
    )

    objects = TOTPDeviceManager()

    class Meta:
        db_table = "totp_devices"
        verbose_name = _("authenticator app")
        verbose_name_plural = _("authenticator apps")
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                name="one_authenticator_app_per_user",
                violation_error_message=_(
                    "This user already has an authenticator app. Turn two-factor authentication off first."
                ),
            )
        ]

    def verify_token(self, token: str) -> bool:
        """Whether `token` is the current code, the previous one or the next one, and hasn't been used."""
        if not (token.isascii() and token.isdigit() and len(token) == 6) or self.key is None:
            return False
        totp = TOTP(base64.b32decode(self.key.reveal()))
        totp.time = time.time()
        if not totp.verify(int(token), tolerance=1, min_t=self.last_t + 1):
            return False
        self.last_t = totp.t()
        self.save(update_fields=["last_t"])
        return True

    def confirm(self, token: str) -> list[str]:
        """Turn two-factor authentication on with a first code. Returns the recovery codes.

        Raises SecondFactorNeededError for a wrong code.
        """
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
    """Creates recovery codes, ten at a time."""

    def renew(self, user: "User") -> list[str]:
        """Replace the user's codes by ten new ones, and return those to be shown once."""
        codes = [base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode().lower() for number in range(CODES)]
        self.filter(user=user).delete()
        self.bulk_create([RecoveryCode(user=user, digest=RecoveryCode.digest_of(code)) for code in codes])
        SecurityEvent.objects.record(SecurityEventKind.RECOVERY_CODES_RENEWED, user)
        return ["-".join(code[start : start + 6] for start in range(0, len(code), 6)) for code in codes]


class RecoveryCode(Device):
    """A code for users who have lost their authenticator app. Each works once."""

    digest = models.CharField(_("digest"), max_length=64, editable=False)

    objects = RecoveryCodeManager()

    class Meta:
        db_table = "recovery_codes"
        verbose_name = _("recovery code")
        verbose_name_plural = _("recovery codes")

    @staticmethod
    def digest_of(code: str) -> str:
        """The hash that is stored. Case, spaces and hyphens are ignored."""
        plain = code.replace("-", "").replace(" ", "").lower()
        return hashlib.sha256(plain.encode()).hexdigest()

    def verify_token(self, token: str) -> bool:
        """Whether `token` is this code. If so, the code is deleted."""
        if not constant_time_compare(self.digest, self.digest_of(token)):
            return False
        self.delete()
        SecurityEvent.objects.record(SecurityEventKind.RECOVERY_CODE_USED, self.user)
        return True


def check_second_factor(user: "User", token: str | None, guess: "Guess") -> bool:
    """Whether the user uses two-factor authentication, in which case `token` was correct.

    Raises SecondFactorNeededError for a missing or wrong code, LockedOutError after too many wrong ones.
    """
    if not TOTPDevice.objects.is_used_by(user):
        return False
    if not token:
        raise SecondFactorNeededError(CODE_REQUIRED)
    SignInAttempts.objects.attempt_code(user, at=timezone.now())
    if match_token(user, token.strip()) is None:
        guess.failed(user, "two-factor code")
        raise SecondFactorNeededError(INVALID_CODE)
    return True


def is_required_of(user: "User") -> bool:
    """Whether the user's role requires two-factor authentication (`TWO_FACTOR_ROLES`)."""
    return user.role_id in settings.TWO_FACTOR_ROLES
