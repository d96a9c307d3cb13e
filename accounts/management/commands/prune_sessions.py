"""`manage.py prune_sessions`: delete sessions that ended long ago."""

from datetime import timedelta

from django.core.management import call_command
from django.core.management.base import CommandParser
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Session, SignInAttempts
from campaign_studio.database.timeouts import lift_statement_timeout
from campaign_studio.management.arguments import whole_number
from campaign_studio.management.base import StudioCommand


class Command(StudioCommand):
    """Deletes rows that are no longer used. The security log keeps a record of the sign-ins."""

    help = _(
        "Delete sessions that ended long ago, expired counters of failed sign-in attempts, and expired cookies. "
        "Schedule it once a day."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--days",
            type=whole_number(0),
            default=30,
            help=gettext("delete sessions that ended more than this many days ago (default: %(default)s)"),
        )

    def handle(self, *args: object, days: int, **options: object) -> None:
        lift_statement_timeout()
        now = timezone.now()
        before = now - timedelta(days=days)
        sessions, _by_model = Session.objects.filter(Q(revoked_at__lt=before) | Q(expires_at__lt=before)).delete()
        counters, _by_model = SignInAttempts.objects.filter(ends_at__lt=now).delete()
        call_command("clearsessions")
        for message, count in (
            (ngettext("Deleted %(count)d session.", "Deleted %(count)d sessions.", sessions), sessions),
            (ngettext("Deleted %(count)d sign-in counter.", "Deleted %(count)d sign-in counters.", counters), counters),
        ):
            self.stdout.write(message % {"count": count})
