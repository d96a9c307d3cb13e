"""`manage.py unlock`: let somebody in again after too many failed sign-ins."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import SignInAttempts, User
from campaign_studio.acting import acting_as


class Command(BaseCommand):
    """Drops what was counted against a user, from one address or from all."""

    help = "Unlock a user who is locked out after too many failed sign-ins."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whom, and from where."""
        parser.add_argument("user", help="username or e-mail")
        parser.add_argument("--address", help="only from this address (by default from everywhere)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it. Raises CommandError for somebody unknown."""
        user = User.objects.named(options["user"]).first()
        if user is None:
            raise CommandError(f"Nobody is called {options['user']!r}. Give a username or an e-mail address.")
        with acting_as("unlock"):
            dropped = SignInAttempts.objects.unlock(user, options["address"])
        self.stdout.write(f"{user} can sign in again." if dropped else f"{user} was not locked out.")
