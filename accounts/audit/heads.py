"""The heads of the audit log, noted outside the database: in the file `AUDIT_HEADS` (docs/adr/0012).

Each sealing appends one line, `TIME POSITION:SEAL`. The file shows that the end of the log was cut off, or that all of
it was made anew, which nothing in the database can show.
"""

import logging
import os
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit.models import AuditSeal
from accounts.audit.pruning import checkpoint_before

logger = logging.getLogger(__name__)

NOTED = re.compile(r"(?:\S{1,40} )?(\d{1,18}):([0-9a-f]{64})\n?")
# No line is longer, so no more is read at once.
LONGEST_LINE = 200
CHUNK = 1000


class Head(NamedTuple):
    """The position of a seal that was the last one at some time, and the seal."""

    position: int
    seal: str


def head_in(text: str) -> Head | None:
    """The head in a line of the file, or in the last line that `verify_audit_log` prints; None if there is none."""
    found = NOTED.fullmatch(text)
    return Head(int(found[1]), found[2]) if found else None


def note_head(position: int, seal: str) -> None:
    """Append a head to the file. A failure is logged, and doesn't affect the write that was sealed.

    One `write` to a file opened for appending: the lines of several processes never mix.
    """
    path: Path | None = settings.AUDIT_HEADS
    if path is None:
        return
    line = f"{timezone.now():%Y-%m-%dT%H:%M:%SZ} {position}:{seal}\n".encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            written = os.write(file, line)
        finally:
            os.close(file)
    except OSError as error:
        logger.error("The head of the audit log can't be noted in AUDIT_HEADS: %s", error)
    else:
        if written < len(line):
            logger.error("The head of the audit log was noted in AUDIT_HEADS only in part: is the disk full?")


def heads_file() -> Path | None:
    """The file, if heads are noted in one and it exists."""
    path: Path | None = settings.AUDIT_HEADS
    return path if path is not None and path.is_file() else None


def problems_with_file(path: Path) -> Iterator[str]:
    """Where the log differs from the heads in the file: each kind of problem once, with its first position.

    Positions that were pruned are skipped, because the walk through the log judges the pruning. Reads a thousand lines
    at a time, and never more than 200 characters of a line. Raises OSError if the file can't be read.
    """
    unreadable, missing, different = 0, [], []
    for lines in _chunks(path):
        heads = [head_in(line) for line in lines]
        unreadable += heads.count(None)
        for head, stored in _compared(head for head in heads if head):
            if stored is None:
                missing.append(head.position)
            elif stored != head.seal:
                different.append(head.position)
        # Only the first one is reported.
        missing, different = _first_of(missing), _first_of(different)
    if unreadable:
        message = _("“%(file)s” contains lines that are no heads: %(count)d. Someone edited it, or the disk was full.")
        yield message % {"file": path, "count": unreadable}
    if missing:
        message = _(
            "“%(file)s” notes position %(position)d, which is missing: the end of the log was deleted. If you restored "
            "an older backup, move the file away."
        )
        yield message % {"file": path, "position": missing[0]}
    if different:
        message = _(
            "“%(file)s” notes a different seal at position %(position)d: the log was made anew from there or earlier."
        )
        yield message % {"file": path, "position": different[0]}


def _first_of(positions: list[int]) -> list[int]:
    return [min(positions)] if positions else []


def problem_with_noted(noted: Head) -> Iterator[str]:
    """The problem, if any, with a head that an operator kept (`--expect`)."""
    first = AuditSeal.objects.first()
    params = {"position": noted.position}
    ((_head, stored),) = _compared([noted], skip_pruned=False)
    if stored is not None and stored != noted.seal:
        yield _("The seal at position %(position)d differs from the expected one.") % params
    elif stored is None and first is not None and noted.position < first.position:
        yield _("Position %(position)d has been pruned since that run. Use the last line of a later run.") % params
    elif stored is None:
        yield _("Position %(position)d is missing: the end of the log was deleted.") % params


def _chunks(path: Path) -> Iterator[list[str]]:
    with path.open(encoding="ascii", errors="replace", newline="\n") as file:
        lines = iter(lambda: file.readline(LONGEST_LINE), "")
        while chunk := list(islice(lines, CHUNK)):
            yield chunk


def _compared(heads: Iterable[Head], *, skip_pruned: bool = True) -> Iterator[tuple[Head, str | None]]:
    """Each head with the seal that the log has at its position, None if it has none."""
    heads = list(heads)
    first = AuditSeal.objects.first()
    stored = AuditSeal.objects.in_bulk([head.position for head in heads])
    checkpoint = checkpoint_before(first.position) if first and first.position > 1 else None
    for head in heads:
        if head.position in stored:
            yield head, stored[head.position].seal
        elif checkpoint and head.position == checkpoint.position:
            yield head, checkpoint.seal
        elif not (skip_pruned and first and head.position < first.position):
            yield head, None
