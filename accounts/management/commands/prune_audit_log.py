"""`manage.py prune_audit_log`: delete old audit entries so that the remaining ones can still be verified."""

from django.core.management.base import CommandError, CommandParser
from django.db import transaction
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.audit.pruning import MIN_DAYS, prunable, prune
from accounts.audit.sealing import lock_chain_head, seal_everything
from accounts.audit.verifying import problems_around, walk
from campaign_studio.database.timeouts import lift_statement_timeout
from campaign_studio.management.arguments import whole_number
from campaign_studio.management.base import StudioCommand


class Command(StudioCommand):
    """The only way to delete audit entries and security events: the database refuses all others.

    A function of the database deletes from the start of the log, up to the first entry or event that is not old enough.
    It leaves a checkpoint entry, which records how many were deleted, the last position and its seal, and a proof that
    this command called it. `verify_audit_log` continues from there.
    """

    help = _(
        "Delete audit entries and security events that are older than the given number of days. The remaining entries "
        "can still be verified. Deleted entries can't be restored, so export them first."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--days",
            type=whole_number(MIN_DAYS, 99_999),
            required=True,
            help=gettext("at least %(days)d, because newer entries may still be needed as evidence")
            % {"days": MIN_DAYS},
        )
        parser.add_argument(
            "--dry-run", action="store_true", help=gettext("only show how many entries and events would be deleted")
        )

    def handle(self, *args: object, days: int, dry_run: bool, **options: object) -> None:
        """Delete the old entries. Raises CommandError if the log isn't intact, because pruning would hide that."""
        lift_statement_timeout()
        seal_everything()
        if any(wrong for _, wrong in walk()) or any(problems_around()):
            message = gettext(
                "The audit log is not intact. Run verify_audit_log and find the cause before you prune it."
            )
            raise CommandError(message)
        with transaction.atomic():
            lock_chain_head(wait=True)
            found = prunable(days)
            if found and not dry_run:
                prune(found, days)
        if found and not dry_run:
            # The checkpoint.
            seal_everything()
        report = self._report_dry_run if dry_run else self._report
        report(found.entries if found else 0, found.events if found else 0)

    def _report(self, entries: int, events: int) -> None:
        message = ngettext("Deleted %(count)d audit entry.", "Deleted %(count)d audit entries.", entries)
        self.stdout.write(message % {"count": entries})
        message = ngettext("Deleted %(count)d security event.", "Deleted %(count)d security events.", events)
        self.stdout.write(message % {"count": events})

    def _report_dry_run(self, entries: int, events: int) -> None:
        message = ngettext("Would delete %(count)d audit entry.", "Would delete %(count)d audit entries.", entries)
        self.stdout.write(message % {"count": entries})
        message = ngettext("Would delete %(count)d security event.", "Would delete %(count)d security events.", events)
        self.stdout.write(message % {"count": events})
