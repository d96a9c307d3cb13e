"""The models of advertisers, contacts and bank accounts: what they refuse, and how they are stored."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import ProtectedError

from accounts.tests.factories import Cast
from advertisers.choices import AdvertiserType, ContactType
from advertisers.models import Advertiser, AdvertiserBankAccount, AdvertiserContact
from advertisers.tests.factories import (
    ACCOUNT_NUMBER,
    IBAN,
    AdvertiserBankAccountFactory,
    AdvertiserContactFactory,
    AdvertiserFactory,
)
from campaign_studio.acting import acting_as
from campaign_studio.tests.refusals import assert_database_refuses, assert_model_refuses, write_past_the_model
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db

LATITUDE, LONGITUDE = "advertiser_latitude_is_on_earth", "advertiser_longitude_is_on_earth"
BOTH = "advertiser_latitude_and_longitude_together"

# constraint, field of the error, its code or message, changes
ADVERTISER_RULES: list[tuple[str, str, str, dict[str, Any]]] = [
    ("advertiser_type_is_known", "advertiser_type", "invalid_choice", {"advertiser_type": "charity"}),
    (LATITUDE, "latitude", "The latitude must be between −90 and 90.", {"latitude": 90.01, "longitude": 0}),
    (LATITUDE, "latitude", LATITUDE, {"latitude": -90.01, "longitude": 0}),
    (LATITUDE, "latitude", LATITUDE, {"latitude": float("nan"), "longitude": 0}),
    (LONGITUDE, "longitude", "The longitude must be between −180 and 180.", {"latitude": 0, "longitude": 180.01}),
    (LONGITUDE, "longitude", LONGITUDE, {"latitude": 0, "longitude": -180.01}),
    (LONGITUDE, "longitude", LONGITUDE, {"latitude": 0, "longitude": float("nan")}),
    (BOTH, "__all__", "Enter both latitude and longitude, or neither.", {"latitude": 52.5}),
    (BOTH, "__all__", BOTH, {"longitude": 13.4}),
]


@pytest.mark.parametrize(("constraint", "field", "refusal", "changes"), ADVERTISER_RULES, ids=str)
def test_an_advertiser_that_breaks_a_rule_is_refused_by_model_and_database(
    constraint: str, field: str, refusal: str, changes: dict[str, Any]
) -> None:
    advertiser = AdvertiserFactory()

    assert_database_refuses(constraint, write_past_the_model(advertiser, **changes))
    assert_model_refuses(advertiser, field, refusal, **changes)


@pytest.mark.parametrize(
    ("latitude", "longitude"), [(90, 180), (-90, -180), (0, 0), (52.52, 13.405), (None, None)], ids=str
)
def test_every_place_on_earth_is_accepted(latitude: float | None, longitude: float | None) -> None:
    advertiser = AdvertiserFactory(latitude=latitude, longitude=longitude)

    advertiser.full_clean()


@pytest.mark.parametrize("advertiser_type", AdvertiserType.values)
def test_every_type_of_advertiser_is_accepted(advertiser_type: str) -> None:
    AdvertiserFactory(advertiser_type=advertiser_type).full_clean()


@pytest.mark.parametrize(
    ("field", "value"), [("country", "XX"), ("country", "Germany"), ("timezone", "Mars/Olympus"), ("timezone", "CEST")]
)
def test_a_country_or_time_zone_must_be_a_standard_code(field: str, value: str) -> None:
    assert_model_refuses(AdvertiserFactory(), field, "invalid_choice", **{field: value})


def test_an_advertiser_records_who_created_and_who_changed_it(cast: Cast) -> None:
    with acting_as(cast.owner):
        advertiser = Advertiser(advertiser_name="Acme", advertiser_type="business")
        advertiser.full_clean()
        advertiser.save()
    with acting_as(cast.colleague):
        advertiser.city = "Berlin"
        advertiser.save()
    advertiser.refresh_from_db()

    assert advertiser.created_by == cast.owner
    assert (advertiser.created_by_name, advertiser.updated_by_name) == ("campaign_manager", "other_campaign_manager")


def test_an_advertiser_with_campaigns_cannot_be_deleted() -> None:
    advertiser = AdvertiserFactory()
    CampaignFactory(advertiser=advertiser)

    with pytest.raises(ProtectedError):
        advertiser.delete()


def test_contacts_and_bank_accounts_are_deleted_with_their_advertiser() -> None:
    advertiser = AdvertiserFactory(contact=True)
    AdvertiserBankAccountFactory(advertiser=advertiser)

    advertiser.delete()

    assert not AdvertiserContact.objects.exists()
    assert not AdvertiserBankAccount.objects.exists()


def test_an_advertiser_is_shown_by_its_name() -> None:
    assert str(AdvertiserFactory.build(advertiser_name="Acme")) == "Acme"


# --- Contacts --------------------------------------------------------------------------------------------------------


def test_an_unknown_contact_type_is_refused_by_model_and_database() -> None:
    contact = AdvertiserContactFactory()

    assert_database_refuses("contact_type_is_known", write_past_the_model(contact, contact_type="boss"))
    assert_model_refuses(contact, "contact_type", "invalid_choice", contact_type="boss")


def assert_takes_over(first: Any, second: Any, mark: str) -> None:
    """The second part gets the mark and the first loses it for good, even when an old copy of the first is saved."""
    read_before = type(first).objects.get(pk=first.pk)
    setattr(second, mark, True)
    second.full_clean()
    second.save()
    # This copy of the advertiser has counted both changes, so its version is current.
    second.advertiser.save()
    for _ in range(2):
        marks = {row.pk: getattr(row, mark) for row in type(first).objects.all()}
        assert marks == {first.pk: False, second.pk: True}
        read_before.save()


@pytest.mark.parametrize("contact_type", ContactType.values)
def test_every_contact_type_is_accepted(contact_type: str) -> None:
    AdvertiserContactFactory(contact_type=contact_type).full_clean()


def test_a_second_point_of_contact_replaces_the_first_and_the_database_refuses_two() -> None:
    first = AdvertiserContactFactory(is_point_of_contact=True)
    second = AdvertiserContactFactory(advertiser=first.advertiser)

    assert_database_refuses(
        "advertiser_has_one_point_of_contact", write_past_the_model(second, is_point_of_contact=True)
    )
    assert_takes_over(first, second, "is_point_of_contact")


def test_two_advertisers_may_each_have_a_point_of_contact() -> None:
    AdvertiserContactFactory(is_point_of_contact=True)
    AdvertiserContactFactory(is_point_of_contact=True).full_clean()


def test_a_point_of_contact_can_be_saved_again() -> None:
    contact = AdvertiserContactFactory(is_point_of_contact=True)

    contact.full_clean()
    contact.save()


@pytest.mark.parametrize(
    ("field", "value"), [("contact_email", "nowhere"), ("contact_phone", "12"), ("contact_country", "Atlantis")]
)
def test_a_contact_with_invalid_details_is_refused(field: str, value: str) -> None:
    assert_model_refuses(AdvertiserContactFactory(), field, "", **{field: value})


def test_a_contact_is_shown_by_its_name() -> None:
    assert str(AdvertiserContactFactory.build(contact_name="Ann")) == "Ann"


@pytest.mark.parametrize(
    ("name", "code"),
    [("Ann\x85Bcc", "hidden_character"), ("\u202eAnn", "hidden_character"), ("evil.example/x", "name_like_a_url")],
)
def test_a_new_name_of_a_contact_cannot_mislead_and_an_old_one_may_stay(name: str, code: str) -> None:
    contact = AdvertiserContactFactory()
    assert_model_refuses(contact, "contact_name", code, contact_name=name)
    AdvertiserContact.objects.filter(pk=contact.pk).update(contact_name=name)

    stored = AdvertiserContact.objects.get(pk=contact.pk)
    stored.contact_city = "Berlin"

    stored.full_clean()


def test_the_last_contact_cannot_be_deleted() -> None:
    contact = AdvertiserContactFactory()

    with pytest.raises(ValidationError) as refused:
        contact.remove()
    assert refused.value.messages == ["An advertiser needs at least one contact. Add another contact first."]
    assert refused.value.code == "last_contact"
    assert AdvertiserContact.objects.filter(pk=contact.pk).exists()


def test_any_other_contact_can_be_deleted() -> None:
    contact = AdvertiserContactFactory()
    other = AdvertiserContactFactory(advertiser=contact.advertiser)

    contact.remove()

    assert list(AdvertiserContact.objects.all()) == [other]


# --- Bank accounts ---------------------------------------------------------------------------------------------------


def test_a_second_default_account_replaces_the_first_and_the_database_refuses_two() -> None:
    first = AdvertiserBankAccountFactory(is_default=True)
    second = AdvertiserBankAccountFactory(advertiser=first.advertiser)

    assert_database_refuses("advertiser_has_one_default_bank_account", write_past_the_model(second, is_default=True))
    assert_takes_over(first, second, "is_default")


def test_two_advertisers_may_each_have_a_default_account() -> None:
    AdvertiserBankAccountFactory(is_default=True)
    AdvertiserBankAccountFactory(is_default=True).full_clean()


def test_an_account_without_number_and_iban_is_refused_by_model_and_database() -> None:
    account = AdvertiserBankAccountFactory()

    assert_database_refuses(
        "bank_account_has_a_number_or_an_iban",
        write_past_the_model(account, bank_account_number=None, bank_account_iban=None),
    )
    assert_model_refuses(account, "__all__", "Enter an account number or an IBAN.", bank_account_number="")


def test_iban_and_bic_are_stored_without_spaces_in_upper_case() -> None:
    account = AdvertiserBankAccountFactory(
        bank_account_iban="de89 3704 0044 0532 0130 00",
        bank_account_bic="deutdeff",
        bank_account_swift_code="deut deff",
    )

    account.full_clean()

    assert account.bank_account_iban.reveal() == IBAN
    assert (account.bank_account_bic, account.bank_account_swift_code) == ("DEUTDEFF", "DEUTDEFF")


@pytest.mark.parametrize("field", ["bank_account_bic", "bank_account_swift_code"])
@pytest.mark.parametrize("code", ["DEUTDEF", "DEUT1EFF", "DEUTDEFF5", "DEUTDEFF500X"])
def test_a_bic_in_the_wrong_format_is_refused(field: str, code: str) -> None:
    refusal = f"“{code}” is not a BIC. A BIC has 8 or 11 characters, for example DEUTDEFF or DEUTDEFF500."

    assert_model_refuses(AdvertiserBankAccountFactory(), field, refusal, **{field: code})


@pytest.mark.parametrize(
    ("field", "value", "refusal"),
    [
        (
            "bank_account_routing_number",
            "12;34",
            "A routing number contains only letters, digits, spaces and hyphens.",
        ),
        ("bank_account_currency", "EU", "invalid_choice"),
    ],
)
def test_other_bank_details_in_the_wrong_format_are_refused(field: str, value: str, refusal: str) -> None:
    assert_model_refuses(AdvertiserBankAccountFactory(), field, refusal, **{field: value})


def test_an_account_shows_only_the_end_of_its_number() -> None:
    account = AdvertiserBankAccountFactory(bank_name="Sparkasse", bank_account_iban=None)

    assert str(account) == "Sparkasse ••••6789"
    assert ACCOUNT_NUMBER not in repr(account.__dict__)


def test_revealing_an_account_returns_the_full_number_and_iban() -> None:
    account = AdvertiserBankAccountFactory(bank_account_iban=IBAN)
    account.refresh_from_db()

    assert account.reveal() == {"bank_account_number": ACCOUNT_NUMBER, "bank_account_iban": IBAN}
    assert AdvertiserBankAccountFactory().reveal()["bank_account_iban"] is None


def test_numbers_are_encrypted_in_the_database() -> None:
    AdvertiserBankAccountFactory(bank_account_iban=IBAN)

    with connection.cursor() as cursor:
        cursor.execute("SELECT bank_account_number, bank_account_iban FROM advertiser_bank_accounts")
        number, iban = cursor.fetchone()
    assert ACCOUNT_NUMBER not in number
    assert IBAN not in iban


# --- Permissions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [Advertiser, AdvertiserContact, AdvertiserBankAccount])
def test_users_see_the_rows_they_have_permission_to_view(model: Any, cast: Cast) -> None:
    account = AdvertiserBankAccountFactory(advertiser__contact=True)
    permission = f"advertisers.view_{model._meta.model_name}"

    for person in cast:
        assert model.objects.visible_to(person).exists() == person.has_perm(permission, account), person


def test_loading_advertisers_takes_a_constant_number_of_queries(cast: Cast, django_assert_num_queries: Any) -> None:
    for _ in range(3):
        AdvertiserBankAccountFactory(advertiser__contact=True)

    for person, accounts in ((cast.owner, 1), (cast.content_moderator, 0)):
        with django_assert_num_queries(3 if accounts else 2):
            documents = list(Advertiser.objects.as_document(person))
            found = [(len(one.contacts.all()), len(one.bank_accounts.all())) for one in documents]
        assert found == [(1, accounts)] * 3
