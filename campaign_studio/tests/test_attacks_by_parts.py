"""Nested parts can't be used to write rows without permission: by rating, target or bank account."""

from typing import Any

import pytest

from accounts.tests.factories import Cast
from campaign_studio.tests import bodies
from campaign_studio.tests.attackers import EVERY_ROLE, KEEPERS, READERS, client_of, refused, send
from campaign_studio.tests.bodies import stored
from campaign_studio.tests.scenes import scene

pytestmark = [pytest.mark.django_db, pytest.mark.matrix]

RATING = {"rating_system": "MPAA", "rating_label": "R", "no_prohibited_content": False}
# Fields of an ad outside its rating. The permission to rate is not enough to change them.
BESIDES: dict[str, Any] = {
    "ad_name": "Taken over",
    "ad_description": "Taken over",
    "ad_status": "active",
    "media_content": "Taken over",
    "ad_view_count": 999,
    "campaign_id": "00000000-0000-4000-8000-000000000000",
    "moderation_status": "approved",
    "moderation_note": "Fine",
    "time_slots": [{"time_slot_start": "10:00", "time_slot_end": "11:00"}],
    "nonsense": 1,
    "": 1,
}
STAMPS = ("updated_at", "updated_by_name", "version")
LOG = ("accounts.AuditEntry", "accounts.AuditEntryToSeal")


