"""`manage.py verify_audit_log`: check that the audit log is intact."""

import argparse
from collections.abc import Iterable, Iterator
from itertools import chain

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.db.models import Max, Min
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from rich.console import Console
from rich.progress import Progress

from accounts.audit.heads import Head, head_in, heads_file, problem_with_noted, problems_with_file
from accounts.audit.history import timestamp
from accounts.audit.pruning import checkpoint_before
from accounts.audit.sealing import seal_everything
from accounts.audit.verifying import problems_around, walk
from accounts.models import AuditEntry, AuditSeal
from campaign_studio.database.timeouts import lift_statement_timeout
from campaign_studio.management.base import StudioCommand
from campaign_studio.management.terminal import terminal


class Command(StudioCommand):
    """Lists every entry and event that was altered, moved, inserted or deleted since it was sealed."""

    help = _(
        "Compare every audit entry and security event with its seal, and the log with the heads in the file "
        "AUDIT_HEADS. Schedule this command once a day and keep the last line of its output on another machine. With "
        "--expect, a later run can then detect that the end of the log was deleted or that all seals were replaced, "
        "even if the file was too."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--expect",
            type=_noted,
            action="append",
            default=[],
            metavar="POSITION:SEAL",
            help=gettext("the last line of an earlier run"),
        )

    def handle(self, *args: object, expect: list[Head], **options: object) -> None:
        """Check the log. Raises CommandError if there are any problems."""
        lift_statement_timeout()
        seal_everything()
        first, head, problems = AuditSeal.objects.first(), None, 0
        console = terminal(self, markup=False)
        with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task(gettext("Entries"), total=AuditSeal.objects.count())
            for seal, wrong in walk():
                head = seal
                progress.advance(task)
                problems += _print(console, wrong)
            problems += _print(console, problems_around())
            problems += _print(console, _problems_with_heads())
            problems += _print(console, chain.from_iterable(problem_with_noted(noted) for noted in expect))
            checked = int(progress.tasks[0].completed)
        if problems and AuditSeal.objects.first() != first:
            raise CommandError(gettext("The audit log was pruned during this check. Run it again."))
        if problems:
            message = gettext("The audit log is not intact. Problems found: %(problems)d. Seals checked: %(entries)d.")
            raise CommandError(message % {"problems": problems, "entries": checked})
        checkpoint = checkpoint_before(first.position) if first else None
        if checkpoint:
            message = gettext("The entries up to position %(position)d were pruned on %(time)s.")
            params = {"position": checkpoint.position, "time": timestamp(checkpoint.entry.timestamp)}
            console.print(message % params)
        console.print(gettext("The audit log is intact. Seals checked: %(entries)d.") % {"entries": checked})
        if settings.AUDIT_HEADS and not heads_file():
            message = gettext("“%(file)s” doesn't exist yet, so it can't show whether the end of the log was deleted.")
            console.print(message % {"file": settings.AUDIT_HEADS})
        times = AuditEntry.objects.aggregate(first=Min("timestamp"), last=Max("timestamp"))
        if times["first"]:
            message = gettext("The first entry is from %(first)s, the last one from %(last)s.")
            console.print(message % {name: timestamp(time) for name, time in times.items()})
        if head is not None:
            console.print(f"{head}")


def _print(console: Console, problems: Iterable[str]) -> int:
    """Print the problems one by one as they are found. Returns how many there were."""
    count = 0
    for problem in problems:
        console.print(problem)
        count += 1
    return count


def _problems_with_heads() -> Iterator[str]:
    """The problems with the file `AUDIT_HEADS`. Raises CommandError if it can't be read."""
    path = heads_file()
    try:
        yield from problems_with_file(path) if path else ()
    except OSError as error:
        message = gettext("“%(file)s” can't be read: %(reason)s.")
        raise CommandError(message % {"file": path, "reason": error.strerror}) from error


def _noted(text: str) -> Head:
    head = head_in(text)
    if head is None:
        raise argparse.ArgumentTypeError(gettext("use the last line of an earlier run, in the form POSITION:SEAL"))
    return head
