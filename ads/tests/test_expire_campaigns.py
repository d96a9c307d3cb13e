"""`manage.py expire_campaigns`: campaigns and ads that have ended become inactive or expired."""

import io
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.formats import date_format

from accounts.models import AuditEntry
from ads.models import Ad
from ads.tests.factories import AdFactory
from campaigns.models import Campaign
from campaigns.tests.factories import CampaignFactory


def run(day: date) -> str:
    out = io.StringIO()
    call_command("expire_campaigns", "--on", day.isoformat(), stdout=out, stderr=out)
    return out.getvalue()


def ended(days_ago: int, **fields: Any) -> tuple[Campaign, date]:
    """A campaign, and a day that is `days_ago` after its end date."""
    today = timezone.localdate()
    return CampaignFactory(campaign_start_date=today, campaign_end_date=today, **fields), today + timedelta(days_ago)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("status", "expires_in", "becomes"),
    [
        ("active", None, "expired"),
        ("active", 10, "inactive"),
        ("active", 0, "expired"),
        ("paused", None, "expired"),
        ("paused", 10, "inactive"),
        ("inactive", None, "expired"),
        ("inactive", 10, "inactive"),
        ("draft", None, "draft"),
    ],
)
def test_the_status_changes_the_day_after_the_end_date(status: str, expires_in: int | None, becomes: str) -> None:
    today = timezone.localdate()
    expiry = None if expires_in is None else today + timedelta(expires_in)
    campaign, day = ended(1, campaign_status=status, campaign_expiry_date=expiry)

    run(day)

    campaign.refresh_from_db()
    assert campaign.campaign_status == becomes


@pytest.mark.django_db
def test_nothing_changes_on_the_end_date_itself() -> None:
    campaign, day = ended(0, campaign_status="active")

    assert run(day) == f"Nothing to do on {date_format(day)}.\n"

    campaign.refresh_from_db()
    assert campaign.campaign_status == "active"


@pytest.mark.django_db
def test_ads_follow_their_own_dates_or_the_campaigns() -> None:
    today = timezone.localdate()
    campaign = CampaignFactory(campaign_start_date=today, campaign_end_date=today + timedelta(30))
    early = AdFactory(campaign=campaign, ad_status="inactive", ad_end_date=today)
    late = AdFactory(campaign=campaign, ad_status="inactive")

    run(today + timedelta(1))
    early.refresh_from_db()
    late.refresh_from_db()
    assert (early.ad_status, late.ad_status) == ("expired", "inactive")

    run(today + timedelta(31))
    late.refresh_from_db()
    assert late.ad_status == "expired"


@pytest.mark.django_db
def test_a_second_run_changes_nothing_and_the_audit_log_names_the_command() -> None:
    campaign, day = ended(1, campaign_status="active")
    run(day)
    entries = AuditEntry.objects.filter(object_pk=str(campaign.pk), action=AuditEntry.Action.UPDATE)
    assert [(e.door, e.actor_name, e.changes["campaign_status"]) for e in entries] == [
        ("command", "expire_campaigns", ["active", "expired"])
    ]

    assert "Nothing to do" in run(day)
    assert entries.count() == 1


@pytest.mark.django_db
def test_a_refused_campaign_does_not_stop_the_others() -> None:
    broken, day = ended(1, campaign_status="active")
    fine, _ = ended(1, campaign_status="active")
    # As in a row that is older than a rule, so full_clean() refuses it.
    Campaign.objects.filter(pk=broken.pk).update(campaign_name="")
    out = io.StringIO()

    with pytest.raises(CommandError, match=r"^1 status couldn't be changed\. The reason is above\.$"):
        call_command("expire_campaigns", "--on", day.isoformat(), stdout=io.StringIO(), stderr=out)

    assert out.getvalue().startswith(f"The status of campaign {broken.pk} couldn't be changed: ")
    fine.refresh_from_db()
    broken.refresh_from_db()
    assert (fine.campaign_status, broken.campaign_status) == ("expired", "active")
    assert not Ad.objects.exists()


@pytest.mark.parametrize("text", ["2026-13-01", "tomorrow", ""])
def test_an_invalid_date_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(CommandError, match="enter a date like 2026-03-31"):
        call_command("expire_campaigns", f"--on={text}")


@pytest.mark.django_db
def test_the_campaign_is_locked_before_its_ad() -> None:
    """In the same order as everywhere else, which prevents deadlocks."""
    campaign, day = ended(1, campaign_status="draft")
    AdFactory(campaign=campaign, ad_status="active")

    with CaptureQueriesContext(connection) as seen:
        assert run(day) == "1 ad has expired.\n"

    locked = [
        one["sql"].partition(" FROM ")[2].split()[0] for one in seen if " FOR " in one["sql"].rpartition(" WHERE ")[2]
    ]
    assert locked[:2] == ['"campaigns"', '"ads"']
