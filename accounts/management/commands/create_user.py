"""`manage.py create_user`: create a user from the shell."""

import getpass
import sys
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.choices import RoleName
from accounts.models import User
from campaign_studio.acting import acting_as
from campaign_studio.management.base import StudioCommand


class Command(StudioCommand):
    """Creates an active user with a role and a password."""

    help = _("Create a user. The command prompts for the password twice, or reads it from standard input.")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", help=gettext("letters, digits and the characters . + - and _"))
        parser.add_argument("email")
        parser.add_argument("--role", required=True, choices=RoleName.values)
        parser.add_argument("--first-name", default="")
        parser.add_argument("--last-name", default="")
        parser.add_argument(
            "--password-stdin", action="store_true", help=gettext("read the password from standard input")
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Create the user. Raises CommandError with all validation errors."""
        names = {name: options[name] for name in ("username", "email", "first_name", "last_name")}
        password = sys.stdin.readline().rstrip("\r\n") if options["password_stdin"] else self._ask()
        try:
            validate_password(password, User(**names))
            with acting_as("create_user"):
                user = User.objects.create_user(password=password, role_id=options["role"], **names)
        except ValidationError as error:
            raise CommandError("\n".join(_lines(error))) from error
        message = gettext("Created the user “%(username)s” with the role “%(role)s”.")
        self.stdout.write(self.style.SUCCESS(message % {"username": user.username, "role": user.role}))

    def _ask(self) -> str:
        try:
            password = getpass.getpass(gettext("Password: "))
            again = getpass.getpass(gettext("Password (again): "))
        except EOFError as error:
            message = gettext("No password was entered. Use --password-stdin to pipe one in.")
            raise CommandError(message) from error
        if password != again:
            raise CommandError(gettext("The two passwords are different. No user was created."))
        return password


def _lines(error: ValidationError) -> list[str]:
    if not hasattr(error, "error_dict"):
        return [f"password: {message}" for message in error.messages]
    return [
        message if field == NON_FIELD_ERRORS else f"{field}: {message}"
        for field, messages in error.message_dict.items()
        for message in messages
    ]
