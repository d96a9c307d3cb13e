"""`POST /api/campaigns/{campaign_id}/duplicate`: a copy of a campaign with everything that belongs to it."""

from collections.abc import Callable
from datetime import date, time
from typing import Any

import pytest
from django.db import connection
from django.db.models import Model
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import AuditEntry, User
from accounts.tests.factories import Cast
from ads.choices import AdType
from ads.models import Ad, AdContentRating, AdTimeSlot
from ads.tests.factories import AdContentRatingFactory, AdFactory, AdTimeSlotFactory
from advertisers.tests.factories import AdvertiserFactory
from campaign_studio.tests.attackers import NOWHERE
from campaign_studio.tests.bodies import bearing, stored, tokens_of
from campaign_studio.tests.refusals import codes_of, write_past_the_model
from campaigns.models import LONGEST_TEXT, Campaign, CampaignAudienceTargeting
from campaigns.tests.factories import AudienceTargetingFactory, CampaignFactory

pytestmark = pytest.mark.django_db

ClientFor = Callable[[User | None], APIClient]
MARCH = {"campaign_start_date": date(2026, 3, 1), "campaign_end_date": date(2026, 3, 31)}
# The columns that a copy doesn't take over. Every other column of the five tables is copied.
STARTS_ANEW: dict[type[Model], set[str]] = {
    Campaign: {"campaign_id", "campaign_created_by", "campaign_status", "campaign_name"},
    CampaignAudienceTargeting: {"audience_id", "campaign", "region_key", "city_keys", "postcode_keys"},
    Ad: {
        *["ad_id", "campaign", "ad_number", "ad_view_count", "ad_status", "ad_created_by"],
        *["moderation_status", "moderated_by", "moderated_at", "moderation_note"],
    },
    AdTimeSlot: {"time_slot_id", "ad"},
    AdContentRating: {"rating_id", "ad"},
}
# The tables of the parts, and the path to their campaign.
PARTS: list[tuple[type[Model], str]] = [
    (CampaignAudienceTargeting, "campaign"),
    (Ad, "campaign"),
    (AdTimeSlot, "ad__campaign"),
    (AdContentRating, "ad__campaign"),
]
STAMPS = {"created_at", "updated_at", "created_by_name", "updated_by_name", "version"}


@pytest.fixture
def client(cast: Cast, client_for: ClientFor) -> APIClient:
    return client_for(cast.owner)


@pytest.fixture
def campaign(cast: Cast) -> Campaign:
    """An active campaign in March with a value in every column, two targets, and an approved and a rejected ad."""
    march: Campaign = CampaignFactory(
        campaign_created_by=cast.owner,
        campaign_name="March",
        campaign_description="Spring",
        advertiser=AdvertiserFactory(),
        campaign_expiry_date=date(2026, 4, 30),
        campaign_max_view_duration_value=5,
        campaign_max_view_duration_unit="hours",
        campaign_max_view_count=1000,
        campaign_status="active",
        **MARCH,
    )
    AudienceTargetingFactory(campaign=march, cities=["Berlin"], postcodes=["10115"])
    AudienceTargetingFactory(campaign=march, country="AT", region="Tyrol")
    first = AdFactory(
        campaign=march,
        ad_type_id=AdType.BOTTOM_LEFT,
        ad_name="First",
        ad_description="One",
        media_type="image",
        media_url="https://example.com/a.png",
        media_content="Alternative text",
        ad_impression_duration_value=10,
        ad_impression_duration_unit="seconds",
        ad_advertiser_forwarding_url="https://example.com",
        ad_start_date=date(2026, 3, 5),
        ad_end_date=date(2026, 3, 20),
        ad_expiry_date=date(2026, 3, 25),
        ad_in_view_duration_value=2,
        ad_in_view_duration_unit="seconds",
        ad_status="active",
        ad_view_count=77,
    )
    AdContentRatingFactory(ad=first, no_prohibited_content=True, content_warnings=["Drug Reference"])
    AdTimeSlotFactory(ad=first, weekdays=[6, 7])
    AdTimeSlotFactory(ad=first, time_slot_start=time(22), time_slot_end=time(0))
    first.reject(cast.content_moderator, at=first.created_at, note="Too loud")
    AdFactory(campaign=march, ad_name="Second", approved=True)
    return march


