#!/usr/bin/env python
"""The operators' door: `manage.py demo` to try it out, `manage.py help` for every command."""

import os
import sys


def main() -> None:
    """Run one management command; a half-configured start ends in one line that says what to do."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "campaign_studio.settings")
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    if sys.argv[1:2] == ["demo"]:
        from campaign_studio.env import ensure_development_env

        ensure_development_env()
    try:
        settings.INSTALLED_APPS  # noqa: B018 - reading one setting loads them all
    except ImproperlyConfigured as error:
        sys.exit(f"Campaign Studio can't start: {error}")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
