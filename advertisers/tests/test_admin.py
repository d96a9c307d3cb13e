"""The admin console's pages for advertisers."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, User
from accounts.tests.factories import Cast
from advertisers.console.admin import AdvertiserAdmin
from advertisers.models import LAST_CONTACT, Advertiser, AdvertiserBankAccount, AdvertiserContact
from advertisers.tests.factories import (
    ACCOUNT_NUMBER,
    IBAN,
    OTHER_IBAN,
    AdvertiserBankAccountFactory,
    AdvertiserContactFactory,
    AdvertiserFactory,
)
from campaign_studio.tests.browser import error_codes_of, errors_of, form_data

pytestmark = pytest.mark.django_db

ConsoleFor = Callable[[User | None], Client]
ADD = "/admin/advertisers/advertiser/add/"
STAFF = ["system_admin", "app_admin", "campaign_manager", "content_moderator"]
PLANNERS = STAFF[:3]


def page_of(advertiser: Advertiser) -> str:
    return reverse("admin:advertisers_advertiser_change", args=[advertiser.pk])


def row(prefix: str, number: int, **typed: Any) -> dict[str, Any]:
    return {f"{prefix}-{number}-{name}": value for name, value in typed.items()}


def new_row(prefix: str, number: int, **typed: Any) -> dict[str, Any]:
    return {f"{prefix}-TOTAL_FORMS": str(number + 1)} | row(prefix, number, **typed)


NEW = {"advertiser_name": "Roadside Coffee", "advertiser_type": "business"} | row(
    "contacts", 0, contact_name="Clara", contact_email="clara@example.com", contact_type="sales"
)
ACCOUNT = {"bank_name": "Bank", "bank_account_name": "Roadside Coffee", "bank_account_currency": "EUR"}


def test_an_advertiser_is_created_with_contact_and_bank_account(cast: Cast, console_for: ConsoleFor) -> None:
    client = console_for(cast.campaign_manager)
    typed = form_data(client.get(ADD), **NEW, **new_row("bank_accounts", 0, **ACCOUNT, bank_account_iban=IBAN))
    answer = client.post(ADD, typed)

    assert answer.status_code == 302
    advertiser = Advertiser.objects.get()
    assert (advertiser.created_by, advertiser.created_by_name) == (cast.campaign_manager, "campaign_manager")
    assert advertiser.contacts.get().contact_name == "Clara"
    assert advertiser.bank_accounts.get().reveal()["bank_account_iban"] == IBAN
    assert {(entry.door, entry.remote_addr) for entry in AuditEntry.objects.filter(actor=cast.campaign_manager)} == {
        ("admin", "127.0.0.1")
    }


def test_an_advertiser_without_a_contact_is_refused(cast: Cast, console_for: ConsoleFor) -> None:
    client = console_for(cast.campaign_manager)
    typed = form_data(client.get(ADD), **NEW | {"contacts-TOTAL_FORMS": "0"})
    answer = client.post(ADD, typed)

    assert errors_of(answer) == ["An advertiser needs at least one contact."]
    assert not Advertiser.objects.exists()


def test_the_last_contact_cannot_be_deleted(cast: Cast, console_for: ConsoleFor) -> None:
    advertiser = AdvertiserFactory(contact=True)
    client = console_for(cast.campaign_manager)
    typed = form_data(client.get(page_of(advertiser)), **row("contacts", 0, DELETE="on"))
    answer = client.post(page_of(advertiser), typed)

    assert error_codes_of(answer) == ["last_contact"]
    assert advertiser.contacts.count() == 1


def test_the_last_contact_can_be_replaced_in_one_step(cast: Cast, console_for: ConsoleFor) -> None:
    advertiser = AdvertiserFactory(contact=True)
    client = console_for(cast.campaign_manager)
    replaced = row("contacts", 0, DELETE="on") | new_row(
        "contacts", 1, contact_name="New", contact_email="new@example.com", contact_type="it"
    )
    client.post(page_of(advertiser), form_data(client.get(page_of(advertiser)), **replaced))

    assert [contact.contact_name for contact in advertiser.contacts.all()] == ["New"]


def test_the_last_contact_cannot_be_deleted_after_someone_else_deleted_the_other(
    cast: Cast, console_for: ConsoleFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    advertiser = AdvertiserFactory(contact=True)
    other = AdvertiserContactFactory(advertiser=advertiser, contact_name="Zoe")
    client = console_for(cast.campaign_manager)
    typed = form_data(client.get(page_of(advertiser)), **row("contacts", 0, DELETE="on"))
    save_model = AdvertiserAdmin.save_model

    def save_and_delete_the_other(*args: Any) -> None:
        save_model(*args)
        AdvertiserContact.objects.filter(pk=other.pk).delete()

    monkeypatch.setattr(AdvertiserAdmin, "save_model", save_and_delete_the_other)
    answer = client.post(page_of(advertiser), typed)

    assert errors_of(answer) == [str(LAST_CONTACT)]
    assert advertiser.contacts.count() == 2


def test_an_invalid_iban_is_reported_in_its_row(cast: Cast, console_for: ConsoleFor) -> None:
    client = console_for(cast.campaign_manager)
    wrong = new_row("bank_accounts", 0, **ACCOUNT, bank_account_iban=IBAN[:-1] + "9")
    answer = client.post(ADD, form_data(client.get(ADD), **NEW, **wrong))
    accounts = answer.context["inline_admin_formsets"][1].formset

    assert list(accounts.forms[0].errors) == ["bank_account_iban"]
    assert not Advertiser.objects.exists()


def test_latitude_needs_longitude(cast: Cast, console_for: ConsoleFor) -> None:
    client = console_for(cast.campaign_manager)
    answer = client.post(ADD, form_data(client.get(ADD), **NEW, latitude="52.5"))

    assert error_codes_of(answer) == ["advertiser_latitude_and_longitude_together"]


def test_a_bank_number_is_never_on_the_page(cast: Cast, console_for: ConsoleFor) -> None:
    account = AdvertiserBankAccountFactory(advertiser=AdvertiserFactory(contact=True), bank_account_iban=IBAN)
    for person in (cast.system_admin, cast.campaign_manager):
        for view in ("change", "history", "delete"):
            address = reverse(f"admin:advertisers_advertiser_{view}", args=[account.advertiser_id])
            page = console_for(person).get(address).content.decode()

            assert ACCOUNT_NUMBER not in page
            assert IBAN not in page
        assert "••••6789" in console_for(person).get(page_of(account.advertiser)).content.decode()


@pytest.mark.parametrize("typed", ["", "••••6789"])
def test_an_empty_field_or_the_mask_keeps_the_stored_number(typed: str, cast: Cast, console_for: ConsoleFor) -> None:
    account = AdvertiserBankAccountFactory(advertiser=AdvertiserFactory(contact=True))
    client = console_for(cast.campaign_manager)
    page = page_of(account.advertiser)
    changed = row("bank_accounts", 0, bank_account_number=typed, bank_name="Renamed")
    assert client.post(page, form_data(client.get(page), **changed)).status_code == 302

    account.refresh_from_db()
    assert account.reveal()["bank_account_number"] == ACCOUNT_NUMBER
    assert account.bank_name == "Renamed"


def test_a_new_number_replaces_the_old_one(cast: Cast, console_for: ConsoleFor) -> None:
    account = AdvertiserBankAccountFactory(advertiser=AdvertiserFactory(contact=True))
    client = console_for(cast.campaign_manager)
    page = page_of(account.advertiser)
    client.post(page, form_data(client.get(page), **row("bank_accounts", 0, bank_account_number="11112222")))

    account.refresh_from_db()
    assert account.reveal()["bank_account_number"] == "11112222"
    entry = AuditEntry.objects.filter(object_pk=str(account.pk), action=AuditEntry.Action.UPDATE).get()
    assert entry.changes == {"bank_account_number": ["[changed]", "[changed]"]}


def test_a_mask_is_not_accepted_as_a_new_number(cast: Cast, console_for: ConsoleFor) -> None:
    client = console_for(cast.campaign_manager)
    typed = new_row("bank_accounts", 0, **ACCOUNT, bank_account_number="••••6789")
    answer = client.post(ADD, form_data(client.get(ADD), **NEW, **typed))

    assert error_codes_of(answer) == ["account_number_character"]


def test_another_bank_account_can_be_made_the_default(cast: Cast, console_for: ConsoleFor) -> None:
    advertiser = AdvertiserFactory(contact=True)
    old = AdvertiserBankAccountFactory(advertiser=advertiser, is_default=True)
    new = AdvertiserBankAccountFactory(advertiser=advertiser, bank_account_number=None, bank_account_iban=OTHER_IBAN)
    client = console_for(cast.campaign_manager)
    swap = row("bank_accounts", 0, is_default=None) | row("bank_accounts", 1, is_default="on")
    answer = client.post(page_of(advertiser), form_data(client.get(page_of(advertiser)), **swap))

    assert answer.status_code == 302
    assert AdvertiserBankAccount.objects.get(is_default=True) == new
    assert not AdvertiserBankAccount.objects.get(pk=old.pk).is_default


@pytest.mark.parametrize("changed", [{}, {"contact_name": "Renamed"}], ids=str)
@pytest.mark.parametrize("position", [0, 1])
def test_a_new_point_of_contact_replaces_the_old_one(
    cast: Cast, console_for: ConsoleFor, position: int, changed: dict[str, str]
) -> None:
    """Whichever of the two rows comes first, and whether or not the old one has other changes."""
    advertiser = AdvertiserFactory()
    contacts = AdvertiserContactFactory.create_batch(2, advertiser=advertiser)
    old, new = (contacts[1 - position], contacts[position])
    client = console_for(cast.campaign_manager)
    page = form_data(client.get(page_of(advertiser)))
    AdvertiserContact.objects.filter(pk=old.pk).update(is_point_of_contact=True)
    at = {page[f"contacts-{number}-contact_id"][0]: number for number in range(2)}
    typed = row("contacts", at[str(old.pk)], is_point_of_contact="on", **changed)
    typed |= row("contacts", at[str(new.pk)], is_point_of_contact="on")
    answer = client.post(page_of(advertiser), page | typed)

    assert answer.status_code == 302, errors_of(answer)
    assert advertiser.contacts.get(is_point_of_contact=True) == new


def test_the_second_of_two_new_points_of_contact_is_refused_in_its_row(cast: Cast, console_for: ConsoleFor) -> None:
    advertiser = AdvertiserFactory()
    AdvertiserContactFactory.create_batch(2, advertiser=advertiser)
    client = console_for(cast.campaign_manager)
    both = row("contacts", 0, is_point_of_contact="on") | row("contacts", 1, is_point_of_contact="on")
    answer = client.post(page_of(advertiser), form_data(client.get(page_of(advertiser)), **both))
    first, second = answer.context["inline_admin_formsets"][0].formset.forms

    assert not first.errors
    assert second.errors == {"is_point_of_contact": ["Only one contact can be the point of contact. Choose one."]}
    assert not advertiser.contacts.filter(is_point_of_contact=True).exists()


@pytest.mark.parametrize("role", STAFF)
def test_only_admins_and_campaign_managers_change_advertisers(role: str, cast: Cast, console_for: ConsoleFor) -> None:
    advertiser = AdvertiserFactory(contact=True, advertiser_name="Before")
    AdvertiserBankAccountFactory(advertiser=advertiser)
    filled_in = form_data(console_for(cast.system_admin).get(page_of(advertiser)), advertiser_name="After")
    client = console_for(cast.in_role(role))
    seen = client.get(page_of(advertiser)).content.decode()
    client.post(page_of(advertiser), filled_in)
    advertiser.refresh_from_db()

    may = role in PLANNERS
    assert (advertiser.advertiser_name == "After") == may
    assert ("6789" in seen) == may
    assert ("contacts-0-contact_name" in seen) == may


@pytest.mark.parametrize("role", STAFF)
def test_only_admins_delete_advertisers(role: str, cast: Cast, console_for: ConsoleFor) -> None:
    advertiser = AdvertiserFactory(contact=True)
    AdvertiserBankAccountFactory(advertiser=advertiser)
    address = reverse("admin:advertisers_advertiser_delete", args=[advertiser.pk])
    answer = console_for(cast.in_role(role)).post(address, {"post": "yes"})

    may = role in ("system_admin", "app_admin")
    assert answer.status_code == (302 if may else 403)
    assert Advertiser.objects.exists() != may


@pytest.mark.parametrize("role", [*STAFF, "user"])
def test_only_admins_reveal_a_number(role: str, cast: Cast, console_for: ConsoleFor) -> None:
    account = AdvertiserBankAccountFactory()
    client = console_for(cast.in_role(role))
    address = reverse("admin:advertisers_bank_account_reveal", args=[account.advertiser_id, account.pk])
    looked, revealed = client.get(address), client.post(address)
    seen = AuditEntry.objects.filter(action=AuditEntry.Action.ACCESS)

    assert ACCOUNT_NUMBER not in looked.content.decode()
    if role in ("system_admin", "app_admin"):
        assert ACCOUNT_NUMBER in revealed.content.decode()
        assert "no-store" in revealed["Cache-Control"]
        entry = seen.get()
        assert (entry.actor, entry.door, entry.remote_addr) == (cast.in_role(role), "admin", "127.0.0.1")
        assert entry.object_pk == str(account.pk)
    else:
        assert revealed.status_code in (302, 403, 404)
        assert ACCOUNT_NUMBER not in revealed.content.decode()
        assert not seen.exists()


def test_a_bank_account_is_revealed_only_under_its_own_advertiser(cast: Cast, console_for: ConsoleFor) -> None:
    account = AdvertiserBankAccountFactory()
    address = reverse("admin:advertisers_bank_account_reveal", args=[AdvertiserFactory().pk, account.pk])

    assert console_for(cast.app_admin).post(address).status_code == 404


def test_only_admins_see_the_link_to_the_full_number(cast: Cast, console_for: ConsoleFor) -> None:
    account = AdvertiserBankAccountFactory(advertiser=AdvertiserFactory(contact=True))

    assert "/reveal/" in console_for(cast.app_admin).get(page_of(account.advertiser)).content.decode()
    assert "/reveal/" not in console_for(cast.campaign_manager).get(page_of(account.advertiser)).content.decode()


def test_moderators_do_not_see_bank_accounts_in_the_history(cast: Cast, console_for: ConsoleFor) -> None:
    advertiser = AdvertiserFactory(contact=True)
    AdvertiserBankAccountFactory(advertiser=advertiser, bank_name="Secret Bank")
    address = reverse("admin:advertisers_advertiser_history", args=[advertiser.pk])

    assert "Secret Bank" in console_for(cast.campaign_manager).get(address).content.decode()
    assert "Secret Bank" not in console_for(cast.content_moderator).get(address).content.decode()
