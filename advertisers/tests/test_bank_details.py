"""IBANs and account numbers: what is accepted, and what is said about what isn't."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import Cast
from advertisers.tests.factories import (
    IBAN,
    OTHER_IBAN,
    AdvertiserBankAccountFactory,
    AdvertiserContactFactory,
)
from advertisers.validators import compact_iban, validate_account_number, validate_iban
from campaign_studio.tests.bodies import bank_account_body
from campaign_studio.tests.browser import errors_of, form_data
from campaign_studio.tests.refusals import assert_model_refuses

ClientFor = Callable[[User | None], APIClient]
ConsoleFor = Callable[[User | None], Client]


@pytest.mark.parametrize(
    "iban",
    [
        IBAN,
        OTHER_IBAN,
        # A bank that the library doesn't list.
        "BE68 5390 0754 7034",
        "BE71096123456769",
        "ES91 2100 0418 4502 0005 1332",
        "NO93 8601 1117 947",
        "XK05 1212 0123 4567 8906",
        "MT84 MALT 0110 0001 2345 MTLC AST0 01S",
    ],
)
def test_an_iban_with_right_check_digits_is_accepted(iban: str) -> None:
    validate_iban(iban)


@pytest.mark.parametrize(
    "written",
    [
        "de89 3704 0044 0532 0130 00",
        "IBAN DE89 3704 0044 0532 0130 00",
        "iban: DE89-3704-0044-0532-0130-00",
        "IBAN\u00a0DE89370400440532013000 ",
    ],
)
def test_an_iban_is_stored_without_label_and_separators(written: str) -> None:
    validate_iban(written)

    assert compact_iban(written) == IBAN


@pytest.mark.parametrize(
    ("iban", "message"),
    [
        ("DE8937040044053201300", "An IBAN of Germany has 22 characters. This one has 21."),
        ("IBAN DE89370400440532013000 5", "An IBAN of Germany has 22 characters. This one has 23."),
        (
            "DE89370400440532013001",
            "The check digits of this IBAN don't match: it is mistyped. Compare every character.",
        ),
        # The check digits of the IBAN fit, but those of the account number in it don't.
        (
            "BE41539007547035",
            "The check digits of this IBAN don't match: it is mistyped. Compare every character.",
        ),
        (
            "DE86AB0400440532013000",
            "This IBAN has a letter where those of Germany have a digit, or the reverse. It is mistyped.",
        ),
        ("XX00370400440532013000", "No country's IBAN begins with XX. Check the first two letters."),
        (
            "532013",
            "An IBAN has two letters for the country, two check digits, and then only letters and digits. "
            "Compare it with the original.",
        ),
        (
            "DE89_370400440532013000",
            "An IBAN has two letters for the country, two check digits, and then only letters and digits. "
            "Compare it with the original.",
        ),
    ],
)
def test_a_refused_iban_is_told_what_is_wrong_without_being_repeated(iban: str, message: str) -> None:
    with pytest.raises(ValidationError) as refused:
        validate_iban(iban)

    assert refused.value.messages == [message]
    assert iban not in str(refused.value)


@pytest.mark.parametrize(
    "number",
    ["532013456789", "19-2000145399/0800", "8601.11.17947", "01-0123-0123456-00", "1234 5678", "AB12", "1" * 34],
)
def test_an_account_number_may_have_the_separators_of_every_country(number: str) -> None:
    validate_account_number(number)


@pytest.mark.parametrize(
    ("number", "message"),
    [
        ("123", "An account number has 4 to 34 characters. This one has 3."),
        ("1" * 35, "An account number has 4 to 34 characters. This one has 35."),
        (
            "12_34",
            "An account number contains letters, digits, spaces and the characters - / . only. Remove “_”.",
        ),
        ("-1234", "An account number begins and ends with a letter or a digit."),
        ("1234/", "An account number begins and ends with a letter or a digit."),
    ],
)
def test_a_refused_account_number_is_told_what_is_wrong(number: str, message: str) -> None:
    with pytest.raises(ValidationError) as refused:
        validate_account_number(number)

    assert refused.value.messages == [message]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("bank_account_iban", "DE8937040044053201300", "iban_length"),
        ("bank_account_number", "12\n34", "account_number_character"),
    ],
)
def test_the_model_refuses_it(field: str, value: str, code: str) -> None:
    assert_model_refuses(AdvertiserBankAccountFactory(), field, code, **{field: value})


@pytest.mark.django_db
def test_both_doors_take_labels_and_separators_and_refuse_in_the_same_words(
    cast: Cast, client_for: ClientFor, console_for: ConsoleFor
) -> None:
    advertiser = AdvertiserContactFactory(advertiser__created_by=cast.owner).advertiser
    client, url = client_for(cast.owner), f"/api/advertisers/{advertiser.pk}/bank-accounts"
    taken = {"bank_account_number": "19-2000145399/0800", "bank_account_iban": f"IBAN: {IBAN}"}
    answer = client.post(url, bank_account_body(**taken))
    assert (answer.status_code, answer.json()["bank_account_number"]) == (201, "••••0800")
    assert advertiser.bank_accounts.get().bank_account_iban.reveal() == IBAN

    message = "An IBAN of Germany has 22 characters. This one has 21."
    answer = client.post(url, bank_account_body(bank_account_iban=IBAN[:-1]))
    assert answer.json() == {"bank_account_iban": [message]}
    console, page = console_for(cast.owner), f"/admin/advertisers/advertiser/{advertiser.pk}/change/"
    typed = form_data(console.get(page), **{"bank_accounts-0-bank_account_iban": IBAN[:-1]})
    assert errors_of(console.post(page, typed)) == [message]
