"""A decision that is remembered is believed only while nothing has changed what delivery finds."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import date, datetime, time, timedelta
from threading import Event
from time import monotonic
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from ads.choices import AdType
from ads.delivery import remembered
from ads.delivery.opportunity import Opportunity
from ads.delivery.shown import shown_at
from ads.models import Ad, AdContentRating, CampaignViewTotals, DeliveryChange
from ads.tests.delivery_scene import HERE, showing, shown
from ads.tests.factories import AdTimeSlotFactory, DeviceFactory
from campaign_studio.tests.bodies import as_device
from campaign_studio.tests.refusals import assert_database_refuses
from campaign_studio.tests.sabotage import other_connection
from campaigns.models import Campaign, CampaignAudienceTargeting
from campaigns.tests.factories import AudienceTargetingFactory

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "/api/delivery"
NOW = datetime.fromisoformat(HERE["at"])
BERLIN = Opportunity("DE", NOW, city="Berlin", postcode="10115")


@pytest.fixture
def ask() -> Callable[..., set[str]]:
    """What shows in Berlin, asked by a device."""
    client = as_device(DeviceFactory())

    def asked(**changes: str) -> set[str]:
        answer = client.get(ADDRESS, {**HERE, **changes})
        assert answer.status_code == 200
        there = Opportunity(**{**vars(BERLIN), **changes})
        assert shown(answer) == {key for ads in shown_at(there).values() for key, _document in ads}
        return shown(answer)

    return asked


@pytest.fixture
def decided(monkeypatch: pytest.MonkeyPatch) -> list[Opportunity]:
    """Grows with each decision that is remembered."""
    made: list[Opportunity] = []
    remember = remembered.remember

    def noted(opportunity: Opportunity, keys: Any, **values: Any) -> None:
        made.append(opportunity)
        remember(opportunity, keys, **values)

    monkeypatch.setattr(remembered, "remember", noted)
    return made


def wait_for_those_in_progress() -> None:
    """Wait until all earlier transactions are over, also those of other tests on this server.

    A decision that is made before is made again each time, because they might change something.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        now = cursor.fetchone()[0]
        deadline = monotonic() + 60
        while monotonic() < deadline:
            cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint > %s", [now])
            if cursor.fetchone()[0]:
                return
    raise AssertionError("Another transaction goes on.")


def totals(**values: int) -> None:
    CampaignViewTotals.objects.update(**values)


# What stops the ad, and what shows it again.
CHANGES: dict[str, tuple[Callable[[Ad], object], Callable[[Ad], object]]] = {
    "campaign": (
        lambda ad: Campaign.objects.update(campaign_status="paused"),
        lambda ad: Campaign.objects.update(campaign_status="active"),
    ),
    "ad": (lambda ad: Ad.objects.update(ad_status="paused"), lambda ad: Ad.objects.update(ad_status="active")),
    "dates": (
        lambda ad: Ad.objects.update(ad_start_date=date(2026, 11, 24)),
        lambda ad: Ad.objects.update(ad_start_date=None),
    ),
    "slot": (
        lambda ad: AdTimeSlotFactory(ad=ad, time_slot_start=time(7), time_slot_end=time(8)),
        lambda ad: ad.time_slots.all().delete(),
    ),
    "declaration": (
        lambda ad: AdContentRating.objects.update(no_prohibited_content=False),
        lambda ad: AdContentRating.objects.update(no_prohibited_content=True),
    ),
    "country": (
        lambda ad: CampaignAudienceTargeting.objects.update(country="FR"),
        lambda ad: CampaignAudienceTargeting.objects.update(country="DE"),
    ),
    "city": (
        lambda ad: CampaignAudienceTargeting.objects.update(cities=["Bonn"]),
        lambda ad: CampaignAudienceTargeting.objects.update(cities=[]),
    ),
    "target": (
        lambda ad: CampaignAudienceTargeting.objects.all().delete(),
        lambda ad: AudienceTargetingFactory(campaign=ad.campaign),
    ),
    "views": (lambda ad: totals(view_count=100), lambda ad: totals(view_count=99)),
    "seconds": (lambda ad: totals(view_seconds=60), lambda ad: totals(view_seconds=59)),
    "cap": (
        lambda ad: Campaign.objects.update(campaign_max_view_count=1),
        lambda ad: Campaign.objects.update(campaign_max_view_count=100),
    ),
    "no totals": (
        lambda ad: totals(view_count=100),
        lambda ad: CampaignViewTotals.objects.all().delete(),
    ),
    "first totals": (
        lambda ad: CampaignViewTotals.objects.create(campaign=ad.campaign, view_count=100),
        lambda ad: totals(view_count=99),
    ),
}


