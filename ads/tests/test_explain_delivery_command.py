"""`manage.py explain_delivery`: what shows there and then, and why an ad does not, on the shell."""

from datetime import UTC, datetime
from io import StringIO
from uuid import uuid4

import pytest
import time_machine
from django.core.management import call_command
from django.core.management.base import CommandError

from ads.choices import AdType
from ads.models import Ad
from ads.tests.delivery_scene import showing
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db
BERLIN = ["--country", "DE", "--city", "Berlin", "--postcode", "10115", "--at", "2026-11-23T08:15"]


def told(*arguments: str) -> str:
    out = StringIO()
    call_command("explain_delivery", *arguments, stdout=out)
    return out.getvalue()


def test_without_an_ad_it_says_what_shows_in_the_six_positions() -> None:
    showing(ad_name="Fresh coffee")
    showing(ad_name="Paused", ad_status="paused")

    said = told(*BERLIN)

    assert all(position in said for position in AdType.values)
    assert "Fresh coffee" in said
    assert "Paused" not in said
    assert "Monday 2026-11-23 at 08:15" in said


def test_an_ad_that_shows_is_said_to_show() -> None:
    assert "✓ shows" in told(*BERLIN, "--ad", str(showing().pk))


def test_each_reason_comes_with_what_to_do() -> None:
    ad = showing(ad_status="paused", campaign__campaign_status="paused")
    ad.campaign.audience_targeting.update(cities=["Hamburg"])

    said = told(*BERLIN, "--ad", str(ad.pk))

    assert "✗ doesn't show: 3 reasons" in said
    assert (
        f"""✗ ad_active: ad_status is "paused", needed: "active"
    → PATCH /api/ads/{ad.pk} {{"ad_status": "active"}}"""
        in said
    )
    assert (
        """✗ city: cities is ["Hamburg"], needed: "Berlin"
    → PATCH /api/campaigns/"""
        in said
    )
    assert '"cities": ["Hamburg", "Berlin"]' in said


def test_what_only_people_can_change_comes_with_what_the_moderator_wrote() -> None:
    ad = showing()
    Ad.objects.update(moderation_status="rejected", moderation_note="[b]Too loud[/b]")

    said = told(*BERLIN, "--ad", str(ad.pk))

    assert "→ a person has to decide; the moderator wrote: [b]Too loud[/b]" in said


def test_whoever_waits_is_told_whose_turn_it_is() -> None:
    names = {"First", "Second"}
    ads = [showing(ad_name=name) for name in names]

    said = [told(*BERLIN, "--ad", str(ad.pk)) for ad in ads]

    (waits,) = [text for text in said if "may show; it is the turn of" in text]
    assert sum(f"it is the turn of “{name}”" in waits for name in names) == 1


def test_all_ads_of_a_campaign_or_a_position_are_explained_the_nearest_first() -> None:
    ad = showing(ad_name="Second", ad_status="paused")
    showing(ad_name="First", campaign=ad.campaign)
    showing(ad_name="Left", ad_type_id=AdType.BOTTOM_LEFT)

    for about in (["--campaign", str(ad.campaign_id)], ["--position", "top_bar_ad"]):
        said = told(*BERLIN, *about)
        assert said.index("First (") < said.index("Second (")
        assert "Left" not in said


def test_no_more_are_explained_than_wanted_and_it_says_that_there_are_more() -> None:
    ad = showing()
    showing(campaign=ad.campaign, ad_status="paused")

    short, whole = (told(*BERLIN, "--campaign", str(ad.campaign_id), "--limit", limit) for limit in ("1", "2"))

    assert ("doesn't show" in short, "There are more ads" in short) == (False, True)
    assert ("doesn't show" in whole, "There are more ads" in whole) == (True, False)


def test_a_campaign_without_ads_has_nothing_to_explain() -> None:
    assert "There is no ad to explain." in told(*BERLIN, "--campaign", str(CampaignFactory().pk))


def test_names_are_printed_as_they_are() -> None:
    ad = showing(ad_name="[red]Sale[/red] [/]")

    assert "[red]Sale[/red] [/] (" in told(*BERLIN, "--ad", str(ad.pk))
    assert "[red]Sale[/red] [/]" in told(*BERLIN)


def test_the_moment_is_now_unless_given_and_a_country_may_be_named() -> None:
    with time_machine.travel(datetime(2026, 11, 23, 9, 7, tzinfo=UTC), tick=False):
        said = told("--country", "germany")

    assert "DE on Monday 2026-11-23 at 09:07" in said


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        ([], "required: --country"),
        (["--country", "Atlantis"], "“Atlantis” is no country. Give its code, like DE"),
        (["--country", "\x00"], "control characters"),
        (["--country", "DE", "--city", "\x00"], "control characters"),
        (["--country", "DE", "--city", "\udcff"], "control characters"),
        (["--country", "DE", "--postcode", "10115"], "Give --city too"),
        (["--country", "DE", "--at", "soon"], "like 2026-11-23T08:15"),
        (["--country", "DE", "--at", "0001-01-01T00:00"], "2000 to 2099"),
        (["--country", "DE", "--at", "2026-02-30T00:00"], "like 2026-11-23T08:15"),
        (["--country", "DE", "--max-rating", "X"], "enter G, PG"),
        (["--country", "DE", "--ad", "7"], "enter the ID"),
        (["--country", "DE", "--campaign", "7"], "enter the ID"),
        (["--country", "DE", "--position", "roof"], "enter top_bar_ad"),
        (["--country", "DE", "--limit", "0"], "enter a whole number from 1 to 1000"),
        (["--country", "DE", "--limit", "²"], "enter a whole number from 1 to 1000"),
        (["--country", "DE", "--ad", str(uuid4())], "There is no ad"),
        (["--country", "DE", "--campaign", str(uuid4())], "There is no campaign"),
        (["--country", "DE", "--ad", str(uuid4()), "--position", "top_bar_ad"], "not allowed with"),
    ],
)
def test_what_makes_no_sense_is_refused_with_advice(arguments: list[str], advice: str) -> None:
    with pytest.raises(CommandError) as refused:
        told(*arguments)

    assert advice in str(refused.value)
