"""`manage.py verify_audit_log`: is the audit log whole?"""

import argparse
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Max, Min
from rich.console import Console
from rich.progress import Progress

from accounts.audit.sealing import seal_everything
from accounts.audit.verifying import checkpoint_before, unsealed_entries, walk
from accounts.models import AuditEntry, AuditSeal
from campaign_studio.database.timeouts import lift_statement_timeout
from campaign_studio.management.terminal import terminal


class Command(BaseCommand):
    """Names every entry that was altered, moved, put in or taken away since it was sealed."""

    help = (
        "Compare every audit entry with its seal. Schedule it daily, and note the last line down somewhere else: "
        "with --expect a later run finds out whether the end of the log was taken away or the whole chain made anew."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--expect",
            type=_noted,
            action="append",
            default=[],
            metavar="POSITION:SEAL",
            help="noted from an earlier run",
        )

    def handle(self, *args: object, expect: list[AuditSeal], **options: object) -> None:
        """Raises CommandError when anything is wrong."""
        lift_statement_timeout()
        seal_everything()
        first, head, problems = AuditSeal.objects.first(), None, 0
        console = terminal(self, markup=False)
        with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task("Entries", total=AuditSeal.objects.count())
            for seal, wrong in walk():
                head = seal
                progress.advance(task)
                problems += _tell(console, wrong)
            problems += _tell(console, unsealed_entries())
            problems += _tell(console, chain.from_iterable(_against(first, noted) for noted in expect))
            checked = int(progress.tasks[0].completed)
        if problems and AuditSeal.objects.first() != first:
            raise CommandError("Entries were removed from the audit log meanwhile. Run this again.")
        if problems:
            raise CommandError(f"The audit log is not whole. Problems: {problems}. Entries checked: {checked}.")
        checkpoint = checkpoint_before(first.position) if first else None
        if checkpoint:
            when = _when(checkpoint.entry.timestamp)
            console.print(f"Removed on purpose: up to position {checkpoint.position}, on {when}.")
        console.print(f"The audit log is whole. Entries: {checked}.")
        if head is not None:
            times = AuditEntry.objects.aggregate(first=Min("timestamp"), last=Max("timestamp"))
            console.print(f"From {_when(times['first'])} to {_when(times['last'])}.")
            console.print(f"{head}")


def _tell(console: Console, problems: Iterable[str]) -> int:
    """Print what is wrong, line by line as it is found; returns how much."""
    count = 0
    for problem in problems:
        console.print(f"{problem}.")
        count += 1
    return count


def _against(first: AuditSeal | None, noted: AuditSeal) -> Iterator[str]:
    """What is wrong with a place in the chain that was noted before."""
    stored = AuditSeal.objects.filter(pk=noted.position).first() or checkpoint_before(noted.position + 1)
    if stored is not None and stored.seal != noted.seal:
        yield f"Position {noted.position} has another seal than the one noted"
    elif stored is None and first is not None and noted.position < first.position:
        yield f"Position {noted.position} was removed since it was noted: give a later one"
    elif stored is None:
        yield f"Position {noted.position} is missing: the end of the log was taken away"


def _when(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _noted(text: str) -> AuditSeal:
    if not re.fullmatch(r"\d{1,18}:[0-9a-f]{64}", text):
        raise argparse.ArgumentTypeError("give it as an earlier run printed it: POSITION:SEAL")
    position, seal = text.split(":")
    return AuditSeal(position=int(position), seal=seal)
