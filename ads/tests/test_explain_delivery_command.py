"""`manage.py explain_delivery`: what shows in a place at a moment, and why an ad doesn't."""

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
NOT_A_COUNTRY = "“Atlantis” is not a country. Use an ISO 3166-1 code such as DE, or an English name."
BERLIN = ["--country", "DE", "--city", "Berlin", "--postcode", "10115", "--at", "2026-11-23T08:15"]


def explained(*arguments: str) -> str:
    out = StringIO()
    call_command("explain_delivery", *arguments, stdout=out)
    return out.getvalue()


def test_without_an_ad_the_command_prints_what_shows_in_each_position() -> None:
    showing(ad_name="Fresh coffee")
    showing(ad_name="Paused", ad_status="paused")

    said = explained(*BERLIN)

    assert all(position in said for position in AdType.values)
    assert "Fresh coffee" in said
    assert "Paused" not in said
    assert "Berlin, 10115, DE on Monday, 23 Nov 2026, 08:15 (the screen's local time)" in said


def test_an_ad_that_shows_is_reported_as_showing() -> None:
    assert "✓ shows" in explained(*BERLIN, "--ad", str(showing().pk))


def test_each_reason_has_the_request_that_fixes_it() -> None:
    ad = showing(ad_status="paused", campaign__campaign_status="paused")
    ad.campaign.audience_targeting.update(cities=["Hamburg"])

    said = explained(*BERLIN, "--ad", str(ad.pk))

    assert "✗ doesn't show (3 reasons)" in said
    assert (
        f"""✗ ad_active: ad_status is "paused", expected "active"
    → PATCH /api/ads/{ad.pk} {{"ad_status": "active"}}"""
        in said
    )
    assert (
        """✗ city: cities is ["Hamburg"], expected "Berlin"
    → PATCH /api/campaigns/"""
        in said
    )
    assert '"cities": ["Hamburg", "Berlin"]' in said


def test_a_reason_that_no_request_fixes_has_the_moderators_note() -> None:
    ad = showing()
    Ad.objects.update(moderation_status="rejected", moderation_note="[b]Too loud[/b]")

    said = explained(*BERLIN, "--ad", str(ad.pk))

    assert "→ A person has to decide. The moderator's note: [b]Too loud[/b]" in said


def test_an_eligible_ad_that_does_not_show_names_the_ad_that_does() -> None:
    names = {"First", "Second"}
    ads = [showing(ad_name=name) for name in names]

    said = [explained(*BERLIN, "--ad", str(ad.pk)) for ad in ads]

    (waiting,) = [text for text in said if "… eligible, takes turns with" in text]
    assert sum(f"takes turns with “{name}”" in waiting for name in names) == 1


def test_ads_of_a_campaign_or_a_position_are_explained_with_the_fewest_reasons_first() -> None:
    ad = showing(ad_name="Second", ad_status="paused")
    showing(ad_name="First", campaign=ad.campaign)
    showing(ad_name="Left", ad_type_id=AdType.BOTTOM_LEFT)

    for about in (["--campaign", str(ad.campaign_id)], ["--position", "top_bar_ad"]):
        said = explained(*BERLIN, *about)
        assert said.index("First (") < said.index("Second (")
        assert "Left" not in said


def test_ads_beyond_the_limit_are_only_mentioned() -> None:
    ad = showing()
    showing(campaign=ad.campaign, ad_status="paused")

    short, whole = (explained(*BERLIN, "--campaign", str(ad.campaign_id), "--limit", limit) for limit in ("1", "2"))

    assert ("doesn't show" in short, "There are more ads" in short) == (False, True)
    assert ("doesn't show" in whole, "There are more ads" in whole) == (True, False)


def test_a_campaign_without_ads_has_no_ads_to_explain() -> None:
    assert "No ads to explain." in explained(*BERLIN, "--campaign", str(CampaignFactory().pk))


def test_markup_in_names_is_escaped() -> None:
    ad = showing(ad_name="[red]Sale[/red] [/]")

    assert "[red]Sale[/red] [/] (" in explained(*BERLIN, "--ad", str(ad.pk))
    assert "[red]Sale[/red] [/]" in explained(*BERLIN)


def test_the_default_moment_is_now_and_a_country_may_be_a_name() -> None:
    with time_machine.travel(datetime(2026, 11, 23, 9, 7, tzinfo=UTC), tick=False):
        said = explained("--country", "germany")

    assert "DE on Monday, 23 Nov 2026, 10:07" in said


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        ([], "required: --country"),
        (["--country", "Atlantis"], NOT_A_COUNTRY),
        (["--country", "\x00"], "control characters"),
        (["--country", "DE", "--city", "\x00"], "control characters"),
        (["--country", "DE", "--city", "\udcff"], "control characters"),
        (["--country", "DE", "--postcode", "10115"], "A postcode needs its city. Add --city."),
        (["--country", "DE", "--at", "soon"], "such as 2026-11-23T08:15"),
        (["--country", "DE", "--at", "0001-01-01T00:00"], "2000 to 2099"),
        (["--country", "DE", "--at", "2026-02-30T00:00"], "such as 2026-11-23T08:15"),
        (["--country", "DE", "--max-rating", "X"], "enter G, PG"),
        (["--country", "DE", "--ad", "7"], "enter the ID"),
        (["--country", "DE", "--campaign", "7"], "enter the ID"),
        (["--country", "DE", "--position", "roof"], "enter top_bar_ad"),
        (["--country", "DE", "--limit", "0"], "enter a whole number from 1 to 1000"),
        (["--country", "DE", "--limit", "²"], "enter a whole number from 1 to 1000"),
        (["--country", "DE", "--ad", str(uuid4())], "No such ad: "),
        (["--country", "DE", "--campaign", str(uuid4())], "No such campaign: "),
        (["--country", "DE", "--ad", str(uuid4()), "--position", "top_bar_ad"], "not allowed with"),
    ],
)
def test_invalid_arguments_are_refused_with_advice(arguments: list[str], advice: str) -> None:
    with pytest.raises(CommandError) as refused:
        explained(*arguments)

    assert advice in str(refused.value)
