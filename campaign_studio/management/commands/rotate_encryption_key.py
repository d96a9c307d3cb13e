"""`manage.py rotate_encryption_key`: write every stored secret anew, with the newest key."""

from collections import Counter
from collections.abc import Iterator
from functools import partial

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import models, transaction
from rich.progress import Progress

from campaign_studio.encryption import EncryptedTextField, decrypt, encrypt, encrypted_columns, is_current
from campaign_studio.management.arguments import whole_number
from campaign_studio.management.terminal import terminal
from campaign_studio.retrying import retried

# A key, and what is stored in each column.
Row = tuple[object, list[str | None]]
# What became of a value, of which column, in the row with which key.
Outcome = tuple[str, EncryptedTextField, object]
RENEWED, CURRENT, UNREADABLE, DELETED = "renewed", "current", "unreadable", "gone"


class Command(BaseCommand):
    """Can be stopped at any time and run again; whatever is stored stays readable throughout."""

    help = "Re-encrypt every stored secret with the first key in ENCRYPTION_KEY."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--batch-size", type=whole_number(1, 10_000), default=200, metavar="ROWS", help="rows per transaction"
        )

    def handle(self, *, batch_size: int, **options: object) -> None:
        """Raises CommandError when there are values that no key opens; everything else is done by then."""
        done: Counter[str] = Counter()
        console = terminal(self)
        with Progress(console=console) as progress:
            for model, columns in encrypted_columns():
                rows = model._base_manager.count()
                task = progress.add_task(str(model._meta.verbose_name_plural).capitalize(), total=rows)
                for batch in _batches(model, columns, batch_size):
                    outcomes = retried(partial(_renew_all, columns, batch))
                    done.update(outcome for outcome, _, _ in outcomes)
                    for outcome, field, pk in outcomes:
                        if outcome == UNREADABLE:
                            name = f"{field.model._meta.label}.{field.name}"
                            console.print(f"No key opens {name} of {pk}.", markup=False)
                    progress.advance(task, len(batch))
        console.print(f"Re-encrypted: {done[RENEWED]}. Current already: {done[CURRENT]}.")
        if done[UNREADABLE]:
            raise CommandError(
                f"Can't be read with any key in ENCRYPTION_KEY: {done[UNREADABLE]}. "
                "Add the key they were written with to the end of the list and run this again; "
                "until then remove no key."
            )
        console.print(_next_step())


def _renew_all(columns: list[EncryptedTextField], batch: list[Row]) -> list[Outcome]:
    """Re-encrypt the values of some rows, all or none."""
    with transaction.atomic():
        return [
            (_renew(field, pk, token), field, pk)
            for pk, stored in batch
            for field, token in zip(columns, stored, strict=True)
            if token is not None
        ]


def _renew(field: EncryptedTextField, pk: object, token: str | None) -> str:
    """Re-encrypt one value, unless it is current; again for as long as others write it at the same time."""
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
    """Key and ciphertexts of every row, in the order of the keys, never more than `size` in memory."""
    rows = model._base_manager.order_by("pk").values_list("pk", *(field.ciphertext for field in columns))
    batch: list[Row] = [(pk, stored) for pk, *stored in rows[:size]]
    while batch:
        yield batch
        batch = [(pk, stored) for pk, *stored in rows.filter(pk__gt=batch[-1][0])[:size]]


def _next_step() -> str:
    if len(settings.ENCRYPTION_KEYS) == 1:
        return "ENCRYPTION_KEY holds one key, and it opens everything. To change it, put a new one before it."
    return "Next: remove the old key from ENCRYPTION_KEY and restart the servers."
