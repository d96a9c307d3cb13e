"""Validators for bank details: IBAN (ISO 13616), BIC (ISO 9362) and account numbers.

An IBAN is judged by its form and its check digits. Lists of banks are left out: they are never complete.
"""

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from stdnum import bic, iban, numdb
from stdnum.exceptions import InvalidChecksum
from stdnum.exceptions import ValidationError as StdnumError

from campaign_studio.places import country_name

LABEL = re.compile(r"\s*IBAN\b[\s:.]*", re.IGNORECASE)
# The parts of an IBAN's structure in the registry, such as `8!n`.
PART_LENGTH = re.compile(r"(\d+)!")
SHORTEST_ACCOUNT_NUMBER, LONGEST_ACCOUNT_NUMBER = 4, 34


def compact_iban(value: str) -> str:
    """The IBAN without a label, spaces and dashes, in upper case: `IBAN: de89 3704 …` → `DE893704…`."""
    return iban.compact(LABEL.sub("", value, count=1))


def validate_iban(value: str) -> None:
    """Raise ValidationError for what is wrong with an IBAN. The messages don't repeat it, because it is secret."""
    number = compact_iban(value)
    if not re.fullmatch(r"[A-Z]{2}[0-9]{2}[A-Z0-9]+", number):
        raise ValidationError(
            _(
                "An IBAN has two letters for the country, two check digits, and then only letters and digits. "
                "Compare it with the original."
            ),
            code="iban",
        )
    structure = numdb.get("iban").info(number)[0][1].get("bban")
    if not structure:
        message = _("No country's IBAN begins with %(code)s. Check the first two letters.")
        raise ValidationError(message, code="iban_country", params={"code": number[:2]})
    needed = len("DE89") + sum(map(int, PART_LENGTH.findall(structure)))
    params = {"country": country_name(number[:2]), "needed": needed, "length": len(number)}
    if len(number) != needed:
        message = _("An IBAN of %(country)s has %(needed)d characters. This one has %(length)d.")
        raise ValidationError(message, code="iban_length", params=params)
    _validate_check_digits(number, params)


def _validate_check_digits(number: str, params: dict[str, object]) -> None:
    """Those of the IBAN itself, and those inside that some countries have."""
    try:
        iban.validate(number, check_country=False)
        try:
            iban.validate(number)
        except InvalidChecksum:
            raise
        except StdnumError:
            # Not in the library's list of banks.
            return
    except InvalidChecksum as error:
        message = _("The check digits of this IBAN don't match: it is mistyped. Compare every character.")
        raise ValidationError(message, code="iban_check_digits") from error
    except StdnumError as error:
        message = _("This IBAN has a letter where those of %(country)s have a digit, or the reverse. It is mistyped.")
        raise ValidationError(message, code="iban_form", params=params) from error


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
    """Raise ValidationError unless the value has 4 to 34 letters and digits, counting the separators in between."""
    if other := re.search(r"[^A-Za-z0-9 ./-]", value):
        message = _(
            "An account number contains letters, digits, spaces and the characters - / . only. Remove “%(other)s”."
        )
        raise ValidationError(message, code="account_number_character", params={"other": other[0]})
    if not SHORTEST_ACCOUNT_NUMBER <= len(value) <= LONGEST_ACCOUNT_NUMBER:
        message = _("An account number has %(shortest)d to %(longest)d characters. This one has %(length)d.")
        limits = {"shortest": SHORTEST_ACCOUNT_NUMBER, "longest": LONGEST_ACCOUNT_NUMBER, "length": len(value)}
        raise ValidationError(message, code="account_number_length", params=limits)
    if not (value[0].isalnum() and value[-1].isalnum()):
        message = _("An account number begins and ends with a letter or a digit.")
        raise ValidationError(message, code="account_number_end")
