"""`manage.py rotate_encryption_key`: re-encrypt every stored secret with the newest key."""

from collections import Counter
from collections.abc import Iterator
from functools import partial

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError, CommandParser
from django.db import models, transaction
from django.utils.text import capfirst
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from rich.progress import Progress

from campaign_studio.encryption import EncryptedTextField, decrypt, encrypt, encrypted_columns, is_current
from campaign_studio.management.arguments import whole_number
from campaign_studio.management.base import StudioCommand
from campaign_studio.management.terminal import terminal
from campaign_studio.retrying import retried

# A primary key, and the ciphertext of each column.
Row = tuple[object, list[str | None]]
# What was done with a value, its column, and the primary key of its row.
Outcome = tuple[str, EncryptedTextField, object]
RENEWED, CURRENT, UNREADABLE, DELETED = "renewed", "current", "unreadable", "gone"


class Command(StudioCommand):
    """Can be stopped at any time and run again. All values stay readable throughout."""

    help = _("Re-encrypt every stored secret with the first key in ENCRYPTION_KEY.")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--batch-size",
            type=whole_number(1, 10_000),
            default=200,
            metavar=gettext("ROWS"),
            help=gettext("rows per transaction"),
        )

    def handle(self, *, batch_size: int, **options: object) -> None:
        """Raises CommandError when no key decrypts some values, after all others are re-encrypted."""
        done: Counter[str] = Counter()
        console = terminal(self)
        with Progress(console=console) as progress:
            for model, columns in encrypted_columns():
                rows = model._base_manager.count()
                task = progress.add_task(capfirst(str(model._meta.verbose_name_plural)), total=rows)
                for batch in _batches(model, columns, batch_size):
                    outcomes = retried(partial(_renew_all, columns, batch))
                    done.update(outcome for outcome, _, _ in outcomes)
                    for outcome, field, pk in outcomes:
                        if outcome == UNREADABLE:
                            text = gettext("No key in ENCRYPTION_KEY decrypts %(column)s of row %(row)s.")
                            column = f"{field.model._meta.label}.{field.name}"
                            console.print(text % {"column": column, "row": pk}, markup=False)
                    progress.advance(task, len(batch))
        text = gettext("Re-encrypted: %(renewed)d. Already current: %(current)d.")
        console.print(text % {"renewed": done[RENEWED], "current": done[CURRENT]})
        if done[UNREADABLE]:
            raise CommandError(_undecipherable(done[UNREADABLE]))
        console.print(_next_step())


def _renew_all(columns: list[EncryptedTextField], batch: list[Row]) -> list[Outcome]:
    """Re-encrypt the values of a batch in one transaction."""
    with transaction.atomic():
        return [
            (_renew(field, pk, token), field, pk)
            for pk, stored in batch
            for field, token in zip(columns, stored, strict=True)
            if token is not None
        ]


def _renew(field: EncryptedTextField, pk: object, token: str | None) -> str:
    """Re-encrypt one value unless it is current. Try again if someone else changes it at the same time."""
    while token is not None:
        if is_current(token):
            return CURRENT
        try:
            renewed = encrypt(decrypt(token))
        except ImproperlyConfigured:
            return UNREADABLE
        if field.replace_ciphertext(pk, old=token, new=renewed):
            return RENEWED
        rows = field.model._base_manager.filter(pk=pk)
        token = rows.values_list(field.ciphertext, flat=True).first()
    return DELETED


def _batches(model: type[models.Model], columns: list[EncryptedTextField], size: int) -> Iterator[list[Row]]:
    """All rows in the order of their primary keys, in batches of at most `size`."""
    rows = model._base_manager.order_by("pk").values_list("pk", *(field.ciphertext for field in columns))
    batch: list[Row] = [(pk, stored) for pk, *stored in rows[:size]]
    while batch:
        yield batch
        batch = [(pk, stored) for pk, *stored in rows.filter(pk__gt=batch[-1][0])[:size]]


def _undecipherable(count: int) -> str:
    text = ngettext(
        "No key in ENCRYPTION_KEY decrypts %(count)d value. Add the key it was encrypted with to the end of the list "
        "and run this again. Don't remove any key until then.",
        "No key in ENCRYPTION_KEY decrypts %(count)d values. Add the keys they were encrypted with to the end of the "
        "list and run this again. Don't remove any key until then.",
        count,
    )
    return text % {"count": count}


def _next_step() -> str:
    if len(settings.ENCRYPTION_KEYS) == 1:
        return gettext("The only key in ENCRYPTION_KEY decrypts everything. To replace it, put a new key before it.")
    return gettext("Next: remove the old key from ENCRYPTION_KEY and restart the servers.")
