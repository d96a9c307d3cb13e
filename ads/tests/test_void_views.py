"""`manage.py void_views`: the views of a device or a fleet are taken out of every sum, and never count again."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import AuditEntry
from ads.models import Ad, AdView, AdViewDay, CampaignViewTotals, Device, ViewReceipt
from ads.reporting import voiding
from ads.tests.factories import AdFactory
from ads.tests.screens import car, codes, counters, driving, report, view
from ads.tests.test_recount_views import ALL_CORRECT, recount, write
from campaigns.tests.factories import CampaignFactory

# Some tests recount, which reads a snapshot in a transaction of its own.
pytestmark = pytest.mark.django_db(transaction=True)


def void(*arguments: str) -> list[str]:
    out = StringIO()
    call_command("void_views", *arguments, stdout=out)
    return out.getvalue().splitlines()


@pytest.fixture
def stolen() -> Device:
    return car("stolen")


@pytest.fixture
def honest() -> Device:
    return car("honest", fleet="Buses")


@pytest.fixture
def ad(stolen: Device, honest: Device) -> Ad:
    """An ad with a view of the honest device, and three of the stolen one in two places."""
    ad = AdFactory(campaign=CampaignFactory(campaign_name="Summer", campaign_max_view_count=4))
    report(driving(honest), view(ad, city="Ulm"))
    report(driving(stolen), view(ad, city="Ulm"), view(ad, city="Bonn"), view(ad, city="Bonn"))
    return ad


def test_the_views_of_a_device_leave_every_sum(ad: Ad) -> None:
    assert counters(ad) == (4, 4, 40, [(2, 20), (2, 20)])

    assert void("--device", "stolen") == [
        f"Campaign “Summer” ({ad.campaign_id}). Views: 3. Seconds: 30.",
        "Voided 3 views.",
        "These devices can go on reporting views. Deactivate them to prevent that.",
    ]

    assert counters(ad) == (1, 1, 10, [(1, 10)])
    assert AdView.objects.get().device_id == "honest"
    assert AdViewDay.objects.get().city == "Ulm", "days without views are gone"
    assert recount("--check") == ALL_CORRECT


def test_voided_views_never_count_again(stolen: Device, ad: Ad) -> None:
    sent = view(ad, city="Rome")
    CampaignViewTotals.objects.update(view_count=0)
    report(driving(stolen), sent)

    void("--device", "stolen")

    assert ViewReceipt.objects.count() == 5
    assert report(driving(stolen), sent)["duplicates"] == 1
    assert AdView.objects.filter(device_id="stolen").count() == 0


def test_the_cap_is_free_again(honest: Device, ad: Ad) -> None:
    assert codes(report(driving(honest), view(ad))) == {0: "cap_reached"}

    void("--device", "stolen")

    assert report(driving(honest), view(ad), view(ad))["accepted"] == 2


def test_an_ad_whose_views_are_all_voided_can_be_deleted(ad: Ad) -> None:
    void("--device", "stolen")
    void("--device", "honest")

    ad.delete()

    assert not Ad.objects.exists()


def test_a_dry_run_says_what_would_be_voided_and_changes_nothing(ad: Ad) -> None:
    before = counters(ad), AuditEntry.objects.count()

    assert void("--device", "stolen", "--dry-run")[:2] == [
        f"Campaign “Summer” ({ad.campaign_id}). Views: 3. Seconds: 30.",
        "Would void 3 views.",
    ]
    assert (counters(ad), AuditEntry.objects.count()) == before


def test_a_fleet_is_all_of_its_devices(stolen: Device, ad: Ad) -> None:
    second = car("stolen-2", is_active=False)
    Device.objects.filter(pk=stolen.pk).update(is_active=False)
    write("UPDATE ad_views SET device_id = 'stolen-2' WHERE city = 'Ulm' AND device_id = 'stolen'")

    assert void("--fleet", second.fleet)[-1] == "Voided 3 views."

    assert counters(ad) == (1, 1, 10, [(1, 10)])
    assert recount("--check") == ALL_CORRECT


@pytest.mark.parametrize(
    ("arguments", "left"),
    [
        (["--from", "2026-11-23"], [21, 22]),
        (["--to", "2026-11-22"], [23, 24]),
        (["--from", "2026-11-22", "--to", "2026-11-23"], [21, 24]),
        (["--from", "2026-11-25"], [21, 22, 23, 24]),
    ],
)
def test_both_ends_of_a_period_are_included(stolen: Device, arguments: list[str], left: list[int]) -> None:
    ad = AdFactory()
    midnights = [datetime(2026, 11, day, tzinfo=UTC) for day in (21, 22, 23, 24)]
    with time_machine.travel(midnights[-1] + timedelta(hours=1), tick=False):
        ends = [midnight + timedelta(days=1, microseconds=-1) for midnight in midnights[:3]]
        assert report(driving(stolen), *[view(ad, viewed_at=at) for at in [*midnights, *ends]])["accepted"] == 7

        void("--device", "stolen", *arguments)

        assert sorted(AdViewDay.objects.values_list("day__day", flat=True)) == left
        assert sorted(set(AdView.objects.values_list("viewed_at__day", flat=True))) == left
        assert recount("--check") == ALL_CORRECT


def test_many_views_are_voided_in_batches(ad: Ad, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voiding, "VIEWS_AT_ONCE", 2)

    assert void("--device", "stolen")[-2] == "Voided 3 views."

    assert counters(ad) == (1, 1, 10, [(1, 10)])
    assert AuditEntry.objects.filter(object_pk=str(ad.campaign_id), changes__has_key="voided_device").count() == 2


def test_the_history_of_the_campaign_says_what_was_voided(ad: Ad) -> None:
    void("--device", "stolen")

    entry = AuditEntry.objects.get(object_pk=str(ad.campaign_id), changes__has_key="voided_device")
    assert entry.changes == {
        "view_count": ["4", "1"],
        "view_seconds": ["40", "10"],
        "voided_device": [None, "stolen"],
    }
    assert (entry.actor_name, entry.door, entry.action) == ("void_views", "command", AuditEntry.Action.UPDATE)


def test_nothing_happens_without_views(stolen: Device) -> None:
    Device.objects.filter(pk=stolen.pk).update(is_active=False)
    entries = AuditEntry.objects.count()

    assert void("--device", "stolen") == ["Voided 0 views."]
    assert AuditEntry.objects.count() == entries


@pytest.mark.usefixtures("months_are_dropped")
def test_final_sums_stay_and_the_command_says_so(stolen: Device, ad: Ad, settings: Any) -> None:
    month = datetime(2026, 1, 20, 12, tzinfo=UTC)
    CampaignViewTotals.objects.update(view_count=0)
    with time_machine.travel(month, tick=False):
        report(driving(stolen), view(ad, viewed_at=month))
    settings.VIEW_RETENTION_MONTHS = 1
    call_command("partition_views", stdout=StringIO())

    told = "Sums whose views have been dropped (VIEW_RETENTION_MONTHS) are final, and can't be voided."
    assert told in void("--device", "stolen")
    assert told not in void("--device", "stolen", "--from", "2026-02-01")
    assert AdViewDay.objects.get(is_final=True).view_count == 1


def test_views_from_before_proofs_are_voided_by_the_device_that_they_name(ad: Ad) -> None:
    write("UPDATE ad_views SET device_id = 'old', quarter = NULL, impression_id = NULL WHERE device_id = 'stolen'")

    assert void("--device", "old")[-1] == "Voided 3 views."

    assert counters(ad) == (1, 1, 10, [(1, 10)])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--device", "nobody"], "No such device: “nobody”."),
        (["--fleet", "nobody"], "No such fleet: “nobody”."),
        (["--device", "stolen", "--from", "2026-11-02", "--to", "2026-11-01"], "--from must be on or before --to."),
        (["--device", "stolen", "--from", "soon"], "enter a date like 2026-03-31"),
        ([], "one of the arguments --device --fleet is required"),
        (["--device", "stolen", "--fleet", "Taxis"], "not allowed with argument"),
        (["--device", "a\x00b"], "without control characters"),
    ],
)
def test_wrong_arguments_are_refused(arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message.replace(".", r"\.")):
        void(*arguments)


def test_a_sum_that_was_too_low_does_not_become_negative(ad: Ad) -> None:
    write("UPDATE ad_view_days SET view_count = 1 WHERE city = 'Bonn'")
    write("UPDATE ads SET ad_view_count = 0")
    write("UPDATE campaign_view_totals SET view_count = 0, view_seconds = 0")

    void("--device", "stolen")
    recount()

    assert counters(ad) == (1, 1, 10, [(1, 10)])
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(view_count), min(view_seconds) FROM ad_view_days")
        assert cursor.fetchone() == (1, 10)
