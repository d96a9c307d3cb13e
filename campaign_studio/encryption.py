"""Text that is encrypted in the database and masked in dumps and logs.

Built directly on the `cryptography` package: existing field libraries return ciphertext for a wrong key, or are no
longer maintained. Here a value is masked in its `repr`, look-ups are refused, and a value that no key decrypts is an
error.
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
from django.utils.translation import gettext

MASK = "••••"
SHOWN = 4


class Secret:
    """A text that is printed masked, except for its end (`••••6789`). `reveal()` returns all of it.

    Only letters and digits count, and the end is shown without what separates them.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The whole text. The caller is responsible for who sees it."""
        return self._text

    def __str__(self) -> str:
        counted = "".join(filter(str.isalnum, self._text))
        return MASK + (counted[-SHOWN:] if len(counted) >= 2 * SHOWN else "")

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
    """Encrypt with the newest key in `ENCRYPTION_KEY`."""
    return _ciphers(tuple(settings.ENCRYPTION_KEYS)).encrypt(text.encode()).decode()


def decrypt(token: str) -> str:
    """Decrypt with any key in `ENCRYPTION_KEY`. Raises ImproperlyConfigured if none fits."""
    try:
        return _ciphers(tuple(settings.ENCRYPTION_KEYS)).decrypt(token.encode()).decode()
    except InvalidToken as error:
        raise ImproperlyConfigured(
            gettext("No key in ENCRYPTION_KEY can decrypt a stored secret. Add the key that it was encrypted with.")
        ) from error


def is_current(token: str) -> bool:
    """Whether `token` was encrypted with the newest key."""
    try:
        _ciphers(tuple(settings.ENCRYPTION_KEYS[:1])).decrypt(token.encode())
    except InvalidToken:
        return False
    return True


def encrypted_columns() -> Iterator[tuple[type[models.Model], list["EncryptedTextField"]]]:
    """Each model with encrypted columns, and those columns."""
    for model in apps.get_models():
        # Inherited columns are listed with the parent model.
        columns = [field for field in model._meta.local_concrete_fields if isinstance(field, EncryptedTextField)]
        if columns and not model._meta.proxy:
            yield model, columns


class _SecretAttribute(DeferredAttribute):
    """Wraps plain text in a Secret on assignment."""

    def __set__(self, instance: models.Model, value: object) -> None:
        instance.__dict__[self.field.attname] = self.field.to_python(value)


if TYPE_CHECKING:
    _SecretTextField = models.TextField[str | Secret | None, Secret | None]
else:
    _SecretTextField = models.TextField


class EncryptedTextField(_SecretTextField):
    """A text column that is encrypted at rest. In Python the value is a Secret or None."""

    descriptor_class = _SecretAttribute

    def to_python(self, value: object) -> Secret | None:
        """Text as a Secret; the empty text as None."""
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
        """The column as it is stored, for the few queries that must not decrypt it."""
        return Cast(self.attname, models.TextField())

    def replace_ciphertext(self, pk: object, *, old: str, new: str) -> bool:
        """Store `new` if the row still contains `old`. Returns False if it has changed in the meantime."""
        # No audit entry: the value is unchanged, only its key differs.
        rows = self.model._base_manager.alias(ciphertext=self.ciphertext).filter(pk=pk, ciphertext=old)
        return bool(rows.update(**{self.attname: models.Value(new, models.TextField())}))

    def value_to_string(self, obj: models.Model) -> str:
        """The mask, for fixtures and dumps."""
        return str(self.value_from_object(obj) or "")

    def run_validators(self, value: Secret | None) -> None:
        """Validate the text instead of the Secret that wraps it."""
        if value is not None:
            super().run_validators(value.reveal())

    def get_lookup(self, lookup_name: str) -> Any:
        """Refuse every look-up except `isnull`."""
        if lookup_name != "isnull":
            raise FieldError(f"{self.name} is encrypted. It can only be tested for null.")
        return super().get_lookup(lookup_name)