def at(campaign: Campaign) -> str:
    return f"/api/campaigns/{campaign.pk}/duplicate"


def copied(client: APIClient, campaign: Campaign, **body: Any) -> Campaign:
    """The copy that the request has made."""
    answer = client.post(at(campaign), body)
    assert answer.status_code == 201, answer.content
    return Campaign.objects.get(pk=answer.json()["campaign_id"])


def columns(row: Model) -> dict[str, Any]:
    """What a copy has in common with its source."""
    left_out = STARTS_ANEW[type(row)] | STAMPS
    return {
        field.name: getattr(row, field.attname) for field in row._meta.concrete_fields if field.name not in left_out
    }


def without_times(value: Any) -> Any:
    """The value without the times of nested rows, which the audit log doesn't record exactly."""
    if isinstance(value, list):
        return [without_times(one) for one in value]
    if isinstance(value, dict):
        return {name: inner for name, inner in value.items() if not name.endswith("_at")}
    return value


def ad_dates(campaign: Campaign, name: str = "First") -> list[str]:
    ad = campaign.ads.get(ad_name=name)
    return [str(day) for day in (ad.ad_start_date, ad.ad_end_date, ad.ad_expiry_date)]


def test_the_copy_equals_its_source(client: APIClient, campaign: Campaign) -> None:
    copy = copied(client, campaign)

    assert columns(copy) == columns(campaign)
    assert all(value is not None for value in columns(campaign).values()), "The fixture fills every column."
    for model, path in PARTS:
        ours, theirs = (list(model._default_manager.filter(**{path: one.pk})) for one in (copy, campaign))
        assert len(theirs) == 2
        assert sorted(map(str, map(columns, ours))) == sorted(map(str, map(columns, theirs)))
        assert not {row.pk for row in ours} & {row.pk for row in theirs}


def test_everything_that_is_not_typed_in_starts_anew(cast: Cast, client_for: ClientFor, campaign: Campaign) -> None:
    copy = copied(client_for(cast.colleague), campaign)

    name = cast.colleague.display_name
    assert copy.campaign_status == "draft"
    assert copy.campaign_created_by == cast.colleague
    for row in (copy, *copy.ads.all()):
        assert (row.created_by_name, row.updated_by_name) == (name, name)
    for ad in copy.ads.all():
        assert (ad.ad_status, ad.ad_view_count, ad.ad_created_by) == ("draft", 0, cast.colleague)
        assert (ad.moderation_status, ad.moderated_by, ad.moderated_at, ad.moderation_note) == ("pending", *[None] * 3)
    assert [ad.ad_name for ad in copy.ads.all()] == ["First", "Second"]
    target = copy.audience_targeting.get(country="DE")
    assert target.city_keys == campaign.audience_targeting.get(country="DE").city_keys != []


@pytest.mark.parametrize("model", STARTS_ANEW)
def test_a_column_is_copied_if_it_can_be_typed_in(model: type[Model]) -> None:
    """If this fails for a new column: does a copy take it over?"""
    fields = [field for field in model._meta.concrete_fields if field.name not in STAMPS]
    anew = {field.name for field in fields if field.primary_key or not field.editable}

    assert anew | {"campaign", "ad", "campaign_status", "ad_status", "campaign_name"} >= STARTS_ANEW[model] >= anew


def test_the_source_is_left_alone(client: APIClient, campaign: Campaign) -> None:
    of_ads = {row["ad_id"]: row for row in stored()["ads.Ad"]}
    before = client.get(f"/api/campaigns/{campaign.pk}")

    copied(client, campaign)

    assert client.get(f"/api/campaigns/{campaign.pk}")["ETag"] == before["ETag"]
    assert of_ads.items() <= {row["ad_id"]: row for row in stored()["ads.Ad"]}.items()


def test_the_answer_is_the_copy(client: APIClient, campaign: Campaign) -> None:
    answer = client.post(at(campaign), {"campaign_name": "April"})

    present = client.get(answer["Location"])
    assert (present.status_code, present.json(), present["ETag"]) == (200, answer.json(), answer["ETag"])
    assert answer.json()["campaign_name"] == "April"


