"""`manage.py unlock`: let somebody in again after too many failed sign-ins."""

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import SignInAttempts, User
from campaign_studio.acting import acting_as


class Command(BaseCommand):
    """Drops what was counted against a user, from one address or from all."""

    help = "Unlock a user who is locked out after too many failed sign-ins."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", help="username or e-mail")
        parser.add_argument("--address", help="only from this address (by default from everywhere)")

    def handle(self, *args: object, user: str, address: str | None, **options: object) -> None:
        """Raises CommandError for somebody unknown."""
        found = User.objects.named(user).first()
        if found is None:
            raise CommandError(f"Nobody is called {user!r}. Give a username or an e-mail address.")
        with acting_as("unlock"):
            dropped = SignInAttempts.objects.unlock(found, address)
        self.stdout.write(f"{found} can sign in again." if dropped else f"{found} was not locked out.")
