"""Phone numbers keep their extensions, and what isn't one is refused for what is wrong with it."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import AuditEntry, User
from accounts.tests.factories import Cast
from advertisers.models import Advertiser, AdvertiserContact
from advertisers.phones import readable, refusal, stored_form
from advertisers.tests.factories import AdvertiserContactFactory
from campaign_studio.tests.bodies import advertiser_body, contact_body
from campaign_studio.tests.browser import errors_of, form_data

ClientFor = Callable[[User | None], APIClient]
ConsoleFor = Callable[[User | None], Client]


@pytest.mark.parametrize(
    ("written", "country", "stored", "shown"),
    [
        ("+49 30 901820", None, "+4930901820", "+49 30 901820"),
        ("+49 (0)30 901820", None, "+4930901820", "+49 30 901820"),
        ("+1 415 555 2671 ext. 89", None, "+14155552671;ext=89", "+1 415-555-2671 ext. 89"),
        ("+14155552671x89", None, "+14155552671;ext=89", "+1 415-555-2671 ext. 89"),
        ("+14155552671;ext=0012", None, "+14155552671;ext=0012", "+1 415-555-2671 ext. 0012"),
        ("tel:+1-415-555-2671;ext=5", None, "+14155552671;ext=5", "+1 415-555-2671 ext. 5"),
        ("+39 06 6988 3145", None, "+390669883145", "+39 06 6988 3145"),
        ("030 901820", "DE", "+4930901820", "+49 30 901820"),
        ("0049 30 901820", "DE", "+4930901820", "+49 30 901820"),
        ("011 49 30 901820", "US", "+4930901820", "+49 30 901820"),
        ("(415) 555-2671 x89", "US", "+14155552671;ext=89", "+1 415-555-2671 ext. 89"),
        ("+49 30 901820", "US", "+4930901820", "+49 30 901820"),
    ],
)
def test_a_number_is_stored_in_one_form_and_shown_in_another(
    written: str, country: str | None, stored: str, shown: str
) -> None:
    assert stored_form(written, country=country) == stored
    assert readable(stored) == shown
    assert stored_form(shown) == stored_form(stored) == stored


@pytest.mark.parametrize(
    ("written", "country", "message"),
    [
        ("0049 30 901820", None, "Write + instead of 00 before the country code: +49 30 901820."),
        ("030 901820", None, "Begin with + and the country code, such as +49 30 901820."),
        ("030 901820", "AQ", "Begin with + and the country code, such as +49 30 901820."),
        (
            "12",
            "DE",
            "There is no such phone number in Germany. Check it, or begin with + and the country code.",
        ),
        (
            "+999 12345",
            None,
            "This phone number begins with a country code that doesn't exist. Check the digits after the +.",
        ),
        ("+49 3", None, "This phone number is too short. Check every digit."),
        ("+1 415 555", "DE", "This phone number is too short. Check every digit."),
        (
            "+49 30 901820 / 901821 12345",
            None,
            "This phone number is too long. Check every digit, and write an extension as ext. 89.",
        ),
        ("+1 111 111 1111", None, "There is no such phone number with the country code +1. Check every digit."),
        ("ask Ann", "DE", "Enter one phone number, such as +49 30 901820 or +1 415 555 2671 ext. 89."),
    ],
)
def test_what_is_not_a_number_is_told_why(written: str, country: str | None, message: str) -> None:
    assert stored_form(written, country=country) is None
    assert refusal(written, country=country).messages == [message]


@pytest.mark.django_db
def test_the_api_keeps_an_extension_and_another_spelling_changes_nothing(cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.owner)
    body = advertiser_body(contacts=[contact_body(contact_phone="+1 415 555 2671 ext. 89")])
    created = client.post("/api/advertisers", body).json()
    assert [one["contact_phone"] for one in created["contacts"]] == ["+14155552671;ext=89"]

    entries = AuditEntry.objects.count()
    url = f"/api/advertisers/{created['advertiser_id']}"
    assert client.patch(url, {"contacts": created["contacts"]}).json()["version"] == created["version"]
    contact = created["contacts"][0] | {"contact_phone": "tel:+1-415-555-2671;ext=89"}
    assert client.patch(url, {"contacts": [contact]}).json()["version"] == created["version"]
    assert AuditEntry.objects.count() == entries

    changed = client.patch(f"{url}/contacts/{contact['contact_id']}", {"contact_phone": "+1 415 555 2671 x 12"})
    assert changed.json()["contact_phone"] == "+14155552671;ext=12"
    entry = AuditEntry.objects.order_by("-pk")[0]
    assert entry.changes_dict["contact_phone"] == ["+14155552671;ext=89", "+14155552671;ext=12"]


@pytest.mark.django_db
@pytest.mark.parametrize("place", [{"contact_country": "DE"}, {}])
def test_a_number_without_country_code_is_in_the_contacts_or_advertisers_country(
    place: dict[str, str], cast: Cast, client_for: ClientFor
) -> None:
    contacts = [contact_body(contact_phone="030 901820", **place)]
    answer = client_for(cast.owner).post(
        "/api/advertisers", advertiser_body(contacts=contacts, country="US" if place else "DE")
    )

    assert answer.json()["contacts"][0]["contact_phone"] == "+4930901820"


@pytest.mark.django_db
def test_both_doors_refuse_a_number_in_the_same_words(
    cast: Cast, client_for: ClientFor, console_for: ConsoleFor
) -> None:
    message = "Begin with + and the country code, such as +49 30 901820."
    contacts = [contact_body(contact_phone="030 901820")]
    answer = client_for(cast.owner).post("/api/advertisers", advertiser_body(contacts=contacts))
    assert answer.json() == {"contacts": {"0": {"contact_phone": [message]}}}

    contact = AdvertiserContactFactory(advertiser__created_by=cast.owner)
    console, page = console_for(cast.owner), f"/admin/advertisers/advertiser/{contact.advertiser_id}/change/"
    typed = form_data(console.get(page), **{"contacts-0-contact_phone": "030 901820"})
    assert errors_of(console.post(page, typed)) == [message]


@pytest.mark.django_db
def test_the_console_shows_a_number_readably_and_saving_changes_nothing(cast: Cast, console_for: ConsoleFor) -> None:
    contact = AdvertiserContactFactory(
        advertiser__created_by=cast.owner, contact_phone="+1 415 555 2671 ext. 89", contact_country="DE"
    )
    console, page = console_for(cast.owner), f"/admin/advertisers/advertiser/{contact.advertiser_id}/change/"
    form = console.get(page)
    assert form_data(form)["contacts-0-contact_phone"] == ["+1 415-555-2671 ext. 89"]

    entries, version = AuditEntry.objects.count(), Advertiser.objects.get().version
    assert console.post(page, form_data(form)).status_code == 302
    assert (AuditEntry.objects.count(), Advertiser.objects.get().version) == (entries, version)

    assert console.post(page, form_data(form, **{"contacts-0-contact_phone": "030 901820 x7"})).status_code == 302
    contact.refresh_from_db()
    assert contact.contact_phone == "+4930901820;ext=7"


@pytest.mark.django_db
def test_a_stored_number_that_is_not_valid_may_stay() -> None:
    contact = AdvertiserContactFactory(contact_phone="12")

    stored = AdvertiserContact.objects.get(pk=contact.pk)
    stored.contact_city = "Berlin"
    stored.full_clean()
    stored.contact_phone = "123"
    with pytest.raises(ValidationError):
        stored.full_clean()
