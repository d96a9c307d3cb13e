"""Password rules beyond those of the framework."""

from django.core.exceptions import ValidationError
from django.utils.translation import ngettext

# Sign-in refuses anything longer before it spends time on hashing, so no password may be longer.
LONGEST_PASSWORD = 1024


class LongestPasswordValidator:
    """Refuses passwords longer than sign-in accepts."""

    def validate(self, password: str, user: object = None) -> None:
        if len(password) > LONGEST_PASSWORD:
            raise ValidationError(self.get_help_text(), code="password_too_long")

    def get_help_text(self) -> str:
        return ngettext(
            "Your password can have at most %(limit)d character.",
            "Your password can have at most %(limit)d characters.",
            LONGEST_PASSWORD,
        ) % {"limit": LONGEST_PASSWORD}