def test_every_change_counts_at_once(ask: Any, decided: list[Opportunity]) -> None:
    ad = showing()
    key = {str(ad.pk)}
    Campaign.objects.update(
        campaign_max_view_count=100, campaign_max_view_duration_value=1, campaign_max_view_duration_unit="minutes"
    )
    CampaignViewTotals.objects.create(campaign=ad.campaign, view_count=1)

    for name, (stop, go_on) in CHANGES.items():
        wait_for_those_in_progress()
        assert ask() == key
        before = len(decided)
        assert ask() == key
        assert len(decided) == before, "remembered"
        stop(ad)
        assert ask() == set(), name
        go_on(ad)
        assert ask() == key, name
        assert len(decided) == before + 2, name


def use_up_a_cap_while_it_is_set(client: APIClient) -> set[str]:
    """Set a cap, and at the same time count the last view. Returns what shows when both are done."""
    ad = showing()
    CampaignViewTotals.objects.create(campaign=ad.campaign, view_count=1)
    wait_for_those_in_progress()
    is_counted, may_end = Event(), Event()

    def count() -> None:
        with closing(connection), transaction.atomic():
            totals(view_count=100)
            is_counted.set()
            may_end.wait(timeout=30)

    with other_connection() as setting, ThreadPoolExecutor(1) as pool:
        setting.autocommit = False
        setting.execute("UPDATE campaigns SET campaign_max_view_count = 100")
        counting = pool.submit(count)
        # Unless it has to wait for the other one.
        is_counted.wait(timeout=1)
        setting.commit()
        is_counted.wait(timeout=30)
        client.get(ADDRESS, HERE)
        may_end.set()
        counting.result(timeout=30)
    return shown(client.get(ADDRESS, HERE))


def test_a_cap_that_is_set_while_views_are_counted_counts_at_once() -> None:
    """Neither of the two sees what the other one does, so one waits for the other."""
    assert use_up_a_cap_while_it_is_set(as_device(DeviceFactory())) == set()


def test_control_without_the_lock_the_cap_is_missed() -> None:
    with without("campaigns_lock_totals", on="campaigns"):
        # Another test's transaction that begins in between has the decision made again.
        assert any(use_up_a_cap_while_it_is_set(as_device(DeviceFactory())) for _ in range(5))


def test_control_without_the_notes_a_used_up_cap_is_missed() -> None:
    client, ad = as_device(DeviceFactory()), showing(campaign__campaign_max_view_count=100)
    CampaignViewTotals.objects.create(campaign=ad.campaign, view_count=1)
    wait_for_those_in_progress()
    client.get(ADDRESS, HERE)

    with without("totals_note_used_up_caps", on="campaign_view_totals"):
        totals(view_count=100)

    assert shown(client.get(ADDRESS, HERE)) == {str(ad.pk)}


@contextmanager
def without(trigger: str, *, on: str) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {on} DISABLE TRIGGER {trigger}")
        try:
            yield
        finally:
            cursor.execute(f"ALTER TABLE {on} ENABLE TRIGGER {trigger}")


