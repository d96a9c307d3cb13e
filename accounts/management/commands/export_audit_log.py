"""`manage.py export_audit_log`: write the audit log with its seals to a file."""

import csv
import json
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import UTC, date
from pathlib import Path
from typing import IO

from django.core.management.base import CommandError, CommandParser
from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from rich.console import Console
from rich.progress import Progress

from accounts.audit.pruning import checkpoint_before
from accounts.audit.sealing import seal_everything
from accounts.audit.seals import BEGINNING, values_of
from accounts.models import AuditEntry, AuditSeal
from campaign_studio.database.timeouts import lift_statement_timeout
from campaign_studio.management.arguments import day
from campaign_studio.management.base import StudioCommand

CHUNK = 1000
ENTRIES_AT_ONCE = 5
# The columns of an entry. The seals don't depend on this list, so a column can be added.
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
COLUMNS = ("position", "previous_seal", "seal", "format", *ENTRY_COLUMNS)
# A spreadsheet would interpret a cell that starts with one of these as a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
# Spaces, control characters and characters without a width (such as U+200B and U+FEFF), which a spreadsheet may skip:
# categories of Unicode (UAX #44).
SKIPPED = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf", "Mn"})


class Command(StudioCommand):
    """Exports the entries in the order of their seals, which can be recomputed from the export and the key.

    The positions between them belong to security events (docs/adr/0012).
    """

    help = _("Export the audit log as JSON Lines or CSV, to a file or to standard output.")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--format", choices=["jsonl", "csv"], default="jsonl")
        parser.add_argument(
            "--from", type=day, dest="first", default=date.min, metavar="DATE", help=gettext("first day, in UTC")
        )
        parser.add_argument(
            "--to", type=day, dest="last", default=date.max, metavar="DATE", help=gettext("last day, in UTC")
        )
        parser.add_argument("--output", type=Path, metavar="FILE", help=gettext("a file that doesn't exist yet"))

    def handle(
        self, *args: object, first: date, last: date, format: str, output: Path | None, **options: object
    ) -> None:
        """Export the log. Raises CommandError if the file already exists or can't be written."""
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
                write(progress.track(lines, total=total, description=gettext("Entries")), file)
        except FileExistsError as error:
            message = gettext("“%(file)s” already exists. Choose a different file name.")
            raise CommandError(message % {"file": output}) from error
        except OSError as error:
            message = gettext("“%(file)s” can't be written: %(reason)s.")
            raise CommandError(message % {"file": output, "reason": error.strerror}) from error
        self.stdout.write(gettext("Exported the audit log to “%(file)s”.") % {"file": output})


def _lines(first: date, last: date) -> Iterator[dict[str, object]]:
    """The exported entries. Few are in memory at a time, because an entry may be megabytes long."""
    reached, previous = 0, _seal_before_the_first()
    while seals := list(AuditSeal.objects.filter(position__gt=reached)[:CHUNK]):
        reached = seals[-1].position
        before = [previous, *(seal.seal for seal in seals)]
        previous = seals[-1].seal
        sealed = {seal.entry_id: (seal, sooner) for seal, sooner in zip(seals, before, strict=False)}
        position = AuditSeal.objects.filter(entry_id=OuterRef("pk")).values("position")
        entries = AuditEntry.objects.filter(pk__in=[key for key in sealed if key is not None]).order_by(
            Subquery(position)
        )
        for entry in entries.iterator(chunk_size=ENTRIES_AT_ONCE):
            if first <= entry.timestamp.astimezone(UTC).date() <= last:
                seal, sooner = sealed[entry.pk]
                proof = {"position": seal.position, "previous_seal": sooner, "seal": seal.seal, "format": seal.format}
                yield proof | values_of(entry, ENTRY_COLUMNS)


def _seal_before_the_first() -> str | None:
    first = AuditSeal.objects.first()
    if first is None or first.position == 1:
        return BEGINNING
    checkpoint = checkpoint_before(first.position)
    return checkpoint.seal if checkpoint else None


def _write_json(lines: Iterable[dict[str, object]], file: IO[str]) -> None:
    for line in lines:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")


def _write_csv(lines: Iterable[dict[str, object]], file: IO[str]) -> None:
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for line in lines:
        writer.writerow([cell(line[name]) for name in COLUMNS])


def cell(value: object) -> object:
    """The value as a cell of a CSV file that no spreadsheet reads as a formula."""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return f"'{value}" if isinstance(value, str) and _is_formula(value) else value


def _is_formula(text: str) -> bool:
    """Whether a spreadsheet might see a formula, also behind characters that it skips or in wide ones (UAX #15)."""
    wide = unicodedata.normalize("NFKC", text)
    start = next((at for at, one in enumerate(wide) if unicodedata.category(one) not in SKIPPED), len(wide))
    return text.startswith(FORMULA_STARTS) or wide.startswith(FORMULA_STARTS, start)