def without_stamps(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows without timestamps, names and versions."""
    return [{name: value for name, value in row.items() if name not in STAMPS} for row in rows]


def changed_tables(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    """The tables that have changed, except the audit log."""
    return {
        label
        for label, rows in after.items()
        if label not in LOG and without_stamps(rows) != without_stamps(before[label])
    }


@pytest.mark.parametrize("role", ["other_campaign_manager", *READERS])
@pytest.mark.parametrize("name", BESIDES)
def test_a_rating_changes_no_other_field_of_the_ad(cast: Cast, role: str, name: str) -> None:
    keys = scene(cast.owner)
    address = f"/api/ads/{keys['ad_id']}"
    client = client_of(cast, role)

    for body in ({"content_rating": RATING, name: BESIDES[name]}, {name: BESIDES[name]}):
        assert refused(client, "PATCH", address, body).status_code == 403


@pytest.mark.parametrize("role", ["other_campaign_manager", *READERS])
def test_the_permission_to_rate_gives_no_write_access_to_the_ad(cast: Cast, role: str) -> None:
    keys = scene(cast.owner)
    address = f"/api/ads/{keys['ad_id']}"
    client = client_of(cast, role)

    assert refused(client, "PATCH", address, {}).status_code == 403
    assert refused(client, "PATCH", address, {"content_rating": RATING}).status_code == 403
    assert refused(client, "PUT", address, {"content_rating": RATING}).status_code == 403
    assert refused(client, "PUT", address, bodies.ad_body(content_rating=RATING)).status_code == 403
    assert refused(client, "DELETE", address, {"content_rating": RATING}).status_code == 403


def test_a_moderators_rating_changes_nothing_but_the_rating(cast: Cast) -> None:
    keys = scene(cast.owner)
    client = client_of(cast, "content_moderator")
    before = stored()

    answer = send(client, "PUT", f"/api/ads/{keys['ad_id']}/content-rating", RATING)

    assert answer.status_code == 200, answer.content
    assert changed_tables(before, stored()) == {"ads.AdContentRating"}


@pytest.mark.parametrize("within", [{"ad_id": 1}, {"ad": {"ad_name": "Taken over"}}, {"nonsense": 1}], ids=str)
def test_a_rating_changes_its_own_fields_only(cast: Cast, within: dict[str, Any]) -> None:
    keys = scene(cast.owner)
    client = client_of(cast, "content_moderator")

    answer = refused(client, "PUT", f"/api/ads/{keys['ad_id']}/content-rating", RATING | within)

    assert (answer.status_code, list(answer.json())) == (400, list(within))


def test_the_owner_can_rate_but_not_review(cast: Cast) -> None:
    keys = scene(cast.owner)
    decided = {"moderation_status": "approved", "moderated_by_id": str(cast.owner.pk), "moderation_note": "Fine"}
    client = client_of(cast, "campaign_manager")
    before = stored()

    answer = send(client, "PATCH", f"/api/ads/{keys['ad_id']}", {"content_rating": RATING, **decided})

    assert answer.status_code == 200, answer.content
    assert changed_tables(before, stored()) == {"ads.AdContentRating"}
    assert answer.json()["moderation_status"] == "pending"


@pytest.mark.parametrize("role", KEEPERS)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_bank_accounts_within_an_advertiser_are_read_only(cast: Cast, role: str, method: str) -> None:
    keys = scene(cast.colleague)
    before = stored()
    account = bodies.bank_account_body(bank_id=str(keys["bank_id"]), bank_name="Taken over", is_default=True)
    address = "/api/advertisers" if method == "POST" else f"/api/advertisers/{keys['advertiser_id']}"
    client = client_of(cast, role)

    for accounts in ([account], [], None, "x"):
        answer = send(client, method, address, bodies.advertiser_body(bank_accounts=accounts))
        assert answer.status_code in (200, 201), answer.content

    label = "advertisers.AdvertiserBankAccount"
    assert stored()[label] == before[label]


@pytest.mark.parametrize("role", READERS)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize("part", ["contacts", "bank_accounts"])
def test_readers_can_not_write_parts_of_an_advertiser(cast: Cast, role: str, method: str, part: str) -> None:
    keys = scene(cast.colleague)
    rows: dict[str, Any] = {
        "contacts": [bodies.contact_body(contact_id=str(keys["contact_id"]), contact_name="Taken over")],
        "bank_accounts": [bodies.bank_account_body(bank_id=str(keys["bank_id"]))],
    }
    address = "/api/advertisers" if method == "POST" else f"/api/advertisers/{keys['advertiser_id']}"

    sent: list[dict[str, Any]] = [{part: rows[part]}, {part: []}, bodies.advertiser_body(**{part: rows[part]})]
    for body in sent:
        assert refused(client_of(cast, role), method, address, body).status_code == 403


@pytest.mark.parametrize("role", KEEPERS)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_ads_within_a_campaign_are_read_only(cast: Cast, role: str, method: str) -> None:
    mine, theirs = scene(cast.in_role(role)), scene(cast.colleague)
    before = stored()
    address = "/api/campaigns" if method == "POST" else f"/api/campaigns/{mine['campaign_id']}"
    client = client_of(cast, role)

    for ads in ([bodies.ad_body(ad_id=str(theirs["ad_id"]), ad_name="Taken over")], [], None, 1):
        answer = send(client, method, address, bodies.campaign_body(ads=ads))
        assert answer.status_code in (200, 201), answer.content

    assert {name: rows for name, rows in stored().items() if name.startswith("ads.")} == {
        name: rows for name, rows in before.items() if name.startswith("ads.")
    }


@pytest.mark.parametrize("role", ["other_campaign_manager", *READERS])
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize("part", ["audience_targeting", "ads"])
def test_parts_of_another_users_campaign_can_not_be_written(cast: Cast, role: str, method: str, part: str) -> None:
    keys = scene(cast.owner)
    rows: dict[str, Any] = {"audience_targeting": [{"region": "Asia", "country": "JP"}], "ads": [bodies.ad_body()]}
    address = f"/api/campaigns/{keys['campaign_id']}"
    client = client_of(cast, role)

    sent: list[dict[str, Any]] = [{part: rows[part]}, {part: []}, bodies.campaign_body(**{part: rows[part]})]
    for body in sent:
        assert refused(client, method, address, body).status_code == 403


@pytest.mark.parametrize("role", EVERY_ROLE)
def test_history_can_not_be_written(cast: Cast, role: str) -> None:
    keys = scene(cast.in_role(role))
    client = client_of(cast, role)

    for kind in ("campaign", "ad", "advertiser"):
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            answer = refused(client, method, f"/api/{kind}s/{keys[f'{kind}_id']}/history", {"changes": {}})
            assert answer.status_code == 405
