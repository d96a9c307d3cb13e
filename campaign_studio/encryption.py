"""Text that is unreadable in the database, in dumps and in logs.

Written by hand (about forty lines on the `cryptography` package): the field libraries swallow a wrong key and hand back
ciphertext, or are no longer kept. The value masks its `repr`, look-ups are refused, and a value that no key opens is an
error, never a fallback.
"""

import base64
import hashlib
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.apps import apps
from django.conf import settings
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.db import models
from django.db.models.functions import Cast
from django.db.models.query_utils import DeferredAttribute

MASK = "••••"
SHOWN = 4


class Secret:
    """A text that shows only its end (`••••6789`) wherever it is printed. Ask `reveal()` for all of it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The whole text. Whoever calls this answers for who gets to see it."""
        return self._text

    def __str__(self) -> str:
        return MASK + (self._text[-SHOWN:] if len(self._text) >= 2 * SHOWN else "")

    def __repr__(self) -> str:
        return f"<Secret {self}>"

    def __len__(self) -> int:
        return len(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


@lru_cache(maxsize=4)
def _ciphers(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest())) for key in keys])


def encrypt(text: str) -> str:
    """Encrypt with the newest of `ENCRYPTION_KEY`."""
    return _ciphers(tuple(settings.ENCRYPTION_KEYS)).encrypt(text.encode()).decode()


def decrypt(token: str) -> str:
    """Decrypt with whichever key fits; raise ImproperlyConfigured when none does."""
    try:
        return _ciphers(tuple(settings.ENCRYPTION_KEYS)).decrypt(token.encode()).decode()
    except InvalidToken as error:
        raise ImproperlyConfigured(
            "A stored secret can't be read with any key in ENCRYPTION_KEY. Add the key it was written with to the list."
        ) from error


def is_current(token: str) -> bool:
    """Whether the newest key alone opens it."""
    try:
        _ciphers(tuple(settings.ENCRYPTION_KEYS[:1])).decrypt(token.encode())
    except InvalidToken:
        return False
    return True


def encrypted_columns() -> Iterator[tuple[type[models.Model], list["EncryptedTextField"]]]:
    """Each table that holds secrets, with the columns that do."""
    for model in apps.get_models():
        # Those of a parent's table come with the parent.
        columns = [field for field in model._meta.local_concrete_fields if isinstance(field, EncryptedTextField)]
        if columns and not model._meta.proxy:
            yield model, columns


class _SecretAttribute(DeferredAttribute):
    """Wraps plain text in a Secret the moment it is assigned."""

    def __set__(self, instance: models.Model, value: object) -> None:
        instance.__dict__[self.field.attname] = self.field.to_python(value)


if TYPE_CHECKING:
    _SecretTextField = models.TextField[str | Secret | None, Secret | None]
else:
    _SecretTextField = models.TextField


class EncryptedTextField(_SecretTextField):
    """A text column encrypted at rest; in Python a Secret or None."""

    descriptor_class = _SecretAttribute

    def to_python(self, value: object) -> Secret | None:
        """Wrap text; the empty text is no secret."""
        if value is None or isinstance(value, Secret):
            return value
        return Secret(str(value)) if value != "" else None

    def from_db_value(self, value: str | None, expression: object, connection: object) -> Secret | None:
        return None if value is None else Secret(decrypt(value))

    def get_prep_value(self, value: object) -> str | None:
        secret = self.to_python(value)
        return None if secret is None else encrypt(secret.reveal())

    @property
    def ciphertext(self) -> Cast:
        """The column as it is stored, for the few queries that may not decrypt."""
        return Cast(self.attname, models.TextField())

    def replace_ciphertext(self, pk: object, *, old: str, new: str) -> bool:
        """Write `new` where the row still holds `old`; return False when somebody else wrote meanwhile."""
        # No audit entry: the value stays what it was, only the key that opens it is another.
        rows = self.model._base_manager.alias(ciphertext=self.ciphertext).filter(pk=pk, ciphertext=old)
        return bool(rows.update(**{self.attname: models.Value(new, models.TextField())}))

    def value_to_string(self, obj: models.Model) -> str:
        """Serialised forms (fixtures, dumps) get the mask."""
        return str(self.value_from_object(obj) or "")

    def run_validators(self, value: Secret | None) -> None:
        """Validators judge the text itself."""
        if value is not None:
            super().run_validators(value.reveal())

    def get_lookup(self, lookup_name: str) -> Any:
        """Only `isnull` can be asked of a secret."""
        if lookup_name != "isnull":
            raise FieldError(f"{self.name} is encrypted: it can't be searched or compared, only tested for null.")
        return super().get_lookup(lookup_name)
