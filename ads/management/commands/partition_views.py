"""`manage.py partition_views`: create the monthly partitions of views ahead, and drop those past their retention."""

from django.core.management.base import CommandParser
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from ads.reporting.partitions import drop_old_views, make_partitions
from campaign_studio.database.timeouts import lift_statement_timeout
from campaign_studio.management.arguments import whole_number
from campaign_studio.management.base import StudioCommand

DEFAULT_MONTHS = 3
MAX_MONTHS = 120


class Command(StudioCommand):
    """A second run changes nothing. The sums that reports and caps use are kept."""

    help = _(
        "Create the monthly partitions of views ahead, and drop those older than VIEW_RETENTION_MONTHS. "
        "Schedule it once a day."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--months-ahead",
            type=whole_number(0, MAX_MONTHS),
            default=DEFAULT_MONTHS,
            metavar="N",
            help=gettext("how many months to create ahead, from 0 to %(max)d (%(default)d by default)")
            % {"max": MAX_MONTHS, "default": DEFAULT_MONTHS},
        )

    def handle(self, *, months_ahead: int, **options: object) -> None:
        # Drop first: views that are too old need no partition.
        lift_statement_timeout()
        now = timezone.now()
        dropped, deleted = drop_old_views(now)
        made = make_partitions(now, months_ahead=months_ahead)
        for name in dropped:
            self.stdout.write(gettext("Dropped %(name)s.") % {"name": name})
        if deleted:
            self.stdout.write(
                ngettext(
                    "Deleted %(count)d old view that had no monthly partition.",
                    "Deleted %(count)d old views that had no monthly partition.",
                    deleted,
                )
                % {"count": deleted}
            )
        for name, moved in made:
            self.stdout.write(_created(name, moved))
        if not dropped and not deleted and not made:
            self.stdout.write(gettext("Nothing to do."))


def _created(name: str, moved: int) -> str:
    if not moved:
        return gettext("Created %(name)s.") % {"name": name}
    message = ngettext(
        "Created %(name)s and moved %(count)d view into it.",
        "Created %(name)s and moved %(count)d views into it.",
        moved,
    )
    return message % {"name": name, "count": moved}
