"""Phone numbers: how they are read, stored and shown, and what is wrong with one.

They are stored in E.164, with the extension as in RFC 3966: `+4930901820`, `+14155552671;ext=89`.
"""

import re

import phonenumbers
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, ValidationResult

from campaign_studio.places import country_name

LONGEST = 128
# How numbers are dialled abroad from most countries.
DIALLED_ABROAD = re.compile(r"00\s*(?=[1-9])")

NOT_A_NUMBER = _("Enter one phone number, such as +49 30 901820 or +1 415 555 2671 ext. 89.")
WITH_00 = _("Write + instead of 00 before the country code: %(number)s.")
WITHOUT_COUNTRY = _("Begin with + and the country code, such as +49 30 901820.")
NOT_IN_COUNTRY = _("There is no such phone number in %(country)s. Check it, or begin with + and the country code.")
NO_SUCH_CODE = _("This phone number begins with a country code that doesn't exist. Check the digits after the +.")
TOO_SHORT = _("This phone number is too short. Check every digit.")
TOO_LONG = _("This phone number is too long. Check every digit, and write an extension as ext. 89.")
NO_SUCH_NUMBER = _("There is no such phone number with the country code +%(code)s. Check every digit.")
UNREADABLE = {
    NumberParseException.INVALID_COUNTRY_CODE: (NO_SUCH_CODE, "no_such_country_code"),
    NumberParseException.TOO_SHORT_NSN: (TOO_SHORT, "phone_too_short"),
    NumberParseException.TOO_SHORT_AFTER_IDD: (TOO_SHORT, "phone_too_short"),
    NumberParseException.TOO_LONG: (TOO_LONG, "phone_too_long"),
}
IMPOSSIBLE = {
    ValidationResult.TOO_SHORT: (TOO_SHORT, "phone_too_short"),
    ValidationResult.TOO_LONG: (TOO_LONG, "phone_too_long"),
}


def stored_form(text: str, *, country: str | None = None) -> str | None:
    """A valid number as it is stored; None for anything else. One without a country code is read as in `country`."""
    number = _parsed(text, country)
    return _as_stored(number) if number and phonenumbers.is_valid_number(number) else None


def readable(text: str) -> str:
    """A number as people write it: `+1 415-555-2671 ext. 89`. What isn't a number stays as it is."""
    number = _parsed(text)
    return phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL) if number else text


def refusal(text: str, *, country: str | None = None) -> ValidationError:
    """What is wrong with a text that isn't a valid number."""
    if dialled := DIALLED_ABROAD.match(text):
        return ValidationError(WITH_00, code="phone_with_00", params={"number": f"+{text[dialled.end() :]}"})
    is_national = not text.lstrip().startswith(("+", "tel:+", "\uff0b"))
    if is_national and country not in phonenumbers.SUPPORTED_REGIONS and any(map(str.isdigit, text)):
        return ValidationError(WITHOUT_COUNTRY, code="phone_without_country")
    try:
        number = phonenumbers.parse(text, country)
    except NumberParseException as error:
        message, code = UNREADABLE.get(error.error_type, (NOT_A_NUMBER, "not_a_phone"))
        return ValidationError(message, code=code)
    if is_national and country:
        return ValidationError(NOT_IN_COUNTRY, code="no_such_phone", params={"country": country_name(country)})
    message, code = IMPOSSIBLE.get(
        phonenumbers.is_possible_number_with_reason(number), (NO_SUCH_NUMBER, "no_such_phone")
    )
    return ValidationError(message, code=code, params={"code": number.country_code})


def _parsed(text: str, country: str | None = None) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(text, country)
    except NumberParseException:
        return None


def _as_stored(number: PhoneNumber) -> str:
    extension = f";ext={number.extension}" if number.extension else ""
    return phonenumbers.format_number(number, PhoneNumberFormat.E164) + extension
