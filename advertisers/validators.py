"""Validators for bank details: IBAN (ISO 13616), BIC (ISO 9362) and account numbers."""

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from stdnum import bic, iban
from stdnum.exceptions import ValidationError as StdnumError


def validate_iban(value: str) -> None:
    """Raise ValidationError unless length, country and checksum fit. The message doesn't repeat the secret IBAN."""
    try:
        iban.validate(value)
    except StdnumError as error:
        raise ValidationError(_("This is not a valid IBAN. Check every character."), code="iban") from error


def validate_bic(value: str) -> None:
    """Raise ValidationError unless the value has the format of a BIC."""
    try:
        bic.validate(value)
    except StdnumError as error:
        raise ValidationError(
            _("“%(value)s” is not a BIC. A BIC has 8 or 11 characters, for example DEUTDEFF or DEUTDEFF500."),
            code="bic",
            params={"value": value},
        ) from error


def validate_account_number(value: str) -> None:
    """Raise ValidationError unless the value has 4 to 34 letters and digits, counting spaces and hyphens in between."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 -]{2,32}[A-Za-z0-9]", value):
        raise ValidationError(
            _("An account number has 4 to 34 characters: letters and digits, with spaces or hyphens between them."),
            code="account_number",
        )
