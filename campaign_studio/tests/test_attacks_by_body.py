"""Ids of other users' objects in URLs and bodies, alone or among permitted fields, change nothing.

Every request has a real token. The stored rows are compared after each refusal, and beside each success.
"""

from typing import Any

import pytest

from accounts.tests.factories import Cast
from ads.models import Ad
from ads.tests.factories import AdFactory
from advertisers.models import AdvertiserContact
from campaign_studio.tests import bodies
from campaign_studio.tests.attackers import ADMINS, EVERY_ROLE, KEEPERS, NOWHERE, READERS, client_of, refused, send
from campaign_studio.tests.bodies import stored
from campaign_studio.tests.scenes import scene
from campaigns.models import Campaign
from campaigns.tests.factories import CampaignFactory

pytestmark = [pytest.mark.django_db, pytest.mark.matrix]

CONTACT = "/api/advertisers/{advertiser_id}/contacts/{contact_id}"
ACCOUNT = "/api/advertisers/{advertiser_id}/bank-accounts/{bank_id}"
BELOW_AN_ADVERTISER = [
    *[(method, CONTACT, bodies.contact_body()) for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE")],
    *[(method, ACCOUNT, bodies.bank_account_body()) for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE")],
    ("POST", ACCOUNT + "/reveal", None),
]


def rows_of(label: str, **wanted: Any) -> list[dict[str, Any]]:
    """The stored rows of a table with these values."""
    return [row for row in stored()[label] if all(row[name] == str(key) for name, key in wanted.items())]


# --- Ids in URLs -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", EVERY_ROLE)
@pytest.mark.parametrize(("method", "address", "body"), BELOW_AN_ADVERTISER)
def test_a_part_is_not_found_below_another_advertiser(
    cast: Cast, role: str, method: str, address: str, body: Any
) -> None:
    mine, theirs = scene(cast.in_role(role)), scene(cast.colleague)
    client = client_of(cast, role)

    crossed = refused(client, method, address.format(**theirs | {"advertiser_id": mine["advertiser_id"]}), body)
    nowhere = refused(client, method, address.format(**mine | {"contact_id": NOWHERE, "bank_id": NOWHERE}), body)

    # Another advertiser's key is answered like one that doesn't exist.
    assert (crossed.status_code, crossed.content) == (nowhere.status_code, nowhere.content)
    may_look = role in KEEPERS or (role == "content_moderator" and method in ("GET", "HEAD") and address == CONTACT)
    assert crossed.status_code == (
        404 if may_look and not (role == "campaign_manager" and "reveal" in address) else 403
    )


@pytest.mark.parametrize("role", EVERY_ROLE)
@pytest.mark.parametrize("part", ["contacts", "bank-accounts"])
def test_a_part_can_not_be_added_below_anything_but_an_advertiser(cast: Cast, role: str, part: str) -> None:
    keys = scene(cast.in_role(role))
    body = bodies.contact_body() if part == "contacts" else bodies.bank_account_body()

    for key in (NOWHERE, keys["campaign_id"], cast.owner.pk):
        answer = refused(client_of(cast, role), "POST", f"/api/advertisers/{key}/{part}", body)
        assert answer.status_code == (404 if role in KEEPERS else 403)


# --- Ids in bodies ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", KEEPERS)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_naming_another_advertisers_contact_does_not_change_it(cast: Cast, role: str, method: str) -> None:
    mine, theirs = scene(cast.in_role(role)), scene(cast.colleague)
    before = rows_of("advertisers.AdvertiserContact", advertiser_id=theirs["advertiser_id"])
    address = "/api/advertisers" if method == "POST" else f"/api/advertisers/{mine['advertiser_id']}"
    taken = bodies.contact_body(contact_id=str(theirs["contact_id"]), contact_name="Taken over")

    answer = send(client_of(cast, role), method, address, bodies.advertiser_body(contacts=[taken]))

    assert answer.status_code in (200, 201), answer.content
    assert rows_of("advertisers.AdvertiserContact", advertiser_id=theirs["advertiser_id"]) == before
    assert str(theirs["contact_id"]) not in answer.content.decode()
    made = AdvertiserContact.objects.get(contact_name="Taken over")
    assert str(made.advertiser_id) == answer.json()["advertiser_id"]


@pytest.mark.parametrize("role", KEEPERS)
@pytest.mark.parametrize("address", [CONTACT, ACCOUNT])
@pytest.mark.parametrize("name", ["advertiser_id", "advertiser"])
def test_a_part_is_not_moved_to_another_advertiser(cast: Cast, role: str, address: str, name: str) -> None:
    mine, theirs = scene(cast.in_role(role)), scene(cast.colleague)
    client = client_of(cast, role)

    for keys, target in ((mine, theirs), (theirs, mine)):
        answer = refused(client, "PATCH", address.format(**keys), {name: str(target["advertiser_id"])})
        assert (answer.status_code, list(answer.json())) == (400, [name])


@pytest.mark.parametrize("role", KEEPERS)
def test_the_key_of_a_part_in_its_own_body_is_ignored(cast: Cast, role: str) -> None:
    mine, theirs = scene(cast.in_role(role)), scene(cast.colleague)
    client = client_of(cast, role)

    for address, key, label in (
        (CONTACT, "contact_id", "advertisers.AdvertiserContact"),
        (ACCOUNT, "bank_id", "advertisers.AdvertiserBankAccount"),
    ):
        before = stored()[label]
        answer = send(client, "PATCH", address.format(**mine), {key: str(theirs[key])})
        assert (answer.status_code, answer.json()[key]) == (200, str(mine[key]))
        assert [row | {"updated_at": None} for row in stored()[label]] == [row | {"updated_at": None} for row in before]


@pytest.mark.parametrize("role", KEEPERS)
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_naming_parts_of_another_ad_does_not_change_them(cast: Cast, role: str, method: str) -> None:
    mine, theirs = scene(cast.in_role(role)), scene(cast.colleague)
    other = Ad.objects.get(pk=theirs["ad_id"])
    slot = other.time_slots.get()
    parts = {
        "time_slots": [{"time_slot_id": str(slot.pk), "time_slot_start": "10:00", "time_slot_end": "11:00"}],
        "content_rating": {"rating_id": str(other.content_rating.pk), "rating_label": "R"},
    }
    labels = ("ads.AdTimeSlot", "ads.AdContentRating")
    before = [rows_of(label, ad_id=other.pk) for label in labels]

    answer = send(client_of(cast, role), method, f"/api/ads/{mine['ad_id']}", bodies.ad_body(**parts))

    assert answer.status_code == 200, answer.content
    assert [rows_of(label, ad_id=other.pk) for label in labels] == before
    assert answer.json()["time_slots"][0]["time_slot_id"] != str(slot.pk)
    assert answer.json()["content_rating"]["rating_id"] != str(other.content_rating.pk)
    assert answer.json()["content_rating"]["rating_label"] == "R"


@pytest.mark.parametrize("role", KEEPERS)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_naming_targets_of_another_campaign_does_not_change_them(cast: Cast, role: str, method: str) -> None:
    mine, theirs = scene(cast.in_role(role)), scene(cast.colleague)
    label = "campaigns.CampaignAudienceTargeting"
    [before] = rows_of(label, campaign_id=theirs["campaign_id"])
    target = {"audience_id": str(before["audience_id"]), "region": "Asia", "country": "JP"}
    address = "/api/campaigns" if method == "POST" else f"/api/campaigns/{mine['campaign_id']}"

    answer = send(client_of(cast, role), method, address, bodies.campaign_body(audience_targeting=[target]))

    assert answer.status_code in (200, 201), answer.content
    assert rows_of(label, campaign_id=theirs["campaign_id"]) == [before]
    assert answer.json()["audience_targeting"][0]["audience_id"] != str(before["audience_id"])


@pytest.mark.parametrize("role", KEEPERS)
@pytest.mark.parametrize(
    ("address", "part", "name"),
    [
        ("/api/ads/{ad_id}", "time_slots", "ad_id"),
        ("/api/ads/{ad_id}", "content_rating", "ad_id"),
        ("/api/campaigns/{campaign_id}", "audience_targeting", "campaign_id"),
        ("/api/advertisers/{advertiser_id}", "contacts", "advertiser_id"),
    ],
)
def test_a_part_can_not_name_another_parent(cast: Cast, role: str, address: str, part: str, name: str) -> None:
    mine, theirs = scene(cast.in_role(role)), scene(cast.colleague)
    row = {
        "time_slots": {"time_slot_start": "10:00", "time_slot_end": "11:00"},
        "content_rating": {"rating_label": "R"},
        "audience_targeting": {"region": "Asia", "country": "JP"},
        "contacts": bodies.contact_body(),
    }[part] | {name: str(theirs[name])}
    body = {part: row if part == "content_rating" else [row]}

    answer = refused(client_of(cast, role), "PATCH", address.format(**mine), body)

    assert (answer.status_code, list(answer.json())) == (400, [part])
    assert name in answer.content.decode()


@pytest.mark.parametrize("role", KEEPERS)
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_an_ad_is_not_moved_to_another_campaign(cast: Cast, role: str, method: str) -> None:
    mine, theirs = scene(cast.in_role(role)), scene(cast.colleague)
    second = CampaignFactory(campaign_created_by=cast.in_role(role))
    client = client_of(cast, role)

    for ad, target in (
        (mine["ad_id"], theirs["campaign_id"]),
        (mine["ad_id"], second.pk),
        (mine["ad_id"], NOWHERE),
        (theirs["ad_id"], mine["campaign_id"]),
    ):
        answer = refused(client, method, f"/api/ads/{ad}", bodies.ad_body(campaign_id=str(target)))
        reached = role in ADMINS or ad == mine["ad_id"]
        assert answer.status_code == (400 if reached else 403)
        assert list(answer.json()) == (["campaign_id"] if reached else ["detail"])


@pytest.mark.parametrize("role", EVERY_ROLE)
def test_url_and_body_can_not_name_different_campaigns(cast: Cast, role: str) -> None:
    mine, theirs = scene(cast.in_role(role)), scene(cast.colleague)
    client = client_of(cast, role)

    for here, there in ((mine, theirs), (theirs, mine)):
        body = bodies.ad_body(campaign_id=str(there["campaign_id"]))
        answer = refused(client, "POST", f"/api/campaigns/{here['campaign_id']}/ads", body)
        assert answer.status_code == (400 if role in KEEPERS else 403)


def test_a_manager_can_not_add_an_ad_with_parts_to_anothers_campaign(cast: Cast) -> None:
    theirs = scene(cast.colleague)
    rating = {"rating_system": "MPAA", "rating_label": "R"}
    slots = [{"time_slot_start": "10:00", "time_slot_end": "11:00"}]
    body = bodies.ad_body(time_slots=slots, content_rating=rating)
    client = client_of(cast, "campaign_manager")

    by_body = refused(client, "POST", "/api/ads", body | {"campaign_id": str(theirs["campaign_id"])})
    by_address = refused(client, "POST", f"/api/campaigns/{theirs['campaign_id']}/ads", body)

    assert (by_body.status_code, by_address.status_code) == (403, 403)


@pytest.mark.parametrize("role", READERS)
def test_readers_can_not_assign_advertisers_or_learn_which_exist(cast: Cast, role: str) -> None:
    keys = scene(cast.in_role(role))
    client = client_of(cast, role)
    address = f"/api/campaigns/{keys['campaign_id']}"

    answers = [
        refused(client, "PATCH", address, {"advertiser_id": str(key)}) for key in (keys["advertiser_id"], NOWHERE)
    ]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert answers[0].content == answers[1].content


@pytest.mark.parametrize("role", KEEPERS)
@pytest.mark.parametrize("kind", ["campaign", "person", "nothing", "no key"])
def test_the_key_of_another_kind_of_object_is_refused_as_an_advertiser(cast: Cast, role: str, kind: str) -> None:
    keys = scene(cast.in_role(role))
    key = {"campaign": keys["campaign_id"], "person": cast.user.pk, "nothing": NOWHERE, "no key": "*"}[kind]

    answer = refused(
        client_of(cast, role), "PATCH", f"/api/campaigns/{keys['campaign_id']}", {"advertiser_id": str(key)}
    )

    assert (answer.status_code, list(answer.json())) == (400, ["advertiser_id"])
    assert Campaign.objects.get(pk=keys["campaign_id"]).advertiser_id is None


@pytest.mark.parametrize("role", KEEPERS)
def test_an_ad_can_not_be_added_to_anything_but_a_campaign(cast: Cast, role: str) -> None:
    keys = scene(cast.in_role(role))
    AdFactory(campaign_id=keys["campaign_id"], ad_created_by=cast.owner)

    for key in (NOWHERE, keys["advertiser_id"], keys["ad_id"]):
        answer = refused(client_of(cast, role), "POST", "/api/ads", bodies.ad_body(campaign_id=str(key)))
        assert (answer.status_code, list(answer.json())) == (400, ["campaign_id"])
