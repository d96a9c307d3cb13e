"""`manage.py prune_sessions`: forget sessions that ended long ago."""

from datetime import timedelta

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db.models import Q
from django.utils import timezone

from accounts.models import Session, SignInAttempts
from campaign_studio.database.timeouts import lift_statement_timeout
from campaign_studio.management.arguments import whole_number


class Command(BaseCommand):
    """Deletes what nobody can use any more. The security log keeps that it happened."""

    help = "Delete sessions that ended long ago, counters that no longer count, and expired cookies."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--days", type=whole_number(0), default=30, help="sessions that ended so many days ago (default 30)"
        )

    def handle(self, *args: object, days: int, **options: object) -> None:
        lift_statement_timeout()
        now = timezone.now()
        before = now - timedelta(days=days)
        sessions, _ = Session.objects.filter(Q(revoked_at__lt=before) | Q(expires_at__lt=before)).delete()
        counters, _ = SignInAttempts.objects.filter(ends_at__lt=now).delete()
        call_command("clearsessions")
        self.stdout.write(f"Deleted: sessions {sessions}, sign-in counters {counters}.")
