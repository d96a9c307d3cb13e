"""Account settings that are wrong, found at start with an id and a hint."""

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from accounts.choices import STAFF_ROLES


@register()
def two_factor_roles(**kwargs: object) -> list[CheckMessage]:
    """`TWO_FACTOR_ROLES` names roles that can set it up: in the console."""
    return [
        Error(
            f"TWO_FACTOR_ROLES names {role!r}.",
            hint=f"Two-factor is set up in the console, so name roles that may enter it: {', '.join(STAFF_ROLES)}.",
            id="accounts.E001",
        )
        for role in settings.TWO_FACTOR_ROLES
        if role not in STAFF_ROLES
    ]


@register()
def sign_in_limits(**kwargs: object) -> list[CheckMessage]:
    """Sign-in limits are positive, else nobody gets in or everybody does."""
    return [
        Error(f"{name} is {getattr(settings, name)}.", hint="Set a number above 0.", id="accounts.E002")
        for name in ("LOGIN_FAILURE_LIMIT", "LOGIN_COOLOFF_MINUTES")
        if getattr(settings, name) <= 0
    ]
