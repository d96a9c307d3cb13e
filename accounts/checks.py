"""System checks of the account settings, reported at start with an id and a hint."""

import os
from pathlib import Path

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
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


@register(SETTINGS)
def audit_heads(**kwargs: object) -> list[CheckMessage]:
    """The file `AUDIT_HEADS` can be written, or created with its folders."""
    path: Path | None = settings.AUDIT_HEADS
    if path is None or _can_be_written(path):
        return []
    return [
        Warning(
            _("The file AUDIT_HEADS can't be written: %(file)s.") % {"file": path},
            hint=_("Set it to a file that the server may write. Without it, a cut end of the audit log isn't noticed."),
            id="accounts.W001",
        )
    ]


def _can_be_written(path: Path) -> bool:
    if path.exists():
        return path.is_file() and os.access(path, os.W_OK)
    nearest = next(folder for folder in path.parents if folder.exists())
    return nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)
