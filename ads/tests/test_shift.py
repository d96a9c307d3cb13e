"""`POST /api/campaigns/{campaign_id}/shift`: a campaign and its ads move together."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection, models
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import AuditEntry, User
from accounts.tests.factories import Cast
from ads.actions.shifting import DATES_OF_A_CAMPAIGN, DATES_OF_AN_AD
from ads.models import Ad
from ads.tests.delivery_scene import HERE, showing, shown
from ads.tests.factories import AdFactory
from campaign_studio.tests.attackers import NOWHERE
from campaign_studio.tests.bodies import bearing, stored, tokens_of
from campaign_studio.tests.refusals import codes_of, write_past_the_model
from campaigns.models import LONGEST_TEXT, Campaign
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db

ClientFor = Callable[[User | None], APIClient]
MARCH = {"campaign_start_date": date(2026, 3, 1), "campaign_end_date": date(2026, 3, 10)}
APRIL = {"campaign_start_date": "2026-04-01", "campaign_end_date": "2026-04-10"}


@pytest.fixture
def client(cast: Cast, client_for: ClientFor) -> APIClient:
    return client_for(cast.owner)


@pytest.fixture
def campaign(cast: Cast) -> Campaign:
    """From 1 to 10 March, with an ad from 2 to 5 March and one without dates of its own."""
    march: Campaign = CampaignFactory(
        campaign_created_by=cast.owner, campaign_expiry_date=date(2026, 3, 31), campaign_name="March", **MARCH
    )
    AdFactory(
        campaign=march,
        ad_name="Dated",
        ad_start_date=date(2026, 3, 2),
        ad_end_date=date(2026, 3, 5),
        ad_expiry_date=date(2026, 4, 30),
    )
    AdFactory(campaign=march, ad_name="Undated")
    return march


def at(campaign: Campaign, verb: str = "shift") -> str:
    return f"/api/campaigns/{campaign.pk}/{verb}"


def dates_of(row: Campaign | Ad) -> list[str]:
    """The three dates as they are stored."""
    row.refresh_from_db()
    names = DATES_OF_A_CAMPAIGN if isinstance(row, Campaign) else DATES_OF_AN_AD
    return [str(getattr(row, name)) for name in names]


@pytest.mark.parametrize("body", [{"days": 31}, {"days": "31"}, {"campaign_start_date": "2026-04-01", "days": ""}])
def test_all_dates_move_by_the_same_days(client: APIClient, campaign: Campaign, body: dict[str, Any]) -> None:
    dated, undated = campaign.ads.order_by("ad_name")

    answer = client.post(at(campaign), body)

    assert answer.status_code == 200, answer.content
    assert dates_of(campaign) == ["2026-04-01", "2026-04-10", "2026-05-01"]
    assert dates_of(dated) == ["2026-04-02", "2026-04-05", "2026-05-31"]
    assert dates_of(undated) == ["None", "None", "None"]
    assert undated.version == 1
    present = client.get(f"/api/campaigns/{campaign.pk}")
    assert (answer.json(), answer["ETag"]) == (present.json(), present["ETag"])


def test_a_negative_number_moves_to_earlier_days(client: APIClient, campaign: Campaign) -> None:
    assert client.post(at(campaign), {"days": -60}).status_code == 200
    assert dates_of(campaign) == ["2025-12-31", "2026-01-09", "2026-01-30"]
    assert dates_of(campaign.ads.get(ad_name="Dated"))[:2] == ["2026-01-01", "2026-01-04"]


def test_every_date_of_a_campaign_and_an_ad_moves() -> None:
    for model, names in ((Campaign, DATES_OF_A_CAMPAIGN), (Ad, DATES_OF_AN_AD)):
        dates = [field.name for field in model._meta.concrete_fields if type(field) is models.DateField]
        assert sorted(dates) == sorted(names), "Does this date move with the campaign?"


@pytest.mark.parametrize("body", [{"days": 0}, {"campaign_start_date": "2026-03-01"}], ids=str)
def test_a_shift_by_nothing_leaves_no_trace(client: APIClient, campaign: Campaign, body: dict[str, Any]) -> None:
    before, etag = stored(), client.get(f"/api/campaigns/{campaign.pk}")["ETag"]

    answer = client.post(at(campaign), body)

    assert (answer.status_code, answer["ETag"]) == (200, etag)
    assert stored() == before


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ({}, {"non_field_errors": ["one_of_two"]}),
        ({"days": None}, {"non_field_errors": ["one_of_two"]}),
        ({"days": 1, "campaign_start_date": "2026-04-01"}, {"non_field_errors": ["one_of_two"]}),
        ({"days": 0, "campaign_start_date": "2026-04-01"}, {"non_field_errors": ["one_of_two"]}),
        ({"days": 1.5}, {"days": ["invalid"]}),
        ({"days": True}, {"days": ["invalid"]}),
        ({"days": [1]}, {"days": ["invalid"]}),
        ({"days": 36_526}, {"days": ["max_value"]}),
        ({"days": 10**30}, {"days": ["max_value"]}),
        ({"campaign_start_date": "2026-02-30"}, {"campaign_start_date": ["no_such_day"]}),
        ({"campaign_start_date": "9999-12-30"}, {"non_field_errors": ["outside_calendar"]}),
        ({"day": 1, "days": 1}, {"day": ["unknown_field"]}),
    ],
    ids=lambda value: str(value)[:60],
)
def test_other_bodies_are_refused(client: APIClient, campaign: Campaign, body: Any, codes: Any) -> None:
    before = stored()

    answer = client.post(at(campaign), body)

    assert (answer.status_code, codes_of(answer)) == (400, codes)
    assert stored() == before


@pytest.mark.parametrize("body", [[], 1, "x", None], ids=str)
def test_a_body_that_is_no_object_is_refused(client: APIClient, campaign: Campaign, body: Any) -> None:
    assert client.post(at(campaign), body).status_code == 400


def test_a_refusal_names_the_ad(client: APIClient, campaign: Campaign) -> None:
    write_past_the_model(campaign.ads.get(ad_name="Dated"), ad_description="x" * (LONGEST_TEXT + 1))()
    before = stored()

    answer = client.post(at(campaign), {"days": 1})

    assert answer.status_code == 400
    (message,) = answer.json()["non_field_errors"]
    assert message.startswith("Dated: ")
    assert stored() == before


def test_only_users_who_may_change_the_campaign_may_shift_it(
    cast: Cast, client_for: ClientFor, campaign: Campaign
) -> None:
    before = stored()
    for user in (cast.colleague, cast.content_moderator, cast.stranger, cast.guest):
        assert client_for(user).post(at(campaign), {"days": 1}).status_code == 403
    assert client_for(None).post(at(campaign), {"days": 1}).status_code == 401
    assert client_for(cast.owner).post(f"/api/campaigns/{NOWHERE}/shift", {"days": 1}).status_code == 404
    assert stored() == before
    for user in (cast.app_admin, cast.system_admin):
        assert client_for(user).post(at(campaign), {"days": 1}).status_code == 200


def test_a_campaign_that_has_changed_is_not_shifted(client: APIClient, campaign: Campaign) -> None:
    seen = client.get(f"/api/campaigns/{campaign.pk}")["ETag"]
    assert client.post(at(campaign), {"days": 1}, headers={"If-Match": seen}).status_code == 200

    answer = client.post(at(campaign), {"days": 1}, headers={"If-Match": seen})

    assert answer.status_code == 412
    assert answer["ETag"] == client.get(f"/api/campaigns/{campaign.pk}")["ETag"]
    assert dates_of(campaign)[0] == "2026-03-02"


def test_a_repeated_request_shifts_once(client: APIClient, campaign: Campaign) -> None:
    first, again = (
        client.post(at(campaign), {"days": 1}, headers={"Idempotency-Key": "shift-once"}) for _turn in range(2)
    )

    assert (again.json(), again["ETag"]) == (first.json(), first["ETag"])
    assert again["Idempotency-Replayed"] == "true"
    assert dates_of(campaign)[0] == "2026-03-02"


def test_the_history_has_the_dates_of_both_as_one_write(client: APIClient, campaign: Campaign) -> None:
    before = set(AuditEntry.objects.values_list("pk", flat=True))

    client.post(at(campaign), {"days": 31})

    of_campaign, of_ad = AuditEntry.objects.exclude(pk__in=before).order_by("pk")
    assert of_campaign.changes == {
        "campaign_start_date": ["2026-03-01", "2026-04-01"],
        "campaign_end_date": ["2026-03-10", "2026-04-10"],
        "campaign_expiry_date": ["2026-03-31", "2026-05-01"],
    }
    assert set(of_ad.changes) == set(DATES_OF_AN_AD)
    assert of_campaign.timestamp == of_ad.timestamp


def test_what_shows_moves_too(cast: Cast, client_for: ClientFor) -> None:
    ad = showing(ad_start_date=date(2026, 11, 23), ad_end_date=date(2026, 11, 23))
    admin = client_for(cast.system_admin)
    assert shown(admin.get("/api/delivery", HERE)) == {str(ad.pk)}

    assert admin.post(at(ad.campaign), {"days": 1}).status_code == 200

    assert shown(admin.get("/api/delivery", HERE)) == set()
    assert shown(admin.get("/api/delivery", HERE | {"at": "2026-11-24T08:15:00"})) == {str(ad.pk)}


def test_it_takes_a_bounded_number_of_statements(cast: Cast) -> None:
    client = bearing(tokens_of(cast.owner)["access_token"])

    def cost(ads: int) -> int:
        campaign = CampaignFactory(campaign_created_by=cast.owner, **MARCH)
        AdFactory.create_batch(ads, campaign=campaign, ad_start_date=date(2026, 3, 2))
        client.post(at(campaign), {"days": 1})
        with CaptureQueriesContext(connection) as seen:
            assert client.post(at(campaign), {"days": 1}).status_code == 200
        return len(seen)

    with_one = cost(1)
    assert with_one <= 28
    assert cost(6) <= with_one + 5 * 10


# --- Advice that can be followed -------------------------------------------------------------------------------------


def test_the_refusal_of_other_dates_for_a_campaign_says_how_to_move_both(client: APIClient, campaign: Campaign) -> None:
    answer = client.patch(f"/api/campaigns/{campaign.pk}", APRIL | {"campaign_expiry_date": "2026-04-30"})

    assert codes_of(answer) == {"campaign_start_date": ["ad_outside", "move_together"]}
    advice = answer.json()["campaign_start_date"][1]
    assert advice == f"To move the campaign and its ads together, use POST /api/campaigns/{campaign.pk}/shift."
    assert client.post(at(campaign), {"campaign_start_date": "2026-04-01"}).status_code == 200


def test_the_refusal_of_other_dates_for_an_ad_says_how_to_move_both(client: APIClient, campaign: Campaign) -> None:
    ad = campaign.ads.get(ad_name="Dated")
    changes = {"ad_start_date": "2026-04-02", "ad_end_date": "2026-04-05"}

    answer = client.patch(f"/api/ads/{ad.pk}", changes)

    assert codes_of(answer) == {"ad_start_date": ["outside_campaign", "move_together"]}
    assert f"POST {at(campaign)}." in answer.json()["ad_start_date"][1]


def test_a_new_ad_outside_its_campaign_has_nothing_to_move_with(client: APIClient, campaign: Campaign) -> None:
    body = {"ad_type_id": "top_bar_ad", "ad_name": "New", "media_type": "text", "media_content": "x"}
    answer = client.post(at(campaign, "ads"), body | {"ad_start_date": "2026-04-02"})

    assert codes_of(answer) == {"ad_start_date": ["outside_campaign"]}


def test_the_way_that_the_messages_of_the_console_describe_works(client: APIClient, campaign: Campaign) -> None:
    """Extend the campaign, change the ad's dates, shorten the campaign."""
    ad = campaign.ads.get(ad_name="Dated")
    here, there = f"/api/campaigns/{campaign.pk}", f"/api/ads/{ad.pk}"
    steps: list[tuple[str, dict[str, str]]] = [
        (here, {"campaign_end_date": "2026-04-10", "campaign_expiry_date": "2026-04-30"}),
        (there, {"ad_start_date": "2026-04-02", "ad_end_date": "2026-04-05"}),
        (here, {"campaign_start_date": "2026-04-01"}),
    ]

    for address, changes in steps:
        assert client.patch(address, changes).status_code == 200, changes

    assert dates_of(campaign)[0] == str(date(2026, 3, 1) + timedelta(days=31))
