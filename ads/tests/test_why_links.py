"""Check delivery: every criterion that fails, and every finding, is a plain sentence with a link to what to change."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.utils.html import strip_tags

from accounts.models import User
from accounts.tests.factories import Cast
from ads.delivery.criteria import CRITERIA
from ads.models import Ad
from ads.tests.delivery_scene import showing
from ads.tests.factories import AdFactory
from ads.tests.why_scene import (
    BERLIN,
    at_night,
    link_in,
    rejected,
    rows,
    strong,
    targeting,
    unconfirmed,
    used_up,
    why,
    why_campaign,
)
from campaigns.tests.factories import CampaignFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on_monday")]
ConsoleFor = Callable[[User | None], Client]


@pytest.fixture
def admin(cast: Cast, console_for: ConsoleFor) -> Client:
    """A client that may change everything."""
    return console_for(cast.app_admin)


def has_anchor(client: Client, link: str) -> bool:
    """Whether the linked page has an element with the link's fragment as id."""
    address, fragment = link.split("#")
    page = client.get(address)
    assert page.status_code == 200
    return f' id="{fragment}"' in page.content.decode()


FAILING: list[tuple[str, Callable[[], Ad], dict[str, str], str]] = [
    ("campaign_active", lambda: showing(campaign__campaign_status="paused"), {}, "id_campaign_status"),
    ("ad_active", lambda: showing(ad_status="paused"), {}, "id_ad_status"),
    ("approved", lambda: showing(approved=False), {}, "review"),
    ("approved", rejected, {}, "review"),
    ("rated", unconfirmed, {}, "content_rating-group"),
    (
        "campaign_dates",
        lambda: showing(campaign__campaign_start_date=date(2026, 11, 24)),
        {},
        "id_campaign_start_date",
    ),
    ("campaign_dates", lambda: showing(campaign__campaign_end_date=date(2026, 11, 9)), {}, "id_campaign_end_date"),
    ("ad_dates", lambda: showing(ad_start_date=date(2026, 11, 24)), {}, "id_ad_start_date"),
    ("ad_dates", lambda: showing(ad_end_date=date(2026, 11, 9)), {}, "id_ad_end_date"),
    (
        "campaign_expiry_date",
        lambda: showing(
            campaign__campaign_end_date=date(2026, 11, 9), campaign__campaign_expiry_date=date(2026, 11, 9)
        ),
        {},
        "id_campaign_expiry_date",
    ),
    ("ad_expiry_date", lambda: showing(ad_expiry_date=date(2026, 11, 9)), {}, "id_ad_expiry_date"),
    ("time_slot", at_night, {}, "time_slots-group"),
    ("country", lambda: targeting(country="FR"), {}, "audience_targeting-group"),
    ("region", lambda: targeting(region="Hesse"), {"region": "Bavaria"}, "audience_targeting-group"),
    ("city", lambda: targeting(cities=["Hamburg"]), {}, "audience_targeting-group"),
    ("city", lambda: targeting(cities=["Hamburg"]), {"city": "", "postcode": ""}, "audience_targeting-group"),
    ("postcode", lambda: targeting(postcodes=["20095"]), {}, "audience_targeting-group"),
    ("postcode", lambda: targeting(postcodes=["20095"]), {"postcode": ""}, "audience_targeting-group"),
    ("view_cap", lambda: used_up(count=5), {}, "id_campaign_max_view_count"),
    (
        "view_duration_cap",
        lambda: used_up(duration_value=2, duration_unit="minutes"),
        {},
        "id_campaign_max_view_duration_value",
    ),
    ("max_rating", strong, {"max_rating": "PG"}, "content_rating-group"),
]


def test_the_cases_cover_every_criterion() -> None:
    assert {code for code, *_ in FAILING} == {criterion.code for criterion in CRITERIA}


@pytest.mark.matrix
@pytest.mark.parametrize(("code", "make", "asked", "anchor"), FAILING)
def test_a_failing_criterion_links_to_a_field_that_exists(
    code: str, make: Callable[[], Ad], asked: dict[str, str], anchor: str, admin: Client, console_for: ConsoleFor
) -> None:
    ad = make()

    page = admin.get(why(ad), BERLIN | asked)
    state, said = rows(page)[code]
    link = link_in(said)

    assert state == "fails"
    assert link.endswith(f"/change/#{anchor}")
    assert has_anchor(admin, link)
    # The owner can change it as well.
    assert has_anchor(console_for(ad.campaign.campaign_created_by), link)
    assert "Doesn't show: " in strip_tags(page.content.decode()).replace("&#x27;", "'")


@pytest.mark.parametrize(("code", "make", "asked", "anchor"), FAILING)
def test_reasons_contain_no_codes(
    code: str, make: Callable[[], Ad], asked: dict[str, str], anchor: str, admin: Client
) -> None:
    said = strip_tags(rows(admin.get(why(make()), BERLIN | asked))[code][1])

    # A moderator's note is quoted as it is.
    assert not re.findall(r"[a-z]+_[a-z_]+|None|True|False|\[|\{", said.replace("No campaign_end_date in texts", ""))
    assert "Needed: " in said
    assert "Current: " in said


def test_a_moderators_note_is_quoted_as_it_is(admin: Client) -> None:
    assert "No campaign_end_date in texts" in rows(admin.get(why(rejected()), BERLIN))["approved"][1]


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("make", "codes"),
    [
        (CampaignFactory, ["ads"]),
        (lambda: AdFactory(rated=True).campaign, ["id_campaign_status", "audience_targeting-group"]),
        (
            lambda: used_up(count=6, duration_value=130, duration_unit="seconds").campaign,
            ["id_campaign_max_view_count"],
        ),
    ],
)
def test_readiness_links_to_fields_that_exist(make: Callable[[], Any], codes: list[str], admin: Client) -> None:
    campaign = make()

    page = admin.get(why_campaign(campaign), BERLIN)
    links = [one["link"] for one in page.context["blockers"] + page.context["warnings"]]

    assert set(codes) <= {link.split("#")[1] for link in links}
    assert all(has_anchor(admin, link) for link in links)