def test_copies_are_numbered(client: APIClient, campaign: Campaign) -> None:
    names = [copied(client, campaign, campaign_name=name).campaign_name for name in (None, "", None)]

    assert names == ["March (copy)", "March (copy 2)", "March (copy 3)"]


def test_a_long_name_is_shortened(client: APIClient, campaign: Campaign) -> None:
    write_past_the_model(campaign, campaign_name="x" * 255)()

    names = [copied(client, campaign).campaign_name for _turn in range(2)]

    assert [len(name) for name in names] == [255, 255]
    assert [name.lstrip("x") for name in names] == [" (copy)", " (copy 2)"]


def test_all_dates_move_with_the_start_date(client: APIClient, campaign: Campaign) -> None:
    copy = copied(client, campaign, campaign_start_date="2026-04-01")

    dates = (copy.campaign_start_date, copy.campaign_end_date, copy.campaign_expiry_date)
    assert [str(day) for day in dates] == ["2026-04-01", "2026-05-01", "2026-05-31"]
    assert ad_dates(copy) == ["2026-04-05", "2026-04-20", "2026-04-25"]
    assert ad_dates(copy, "Second") == ["None", "None", "None"]


def test_an_ad_ends_with_a_shorter_copy(client: APIClient, campaign: Campaign) -> None:
    """Expiry dates keep their distance from the end."""
    AdFactory(campaign=campaign, ad_name="Open", ad_start_date=date(2026, 3, 2), ad_expiry_date=date(2026, 4, 2))

    copy = copied(client, campaign, campaign_start_date="2026-04-01", campaign_end_date="2026-04-10")

    assert str(copy.campaign_expiry_date) == "2026-05-10"
    assert ad_dates(copy) == ["2026-04-05", "2026-04-10", "2026-04-15"]
    assert ad_dates(copy, "Open") == ["2026-04-02", "None", "2026-04-12"]


def test_an_ad_that_would_start_after_the_copy_ends_is_refused(client: APIClient, campaign: Campaign) -> None:
    before = stored()
    body = {"campaign_start_date": "2026-04-01", "campaign_end_date": "2026-04-04"}

    answer = client.post(at(campaign), body)

    assert answer.status_code == 400
    message = "The ad “First” would start on 5 Apr 2026. Choose an end date on or after that day."
    assert answer.json() == {"campaign_end_date": [message]}
    assert codes_of(answer) == {"campaign_end_date": ["ad_outside"]}
    assert stored() == before
    assert ad_dates(copied(client, campaign, **body | {"campaign_end_date": "2026-04-05"}))[:2] == ["2026-04-05"] * 2


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ({"campaign_end_date": "2026-02-28"}, {"campaign_end_date": ["campaign_ends_after_it_starts"]}),
        ({"campaign_start_date": "9999-12-30"}, {"non_field_errors": ["outside_calendar"]}),
        ({"campaign_start_date": "x"}, {"campaign_start_date": ["invalid"]}),
        ({"campaign_name": "x" * 256}, {"campaign_name": ["max_length"]}),
        ({"campaign_name": "\0"}, {"campaign_name": ["null_characters_not_allowed"]}),
        ({"campaign_name": []}, {"campaign_name": ["invalid"]}),
        ({"campaign_status": "active"}, {"campaign_status": ["unknown_field"]}),
        ({"ads": []}, {"ads": ["unknown_field"]}),
    ],
    ids=lambda value: str(value)[:60],
)
def test_other_bodies_are_refused(client: APIClient, campaign: Campaign, body: Any, codes: Any) -> None:
    before = stored()

    answer = client.post(at(campaign), body)

    assert answer.status_code == 400
    assert codes_of(answer) == codes or "\0" in str(body), codes_of(answer)
    assert stored() == before


def test_a_refusal_names_the_ad(client: APIClient, campaign: Campaign) -> None:
    write_past_the_model(campaign.ads.get(ad_name="First"), ad_description="x" * (LONGEST_TEXT + 1))()
    before = stored()

    answer = client.post(at(campaign), {})

    assert answer.status_code == 400
    assert answer.json()["non_field_errors"][0].startswith("First: ")
    assert stored() == before


