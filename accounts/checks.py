"""System checks of the account settings, reported at start with an id and a hint."""

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.utils.translation import gettext as _

from accounts.choices import STAFF_ROLES
from campaign_studio.checks import SETTINGS


@register(SETTINGS)
def two_factor_roles(**kwargs: object) -> list[CheckMessage]:
    """Every role in `TWO_FACTOR_ROLES` has access to the console, where two-factor authentication is set up."""
    return [
        Error(
            _("TWO_FACTOR_ROLES contains “%(role)s”.") % {"role": role},
            hint=_(
                "Two-factor authentication is set up in the admin console. Use only roles with access to it: %(roles)s."
            )
            % {"roles": ", ".join(STAFF_ROLES)},
            id="accounts.E001",
        )
        for role in settings.TWO_FACTOR_ROLES
        if role not in STAFF_ROLES
    ]


@register(SETTINGS)
def sign_in_limits(**kwargs: object) -> list[CheckMessage]:
    """The sign-in limits are above 0. Otherwise no one could sign in, or no one would ever be locked out."""
    return [
        Error(
            _("%(setting)s is %(value)s.") % {"setting": name, "value": getattr(settings, name)},
            hint=_("Use a number above 0."),
            id="accounts.E002",
        )
        for name in ("LOGIN_FAILURE_LIMIT", "LOGIN_COOLOFF_MINUTES", "SPREAD_FAILURE_LIMIT")
        if getattr(settings, name) <= 0
    ]
