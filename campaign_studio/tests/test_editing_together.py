"""Two users open the same console page: the second one sees what has changed and loses no input."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import Cast, make_cast
from ads.models import Ad, AdTimeSlot
from ads.tests.factories import AdFactory, AdTimeSlotFactory
from advertisers.tests.factories import AdvertiserFactory
from campaign_studio.console.forms import StudioForm
from campaign_studio.tests.browser import error_codes_of, errors_of, form_data
from campaigns.models import Campaign
from campaigns.tests.factories import AudienceTargetingFactory, CampaignFactory

pytestmark = pytest.mark.django_db
ConsoleFor = Callable[[User | None], Client]


@pytest.fixture
def console(cast: Cast, console_for: ConsoleFor) -> Client:
    return console_for(cast.owner)


@pytest.fixture
def boss(cast: Cast, console_for: ConsoleFor) -> Client:
    """An app admin, who changes objects of the manager."""
    return console_for(cast.app_admin)


def page_of(row: Any) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def newer_entries(answer: Any) -> list[tuple[str, str, list[tuple[str, str, str]]]]:
    """Who changed what since the page was opened, as the page shows it."""
    return [
        (row.entry.actor_username, row.verb, [(change.label, change.old, change.new) for change in row.changes])
        for row in answer.context["newer_entries"]
    ]


@pytest.mark.parametrize(
    ("factory", "field", "label"),
    [
        (CampaignFactory, "campaign_name", "name"),
        (AdFactory, "ad_name", "name"),
        (lambda: AdvertiserFactory(contact=True), "advertiser_name", "name"),
    ],
)
def test_an_outdated_page_is_refused_and_keeps_its_input(
    factory: Any, field: str, label: str, boss: Client, cast: Cast, console_for: ConsoleFor
) -> None:
    row = factory()
    old = getattr(row, field)
    mine = form_data(boss.get(page_of(row)), **{field: "Mine"})
    theirs = console_for(cast.system_admin)
    assert theirs.post(page_of(row), form_data(theirs.get(page_of(row)), **{field: "Theirs"})).status_code == 302

    refused = boss.post(page_of(row), mine)

    assert refused.status_code == 200
    assert errors_of(refused) == [
        "This was changed by someone else since you opened it. Their changes are listed above. "
        "Yours aren't saved yet: save again to overwrite theirs, or reload the page to discard yours."
    ]
    assert newer_entries(refused) == [("system_admin", "changed", [(label, old, "Theirs")])]
    assert form_data(refused)[field] == ["Mine"]
    row.refresh_from_db()
    assert getattr(row, field) == "Theirs"

    assert boss.post(page_of(row), form_data(refused)).status_code == 302, "saving again overwrites"
    row.refresh_from_db()
    assert getattr(row, field) == "Mine"


def test_a_change_to_a_part_makes_a_page_outdated(console: Client, cast: Cast, boss: Client) -> None:
    target = AudienceTargetingFactory(
        campaign=CampaignFactory(campaign_created_by=cast.owner), region="Europe", cities=["Berlin"]
    )
    page = page_of(target.campaign)
    mine = form_data(console.get(page), campaign_name="Mine")
    boss.post(page, form_data(boss.get(page), **{"audience_targeting-0-cities": "Hamburg"}))

    refused = console.post(page, mine)

    assert error_codes_of(refused) == ["stale"]
    who, verb, [(field, _, new)] = newer_entries(refused)[0]
    assert (who, verb, field) == ("app_admin", "changed", "cities")
    assert "Hamburg" in new


def test_a_row_deleted_in_the_meantime_does_not_prevent_saving_the_rest(
    console: Client, cast: Cast, boss: Client
) -> None:
    slot = AdTimeSlotFactory(ad=AdFactory(campaign=CampaignFactory(campaign_created_by=cast.owner)))
    page = page_of(slot.ad)
    mine = form_data(console.get(page), ad_name="Mine")
    boss.post(page, form_data(boss.get(page), **{"time_slots-0-DELETE": "on"}))
    assert not AdTimeSlot.objects.exists()

    refused = console.post(page, mine)
    assert {"stale", "gone"} <= set(error_codes_of(refused))
    assert form_data(refused)["ad_name"] == ["Mine"]
    assert console.post(page, form_data(refused)).status_code == 302

    assert Ad.objects.get().ad_name == "Mine"


def test_an_up_to_date_page_is_saved(console: Client, cast: Cast) -> None:
    page = page_of(CampaignFactory(campaign_created_by=cast.owner))
    for name in ("A", "B"):
        assert console.post(page, form_data(console.get(page), campaign_name=name)).status_code == 302


@pytest.mark.parametrize("odd", ["", "yesterday", "2026-13-45T00:00:00Z", "9999-12-31T23:59:59+00:00", "\x00"])
def test_an_invalid_time_does_not_break_the_page(odd: str, console: Client, cast: Cast) -> None:
    page = page_of(CampaignFactory(campaign_created_by=cast.owner))

    refused = console.post(page, form_data(console.get(page), version="7", opened_at=odd))

    assert error_codes_of(refused) == ["stale"]


def save_at_once() -> tuple[list[int], str]:
    """Save the same page in two browsers at once. Returns both statuses and the stored name."""
    cast = make_cast()
    campaign = CampaignFactory(campaign_created_by=cast.owner)
    page = page_of(campaign)
    ready = Barrier(2)

    def save(user: User) -> int:
        try:
            browser = Client()
            browser.force_login(user)
            typed = form_data(browser.get(page), campaign_name=f"By {user.username}")
            ready.wait(timeout=30)
            return int(browser.post(page, typed).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        statuses = list(pool.map(save, [cast.owner, cast.app_admin]))
    return statuses, Campaign.objects.get().campaign_name


@pytest.mark.django_db(transaction=True)
def test_one_of_two_browsers_that_save_at_once_is_refused() -> None:
    statuses, name = save_at_once()

    assert sorted(statuses) == [200, 302]
    assert name == ["By campaign_manager", "By app_admin"][statuses.index(302)]


@pytest.mark.django_db(transaction=True)
def test_control_without_the_comparison_one_save_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StudioForm, "clean", lambda form: form.cleaned_data)

    statuses, _ = save_at_once()

    assert statuses == [302, 302]


def delete_at_once() -> list[str]:
    """Confirm the deletion of a campaign in two browsers at once. Returns where each is redirected to."""
    cast = make_cast()
    campaign = CampaignFactory(campaign_created_by=cast.owner)
    AdFactory(campaign=campaign)
    page = reverse("admin:campaigns_campaign_delete", args=[campaign.pk])
    ready = Barrier(2)

    def delete(user: User) -> str:
        try:
            browser = Client()
            browser.force_login(user)
            ready.wait(timeout=30)
            return str(browser.post(page, {"post": "yes"})["Location"])
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(delete, [cast.owner, cast.app_admin]))


@pytest.mark.django_db(transaction=True)
def test_both_browsers_that_delete_at_once_get_a_response() -> None:
    locations = delete_at_once()

    assert sorted(locations) == ["/admin/", reverse("admin:campaigns_campaign_changelist")]
    assert not Campaign.objects.exists()
