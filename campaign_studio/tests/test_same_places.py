"""`migrate` and `doctor` report stored entries that mean the same place, and change none of them."""

import contextlib
import io

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from campaign_studio.management.same_places import pairs_of_same_places
from campaigns.models import CampaignAudienceTargeting
from campaigns.tests.factories import AudienceTargetingFactory, CampaignFactory

pytestmark = pytest.mark.django_db


def migrate() -> list[str]:
    """What `migrate` prints last, with a gazetteer that is loaded anew."""
    with connection.cursor() as cursor:
        cursor.execute("COMMENT ON TABLE gazetteer_names IS 'an earlier edition'")
    out = io.StringIO()
    call_command("migrate", stdout=out)
    lines = out.getvalue().splitlines()
    start = [number for number, line in enumerate(lines) if line.startswith("Some entries of targets mean")]
    return lines[start[0] + 1 :] if start else []


def test_each_pair_of_entries_and_of_targets_is_reported_once() -> None:
    campaign = CampaignFactory(campaign_name="Summer")
    places = {"cities": ["München", "Berlin", "Munich", "Muenchen"], "postcodes": ["10115", "10117", "D-10115"]}
    AudienceTargetingFactory(campaign=campaign, region="Bavaria", country="DE", **places)
    AudienceTargetingFactory(campaign=campaign, region="DE-BY", country="DE")
    AudienceTargetingFactory(campaign=campaign, region="Europe", country="DE", cities=["Munich"])
    AudienceTargetingFactory(campaign=campaign, region="Europe", country="FR", cities=["Paris", "Lyon"])
    AudienceTargetingFactory(region="Bavaria", country="DE")
    before = list(CampaignAudienceTargeting.objects.order_by("pk").values("region", "cities", "postcodes"))

    end = f"(campaign “Summer”, {campaign.pk})."
    assert migrate() == [
        f"“Bavaria” and “DE-BY” are the same region of Germany {end}",
        f"“München” and “Munich” are the same city in Germany, Bavaria {end}",
        f"“München” and “Muenchen” are the same city in Germany, Bavaria {end}",
        f"“10115” and “D-10115” are the same postcode in Germany, Bavaria {end}",
    ]
    assert list(CampaignAudienceTargeting.objects.order_by("pk").values("region", "cities", "postcodes")) == before


def test_nothing_is_reported_when_no_two_entries_mean_the_same_place() -> None:
    AudienceTargetingFactory(cities=["Frankfurt am Main", "Frankfurt (Oder)"], postcodes=["10115", "10117"])

    assert migrate() == []


def test_regions_that_are_elsewhere_are_not_the_same_place() -> None:
    campaign = AudienceTargetingFactory(region="Asia").campaign
    AudienceTargetingFactory(campaign=campaign, region="US-TX")

    assert pairs_of_same_places() == []


def test_regions_that_contain_the_country_are_the_same_place() -> None:
    campaign = AudienceTargetingFactory(region="Europe").campaign
    AudienceTargetingFactory(campaign=campaign, region="Western Europe")

    _heading, line = pairs_of_same_places()
    assert line.startswith("“Europe” and “Western Europe” are the same region of Germany")


def test_the_first_20_pairs_are_listed_and_the_others_counted() -> None:
    for _ in range(23):
        AudienceTargetingFactory(cities=["Köln", "Cologne"])

    lines = pairs_of_same_places()

    assert len(lines) == 22
    assert lines[-1] == "3 more pairs mean the same place."


def test_doctor_lists_them_too() -> None:
    AudienceTargetingFactory(cities=["Köln", "Cologne"])
    out = io.StringIO()
    # It may find problems of this computer too.
    with contextlib.suppress(CommandError):
        call_command("doctor", stdout=out)

    assert "! Some entries of targets mean the same place. Nothing was removed." in out.getvalue()
    assert "! “Köln” and “Cologne” are the same city in Germany, Europe" in out.getvalue()


def test_without_new_cities_migrate_reports_nothing() -> None:
    AudienceTargetingFactory(cities=["Köln", "Cologne"])
    out = io.StringIO()

    call_command("migrate", stdout=out)

    assert "same place" not in out.getvalue()
