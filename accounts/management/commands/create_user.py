"""`manage.py create_user`: a person, from the shell."""

import getpass
import sys
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.choices import RoleName
from accounts.models import User
from campaign_studio.acting import acting_as


class Command(BaseCommand):
    """Creates an active user with a role and a password."""

    help = "Create a user. The password is asked for twice, or read from standard input."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", help="letters, digits and . + - _")
        parser.add_argument("email")
        parser.add_argument("--role", required=True, choices=RoleName.values)
        parser.add_argument("--first-name", default="")
        parser.add_argument("--last-name", default="")
        parser.add_argument("--password-stdin", action="store_true", help="read the password from standard input")

    def handle(self, *args: Any, **options: Any) -> None:
        """Create the user. Raises CommandError with everything that is wrong."""
        names = {name: options[name] for name in ("username", "email", "first_name", "last_name")}
        password = sys.stdin.readline().rstrip("\r\n") if options["password_stdin"] else self._ask()
        try:
            validate_password(password, User(**names))
            with acting_as("create_user"):
                user = User.objects.create_user(password=password, role_id=options["role"], **names)
        except ValidationError as error:
            raise CommandError("\n".join(_lines(error))) from error
        self.stdout.write(self.style.SUCCESS(f"{user.username} can sign in now, as {user.role}."))

    def _ask(self) -> str:
        try:
            password = getpass.getpass("Password: ")
            again = getpass.getpass("Once more: ")
        except EOFError as error:
            raise CommandError("No password was typed. To pipe one in, add --password-stdin.") from error
        if password != again:
            raise CommandError("The two passwords differ. Nothing was created.")
        return password


def _lines(error: ValidationError) -> list[str]:
    if not hasattr(error, "error_dict"):
        return [f"password: {message}" for message in error.messages]
    return [f"{field}: {message}" for field, messages in error.message_dict.items() for message in messages]
