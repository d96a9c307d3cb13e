"""Rules for passwords beyond the framework's."""

from django.core.exceptions import ValidationError

# Longer input is refused at sign-in before it costs a hash, so nobody may set one.
LONGEST_PASSWORD = 1024


class LongestPasswordValidator:
    """No password longer than sign-in takes."""

    def validate(self, password: str, user: object = None) -> None:
        if len(password) > LONGEST_PASSWORD:
            raise ValidationError(self.get_help_text(), code="password_too_long")

    def get_help_text(self) -> str:
        return f"Your password can have at most {LONGEST_PASSWORD} characters."
