"""`manage.py unlock`: let a user sign in again after too many failed attempts."""

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import SignInAttempts, User
from campaign_studio.acting import acting_as
from campaign_studio.management.base import StudioCommand


class Command(StudioCommand):
    """Deletes the failed attempts counted against a user, from one IP address or from all."""

    help = _("Unlock a user who is locked out after too many failed sign-in attempts.")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", help=gettext("username or email address"))
        parser.add_argument("--address", help=gettext("only for this IP address (default: for all)"))

    def handle(self, *args: object, user: str, address: str | None, **options: object) -> None:
        """Unlock the user. Raises CommandError if there is no such user."""
        found = User.objects.named(user).first()
        if found is None:
            message = gettext("No such user: “%(user)s”. Use a username or an email address.")
            raise CommandError(message % {"user": user})
        with acting_as("unlock"):
            unlocked = SignInAttempts.objects.unlock(found, address)
        message = gettext("%(user)s can sign in again.") if unlocked else gettext("%(user)s was not locked out.")
        self.stdout.write(message % {"user": found})