def test_turns_and_documents_are_those_of_now(decided: list[Opportunity]) -> None:
    ads = {
        position: [showing(ad_type_id=position) for _ in range(3)] for position in (AdType.TOP_BAR, AdType.CENTER_LEFT)
    }
    client = as_device(DeviceFactory(device_id="other"))
    wait_for_those_in_progress()
    first = client.get(ADDRESS, HERE).json()["placements"]
    before = len(decided)

    turns = [client.get(ADDRESS, {**HERE, "turn": str(turn)}).json()["placements"] for turn in range(3)]

    assert {one["top_bar_ad"]["ad_id"] for one in turns} == {str(ad.pk) for ad in ads[AdType.TOP_BAR]}
    orders = [[ad["ad_id"] for ad in one["center_left_content_ad"]] for one in turns]
    assert orders[1] == [*orders[0][1:], orders[0][0]]
    for turn in range(3):
        there = shown_at(Opportunity(**{**vars(BERLIN), "turn": turn}))
        assert [key for key, _ in there[AdType.CENTER_LEFT]] == orders[turn]
    assert len(decided) == before
    assert first == client.get(ADDRESS, {**HERE, "device_id": ""}).json()["placements"]

    Ad.objects.update(ad_name="Renamed")
    assert client.get(ADDRESS, HERE).json()["placements"]["top_bar_ad"]["ad_name"] == "Renamed"


def test_changes_elsewhere_and_views_below_a_cap_change_nothing(ask: Any, decided: list[Opportunity]) -> None:
    ad, french = showing(campaign__campaign_max_view_count=100), showing()
    french.campaign.audience_targeting.update(country="FR")
    CampaignViewTotals.objects.create(campaign=ad.campaign, view_count=1)
    wait_for_those_in_progress()
    ask()
    before = len(decided)

    french.campaign.move_to("paused")
    totals(view_count=99, view_seconds=99)
    Campaign.objects.update(campaign_name="Renamed")

    assert ask() == {str(ad.pk)}
    assert len(decided) == before


def test_what_a_transaction_changes_counts_when_it_ends(ask: Any, decided: list[Opportunity]) -> None:
    ad = showing()
    wait_for_those_in_progress()
    ask()
    with other_connection() as other:
        other.autocommit = False
        other.execute("UPDATE campaigns SET campaign_status = 'paused'")
        before = len(decided)
        assert ask() == ask(postcode="10117") == ask(postcode="10117") == {str(ad.pk)}
        assert len(decided) == before + 1
        other.commit()
        assert ask() == ask(postcode="10117") == set()


def test_nothing_is_remembered_within_a_transaction(ask: Any, decided: list[Opportunity]) -> None:
    ad = showing()
    with transaction.atomic():
        assert ask() == {str(ad.pk)}
        Campaign.objects.update(campaign_status="paused")
        assert ask() == set()
        transaction.set_rollback(True)
    assert ask() == {str(ad.pk)}


def test_a_process_remembers_only_so_much_for_so_long(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    showing()
    monkeypatch.setattr(remembered, "MOST_KEYS", 2)
    ask()
    ask(postcode="10117")
    ask(postcode="10119")

    found = [remembered.find(Opportunity(**{**vars(BERLIN), "postcode": code})) for code in ("10115", "10117", "10119")]
    assert [one is None for one in found] == [True, False, False]

    monkeypatch.setattr(remembered, "MOST_DECISIONS", 1)
    ask(postcode="10115")
    assert remembered.find(Opportunity(**{**vars(BERLIN), "postcode": "10119"})) is None
    monkeypatch.setattr(remembered, "SECONDS", -1)
    remembered.forget_all()
    ask()
    assert remembered.find(BERLIN) is None


def test_notes_are_deleted_after_a_day() -> None:
    old = timezone.now() - timedelta(days=2)
    DeliveryChange.objects.create(country="de")
    DeliveryChange.objects.update(noted_at=old)
    noted = 0
    with connection.cursor() as cursor:
        # Every thousandth transaction of the server deletes, and other tests have transactions too.
        while DeliveryChange.objects.filter(noted_at=old).exists() and noted < 20_000:
            cursor.execute("SELECT note_delivery_change_in(%s)", [f"c{noted % 3}"])
            noted += 1

    assert not DeliveryChange.objects.filter(noted_at=old).exists()
    assert DeliveryChange.objects.count() == noted


def test_a_transaction_notes_a_country_once() -> None:
    def twice() -> None:
        for _ in range(2):
            DeliveryChange.objects.create(country="de")

    assert_database_refuses("delivery_changes_once", twice)
    for _ in range(2):
        DeliveryChange.objects.create(country="de")
