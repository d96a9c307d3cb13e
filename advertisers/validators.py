"""Bank identifiers, judged by the standards' own checks (ISO 13616 for IBAN, ISO 9362 for BIC)."""

import re

from django.core.exceptions import ValidationError
from stdnum import bic, iban
from stdnum.exceptions import ValidationError as StdnumError


def validate_iban(value: str) -> None:
    """Raise ValidationError unless the checksum is right."""
    try:
        iban.validate(value)
    except StdnumError as error:
        raise ValidationError(
            "This is not a valid IBAN: check each digit, the checksum does not match.", code="iban"
        ) from error


def validate_bic(value: str) -> None:
    """Raise ValidationError unless it has the form of a BIC."""
    try:
        bic.validate(value)
    except StdnumError as error:
        raise ValidationError("A BIC has 8 or 11 characters, like DEUTDEFF or DEUTDEFF500.", code="bic") from error


def validate_account_number(value: str) -> None:
    """Raise ValidationError unless it is 4 to 34 letters and digits, perhaps spaced or dashed."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 -]{2,32}[A-Za-z0-9]", value):
        raise ValidationError("An account number has 4 to 34 letters or digits.", code="account_number")