def test_whoever_may_create_campaigns_may_duplicate_any(cast: Cast, client_for: ClientFor, campaign: Campaign) -> None:
    before = stored()
    for user in (cast.content_moderator, cast.stranger, cast.guest):
        assert client_for(user).post(at(campaign), {}).status_code == 403
    assert client_for(None).post(at(campaign), {}).status_code == 401
    assert client_for(cast.owner).post(f"/api/campaigns/{NOWHERE}/duplicate", {}).status_code == 404
    assert stored() == before
    for user in (cast.system_admin, cast.app_admin, cast.owner, cast.colleague):
        assert copied(client_for(user), campaign).campaign_created_by == user


def test_a_version_that_has_changed_is_not_copied(client: APIClient, campaign: Campaign) -> None:
    seen = client.get(f"/api/campaigns/{campaign.pk}")["ETag"]
    assert client.post(at(campaign), {}, headers={"If-Match": seen}).status_code == 201
    client.patch(f"/api/campaigns/{campaign.pk}", {"campaign_name": "Other"})

    assert client.post(at(campaign), {}, headers={"If-Match": seen}).status_code == 412
    assert Campaign.objects.count() == 2


def test_a_repeated_request_makes_one_copy(client: APIClient, campaign: Campaign) -> None:
    first, again = (client.post(at(campaign), {}, headers={"Idempotency-Key": "copy-once"}) for _turn in range(2))

    assert (again.json(), again["Location"]) == (first.json(), first["Location"])
    assert Campaign.objects.count() == 2


def test_the_history_of_the_copy_begins_with_one_write(cast: Cast, client: APIClient, campaign: Campaign) -> None:
    before = set(AuditEntry.objects.values_list("pk", flat=True))

    copy = copied(client, campaign)

    entries = AuditEntry.objects.exclude(pk__in=before)
    assert {entry.get_action_display() for entry in entries} == {"create"}
    assert {entry.actor_name for entry in entries} == {cast.owner.display_name}
    assert len({entry.timestamp for entry in entries}) == 1
    # A campaign, two targets, two ads, two slots and two ratings.
    assert len(entries) == 9
    history = client.get(f"/api/campaigns/{copy.pk}/history").json()
    assert [entry["action"] for entry in history["results"]] == ["create"] * 5
    (moment,) = {entry.timestamp for entry in entries}
    for address in [f"/api/campaigns/{copy.pk}", *[f"/api/ads/{ad.pk}" for ad in copy.ads.all()]]:
        now, then = (client.get(address, query).json() for query in ({}, {"as_of": moment.isoformat()}))
        for name in now.keys() - {"version", "updated_at", "created_at", "ad_view_count", "allowed_next_statuses"}:
            assert without_times(then[name]) == without_times(now[name]), name


def test_it_takes_a_bounded_number_of_statements(cast: Cast) -> None:
    client = bearing(tokens_of(cast.owner)["access_token"])

    def cost(ads: int) -> int:
        campaign = CampaignFactory(campaign_created_by=cast.owner)
        for _turn in range(ads):
            AdTimeSlotFactory(ad=AdFactory(campaign=campaign, rated=True))
        client.post(at(campaign), {})
        with CaptureQueriesContext(connection) as seen:
            assert client.post(at(campaign), {}).status_code == 201
        return len(seen)

    with_one = cost(1)
    assert with_one <= 36
    assert cost(6) <= with_one + 5 * 10


def test_parts_take_no_further_statements(cast: Cast) -> None:
    client = bearing(tokens_of(cast.owner)["access_token"])

    def cost(parts: int) -> int:
        campaign = CampaignFactory(campaign_created_by=cast.owner)
        ad = AdFactory(campaign=campaign)
        for number in range(parts):
            AudienceTargetingFactory(campaign=campaign, region=f"Region {number}")
            AdTimeSlotFactory(ad=ad, time_slot_start=time(number), time_slot_end=time(number + 1))
        client.post(at(campaign), {})
        with CaptureQueriesContext(connection) as seen:
            assert client.post(at(campaign), {}).status_code == 201
        return len(seen)

    assert cost(1) == cost(20)
