"""`manage.py export_audit_log`: the audit log as a file, with the seals that prove it."""

import csv
import json
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, date
from pathlib import Path
from typing import IO

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import Progress

from accounts.audit.models import values_of
from accounts.audit.sealing import seal_everything
from accounts.models import AuditEntry, AuditSeal
from campaign_studio.database.timeouts import lift_statement_timeout
from campaign_studio.management.arguments import day

CHUNK = 1000
# Of the entry: a list of its own, so that a column can be added here and no seal is touched.
ENTRY_COLUMNS = (
    "id",
    "timestamp",
    "action",
    "content_type",
    "object_pk",
    "object_id",
    "object_repr",
    "changes",
    "changes_text",
    "serialized_data",
    "additional_data",
    "parent_id",
    "actor_id",
    "actor_username",
    "actor_name",
    "actor_email",
    "door",
    "remote_addr",
    "remote_port",
    "cid",
)
COLUMNS = ("position", "seal", "format", *ENTRY_COLUMNS)
# What a spreadsheet would take for a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class Command(BaseCommand):
    """In the order of the seals; each can be computed again from the lines alone, as docs/adr/0009 says."""

    help = "Write the audit log as JSON Lines or CSV, to a file or to standard output."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--format", choices=["jsonl", "csv"], default="jsonl")
        parser.add_argument(
            "--from", type=day, dest="first", default=date.min, metavar="DATE", help="the first day, UTC"
        )
        parser.add_argument("--to", type=day, dest="last", default=date.max, metavar="DATE", help="the last day, UTC")
        parser.add_argument("--output", type=Path, metavar="FILE", help="must not exist yet")

    def handle(
        self, *args: object, first: date, last: date, format: str, output: Path | None, **options: object
    ) -> None:
        """Raises CommandError when the file is there already or can't be written."""
        lift_statement_timeout()
        seal_everything()
        lines = _lines(first, last)
        write = _write_csv if format == "csv" else _write_json
        if output is None:
            write(lines, self.stdout)  # type: ignore[arg-type]
            return
        try:
            with (
                output.open("x", encoding="utf-8", newline="") as file,
                Progress(console=Console(file=sys.stderr), transient=True) as progress,
            ):
                total = AuditSeal.objects.count()
                write(progress.track(lines, total=total, description="Entries"), file)
        except FileExistsError as error:
            raise CommandError(f"{output} is there already. Name another file.") from error
        except OSError as error:
            raise CommandError(f"{output} can't be written: {error.strerror}.") from error
        self.stdout.write(f"Written to {output}.")


def _lines(first: date, last: date) -> Iterator[dict[str, object]]:
    """One entry after the other, a thousand in memory at a time."""
    reached = 0
    while seals := list(AuditSeal.objects.filter(position__gt=reached)[:CHUNK]):
        reached = seals[-1].position
        entries = AuditEntry.objects.in_bulk([seal.entry_id for seal in seals])
        for seal in seals:
            entry = entries.get(seal.entry_id)
            if entry and first <= entry.timestamp.astimezone(UTC).date() <= last:
                proof = {"position": seal.position, "seal": seal.seal, "format": seal.format}
                yield proof | values_of(entry, ENTRY_COLUMNS)


def _write_json(lines: Iterable[dict[str, object]], file: IO[str]) -> None:
    for line in lines:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")


def _write_csv(lines: Iterable[dict[str, object]], file: IO[str]) -> None:
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for line in lines:
        writer.writerow([_cell(line[name]) for name in COLUMNS])


def _cell(value: object) -> object:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value
