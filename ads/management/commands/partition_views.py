"""`manage.py partition_views`: months for the views to come, none for those that are too old."""

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from ads.reporting.partitions import drop_old_views, make_partitions
from campaign_studio.database.timeouts import lift_statement_timeout
from campaign_studio.management.arguments import whole_number

MOST_MONTHS = 120


class Command(BaseCommand):
    """Meant for once a day. Running it again changes nothing; what reports and caps count with stays."""

    help = "Make the monthly partitions of views ahead of time, and drop the months past VIEW_RETENTION_MONTHS."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--months-ahead",
            type=whole_number(0, MOST_MONTHS),
            default=3,
            metavar="N",
            help=f"0 to {MOST_MONTHS} (default 3)",
        )

    def handle(self, *, months_ahead: int, **options: object) -> None:
        """Drop and make months. What is too old goes first: it needs no month any more."""
        lift_statement_timeout()
        now = timezone.now()
        dropped, deleted = drop_old_views(now)
        made = make_partitions(now, months_ahead=months_ahead)
        for name in dropped:
            self.stdout.write(f"Dropped {name}.")
        if deleted:
            self.stdout.write(f"Deleted {deleted} old views that had no month.")
        for name, moved in made:
            self.stdout.write(f"Made {name}, with {moved} views." if moved else f"Made {name}.")
        if not dropped and not deleted and not made:
            self.stdout.write("Nothing to do.")
