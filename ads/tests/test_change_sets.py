"""Change sets: plan, apply, undo. A plan keeps nothing but itself, and says what the single writes would say."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import AuditEntry
from accounts.tests.factories import Cast
from ads.models import Ad
from ads.tests.factories import AdFactory, AdTimeSlotFactory
from advertisers.models import Advertiser
from advertisers.tests.factories import AdvertiserBankAccountFactory, AdvertiserContactFactory, AdvertiserFactory
from campaign_studio.tests.attackers import client_of, send
from campaign_studio.tests.bodies import ad_body, advertiser_body, campaign_body, contact_body, stored
from campaigns.changesets.models import ChangeSet
from campaigns.models import Campaign
from campaigns.tests.factories import AudienceTargetingFactory, CampaignFactory

pytestmark = pytest.mark.django_db

SETS = "/api/change-sets"


def operation(op: str, row: Any, **changes: Any) -> dict[str, Any]:
    """An operation on a stored row, or on a new one of the kind with this name."""
    if isinstance(row, str):
        return {"op": op, "resource": row, "changes": changes}
    return {"op": op, "resource": row._meta.model_name, "id": str(row.pk), "changes": changes}


def plan(client: APIClient, *operations: dict[str, Any]) -> dict[str, Any]:
    """The stored plan."""
    answer = send(client, "POST", SETS, {"operations": list(operations)})
    assert answer.status_code == 201, answer.content
    assert answer["Location"] == f"{SETS}/{answer.json()['change_set_id']}"
    return dict(answer.json())


def apply(client: APIClient, planned: dict[str, Any]) -> Any:
    return send(client, "POST", f"{SETS}/{planned['change_set_id']}/apply")


def undo(client: APIClient, planned: dict[str, Any]) -> Any:
    return send(client, "POST", f"{SETS}/{planned['change_set_id']}/undo")


def rows_of_others() -> dict[str, Any]:
    """Everything stored except change sets."""
    return {label: rows for label, rows in stored().items() if label != "campaigns.ChangeSet"}


def showing_ad(cast: Cast, **values: Any) -> Ad:
    """An ad that shows in Germany today."""
    campaign = CampaignFactory(campaign_created_by=cast.campaign_manager, campaign_status="active")
    AudienceTargetingFactory(campaign=campaign)
    ad: Ad = AdFactory(**{"campaign": campaign, "rated": True, "ad_status": "active", "approved": True, **values})
    return ad


def test_a_plan_says_what_would_change_and_keeps_nothing(cast: Cast) -> None:
    client = client_of(cast, "campaign_manager")
    runs, stays = showing_ad(cast), showing_ad(cast)
    others = CampaignFactory(campaign_created_by=cast.colleague)
    before = rows_of_others()

    planned = plan(
        client,
        operation("update", runs.campaign, campaign_status="paused", campaign_name="Paused"),
        operation("update", stays.campaign, campaign_name=stays.campaign.campaign_name),
        operation("update", others, campaign_name="Taken over"),
        operation("update", stays, ad_status="expired", ad_start_date="1999-01-01"),
        operation("delete", stays.campaign) | {"id": str(uuid4())},
        operation("update", stays, no_such_field=1),
    )

    assert rows_of_others() == before
    assert (planned["state"], planned["change_count"], planned["unchanged_count"], planned["refused_count"]) == (
        *("planned", 1, 1, 4),
    )
    changed, unchanged, *refused = planned["rows"]
    assert (changed["outcome"], changed["name"], changed["refusal"]) == ("change", runs.campaign.campaign_name, None)
    assert changed["changes"] == {
        "campaign_status": ["active", "paused"],
        "campaign_name": [runs.campaign.campaign_name, "Paused"],
    }
    assert (unchanged["outcome"], unchanged["changes"]) == ("unchanged", {})
    assert [(row["refusal"]["status"], row["refusal"]["code"]) for row in refused] == [
        (403, "permission_denied"),
        (400, "outside_campaign"),
        (404, "not_found"),
        (400, "unknown_field"),
    ]
    assert planned["stops"] == [{"ad_id": str(runs.pk), "ad_name": runs.ad_name}]
    assert planned["starts"] == []
    assert send(client, "GET", f"{SETS}/{planned['change_set_id']}").json() == planned


def test_refusals_are_in_the_words_of_the_single_writes(cast: Cast) -> None:
    client = client_of(cast, "campaign_manager")
    campaign = CampaignFactory(campaign_created_by=cast.campaign_manager)
    ad = AdFactory(campaign=campaign, ad_end_date=campaign.campaign_end_date)
    theirs = CampaignFactory(campaign_created_by=cast.colleague)
    used = AdvertiserFactory(created_by=cast.campaign_manager)
    CampaignFactory(advertiser=used)
    nowhere = str(uuid4())
    here = f"/api/campaigns/{campaign.pk}"
    slot = {"time_slot_start": "08:00", "time_slot_end": "08:00"}
    tries: list[tuple[str, Any, dict[str, Any], str, str]] = [
        (
            "update",
            campaign,
            {"campaign_end_date": str(timezone.localdate())},
            "PATCH",
            f"/api/campaigns/{campaign.pk}",
        ),
        ("update", campaign, {"campaign_status": "expired"}, "PATCH", here),
        ("update", campaign, {"advertiser_id": nowhere}, "PATCH", here),
        ("update", campaign, {"advertiser_id": "x", "campaign_name": ""}, "PATCH", here),
        (
            "update",
            campaign,
            {"audience_targeting": [{"country": "Atlantis"}]},
            "PATCH",
            f"/api/campaigns/{campaign.pk}",
        ),
        (
            *("update", campaign, {"audience_targeting": [{"country": "DE", "postcodes": ["x"]}]}),
            *("PATCH", here),
        ),
        ("update", theirs, {"campaign_name": "x"}, "PATCH", f"/api/campaigns/{theirs.pk}"),
        ("delete", theirs, {}, "DELETE", f"/api/campaigns/{theirs.pk}"),
        ("create", "campaign", {"campaign_name": "x"}, "POST", "/api/campaigns"),
        ("create", "campaign", campaign_body(campaign_status="expired"), "POST", "/api/campaigns"),
        ("create", "ad", ad_body(campaign_id=str(theirs.pk)), "POST", "/api/ads"),
        ("create", "ad", ad_body(campaign_id=nowhere), "POST", "/api/ads"),
        ("update", ad, {"ad_status": "active"}, "PATCH", f"/api/ads/{ad.pk}"),
        ("update", ad, {"time_slots": [slot, slot]}, "PATCH", f"/api/ads/{ad.pk}"),
        ("update", ad, {"ad_start_date": "1999-01-01"}, "PATCH", f"/api/ads/{ad.pk}"),
        ("update", ad, {"campaign_id": str(theirs.pk)}, "PATCH", f"/api/ads/{ad.pk}"),
        ("update", ad, {"content_rating": {"rating_system": "FSK", "rating_label": "G"}}, "PATCH", f"/api/ads/{ad.pk}"),
        ("approve", ad, {}, "POST", f"/api/ads/{ad.pk}/approve"),
        ("delete", used, {}, "DELETE", f"/api/advertisers/{used.pk}"),
        ("shift", campaign, {"days": 10**6}, "POST", f"/api/campaigns/{campaign.pk}/shift"),
        ("shift", theirs, {"days": 1}, "POST", f"/api/campaigns/{theirs.pk}/shift"),
    ]

    planned = plan(client, *[operation(op, row, **changes) for op, row, changes, *_ in tries])

    for row, (op, _row, changes, method, address) in zip(planned["rows"], tries, strict=True):
        single = send(client, method, f"{address}?dry_run=true", changes)
        refusal = row["refusal"]
        if single.status_code < 400:
            assert refusal is None, (op, changes, refusal)
        else:
            assert refusal, (op, changes, single.content)
            assert (refusal["status"], refusal["errors"]) == (single.status_code, single.json()), (op, changes)

    missing = plan(client, operation("delete", campaign) | {"id": nowhere})["rows"][0]["refusal"]
    # Not that the id in the URL is to be checked.
    assert missing["errors"] == {"detail": "There is no such object, or you may not see it."}


def test_what_is_applied_is_one_write(cast: Cast) -> None:
    client = client_of(cast, "campaign_manager")
    campaign = CampaignFactory(campaign_created_by=cast.campaign_manager)
    doomed = AdFactory(campaign=campaign)
    moved = AdFactory(campaign=campaign)
    new, advertiser = str(uuid4()), str(uuid4())
    planned = plan(
        client,
        {**operation("create", "advertiser", **advertiser_body()), "id": advertiser},
        {**operation("create", "campaign", **campaign_body(advertiser_id=advertiser)), "id": new},
        operation("create", "ad", **ad_body(campaign_id=new, time_slots=[])),
        operation("delete", doomed),
        operation("move", moved, ad_type_id="bottom_left_ad"),
        operation("move", campaign, advertiser_id=advertiser),
        operation("move", campaign, campaign_name="no move"),
        operation("update", campaign, audience_targeting=[{"country": "DE"}, {"country": "Austria"}]),
    )
    assert [row["outcome"] for row in planned["rows"]] == [*["change"] * 6, "refused", "change"]
    assert [one["resource"] for one in planned["rows"][7]["others"]] == ["campaignaudiencetargeting"] * 2
    before = AuditEntry.objects.count()

    answer = apply(client, planned)

    assert answer.status_code == 200, answer.content
    assert (answer.json()["state"], answer.json()["applied_by_name"]) == ("applied", cast.owner.display_name)
    assert Campaign.objects.get(pk=new).advertiser_id == Campaign.objects.get(pk=campaign.pk).advertiser_id
    assert list(Ad.objects.filter(campaign=campaign).values_list("ad_type_id", flat=True)) == ["bottom_left_ad"]
    assert Ad.objects.get(campaign_id=UUID(new)).pk == UUID(planned["rows"][2]["id"])
    entries = AuditEntry.objects.order_by("-id")[: AuditEntry.objects.count() - before]
    assert len({(entry.timestamp, entry.cid) for entry in entries}) == 1
    assert {entry.actor_id for entry in entries} == {cast.campaign_manager.pk}
    again = apply(client, planned)
    assert (again.status_code, list(again.json())) == (409, ["detail"])


def test_a_plan_whose_objects_have_moved_is_not_applied_and_names_them(cast: Cast) -> None:
    client = client_of(cast, "campaign_manager")
    campaigns = CampaignFactory.create_batch(3, campaign_created_by=cast.campaign_manager)
    ad = AdFactory(campaign=campaigns[2])
    sets = [
        plan(client, *[operation("update", one, campaign_name="New") for one in campaigns[:2]]),
        plan(client, operation("delete", campaigns[2])),
        plan(client, operation("delete", campaigns[2])),
        plan(client, operation("delete", campaigns[2])),
    ]

    send(client, "PATCH", f"/api/campaigns/{campaigns[0].pk}", {"campaign_name": "Meanwhile"})
    first = apply(client, sets[0])
    send(client, "PATCH", f"/api/ads/{ad.pk}", {"ad_name": "Another name"})
    second = apply(client, sets[1])
    ad.delete()
    third = apply(client, sets[2])
    AdFactory(campaign=campaigns[2], ad_name="Added")
    fourth = apply(client, sets[3])

    assert [answer.status_code for answer in (first, second, third, fourth)] == [409] * 4
    assert "“Meanwhile”" in first.json()["detail"]
    assert "“Another name”" in second.json()["detail"]
    assert str(ad.pk) in third.json()["detail"] or "“" in third.json()["detail"]
    assert "“Added”" in fourth.json()["detail"]
    assert not Campaign.objects.filter(campaign_name="New").exists()
    assert ChangeSet.objects.filter(state="planned").count() == 4


def test_what_is_refused_after_all_leaves_everything_as_it_was(cast: Cast) -> None:
    client = client_of(cast, "campaign_manager")
    campaign = CampaignFactory(campaign_created_by=cast.campaign_manager)
    AdFactory.create_batch(5, campaign=campaign)
    planned = plan(
        client,
        operation("create", "campaign", **campaign_body()),
        operation("create", "ad", **ad_body(campaign_id=str(campaign.pk))),
    )
    assert planned["refused_count"] == 0
    AdFactory(campaign=campaign)
    before = stored()

    answer = apply(client, planned)

    assert (answer.status_code, list(answer.json())) == (409, ["detail"])
    assert "up to 6 ads" in answer.json()["detail"]
    assert stored() == before


def documents(client: APIClient, *addresses: str) -> list[dict[str, Any]]:
    """What the API answers about objects, less what every save changes."""
    left_out = ("version", "updated_at", "updated_by_name")
    found = []
    for address in addresses:
        document = send(client, "GET", address).json()
        for part in [document, *document.get("audience_targeting", []), *document.get("contacts", [])]:
            for name in left_out:
                part.pop(name, None)
        if document.get("content_rating"):
            document["content_rating"].pop("updated_at")
        found.append(document)
    return found


def test_undo_restores_what_was_changed_deleted_and_created(cast: Cast) -> None:
    client = client_of(cast, "app_admin")
    campaign = CampaignFactory(campaign_created_by=cast.campaign_manager, campaign_status="paused")
    AudienceTargetingFactory(campaign=campaign)
    ad = AdFactory(campaign=campaign, approved=True, ad_status="active", ad_start_date=campaign.campaign_start_date)
    AdTimeSlotFactory(ad=ad)
    gone = CampaignFactory(campaign_created_by=cast.colleague)
    AudienceTargetingFactory(campaign=gone, country="FR")
    gone_ads = [AdFactory(campaign=gone, approved=True), AdFactory(campaign=gone)]
    AdTimeSlotFactory(ad=gone_ads[0])
    advertiser = AdvertiserFactory()
    AdvertiserContactFactory(advertiser=advertiser, is_point_of_contact=True)
    addresses = [
        *[f"/api/campaigns/{one.pk}" for one in (campaign, gone)],
        *[f"/api/ads/{one.pk}" for one in (ad, *gone_ads)],
        f"/api/advertisers/{advertiser.pk}",
    ]
    before, count = documents(client, *addresses), Campaign.objects.count()
    planned = plan(
        client,
        operation("shift", campaign, days=30),
        operation("update", campaign, campaign_status="expired", audience_targeting=[{"country": "AT"}]),
        operation("update", ad, ad_name="Another", time_slots=[], content_rating={"rating_label": "R"}),
        operation("delete", gone),
        operation("update", advertiser, contacts=[contact_body(is_point_of_contact=True), contact_body()]),
        operation("create", "campaign", **campaign_body()),
    )
    assert planned["refused_count"] == 0, planned["rows"]

    applied = apply(client, planned)
    assert applied.status_code == 200, applied.content
    assert send(client, "GET", addresses[1]).status_code == 404
    moved_on = [Campaign.objects.get(pk=campaign.pk).version, Ad.objects.get(pk=ad.pk).version]
    undone = undo(client, planned)

    assert undone.status_code == 200, undone.content
    assert undone.json()["state"] == "undone"
    for was, now in zip(before, documents(client, *addresses), strict=True):
        assert {name: (was[name], now[name]) for name in was if was[name] != now[name]} == {}
    assert Campaign.objects.count() == count
    assert Campaign.objects.get(pk=campaign.pk).version > moved_on[0]
    assert Ad.objects.get(pk=ad.pk).version > moved_on[1]
    assert Campaign.objects.get(pk=gone.pk).version > gone.version
    assert undo(client, planned).status_code == 409


def test_a_restored_object_can_be_read_as_it_was(cast: Cast) -> None:
    client = client_of(cast, "app_admin")
    campaign = send(client, "POST", "/api/campaigns", campaign_body(campaign_name="First")).json()
    address = f"/api/campaigns/{campaign['campaign_id']}"
    then = timezone.now().isoformat().replace("+00:00", "Z")
    row = Campaign.objects.get()
    planned = plan(client, operation("delete", row))
    apply(client, planned)
    between = timezone.now().isoformat().replace("+00:00", "Z")
    undo(client, planned)

    assert send(client, "GET", f"{address}?as_of={then}").json()["campaign_name"] == "First"
    assert send(client, "GET", f"{address}?as_of={between}").status_code == 404


def test_undo_is_refused_once_something_has_been_changed_since(cast: Cast) -> None:
    client = client_of(cast, "campaign_manager")
    campaign = CampaignFactory(campaign_created_by=cast.campaign_manager)
    renamed = plan(client, operation("update", campaign, campaign_name="New"))
    made = plan(client, operation("create", "campaign", **campaign_body(campaign_name="Made")))
    assert (apply(client, renamed).status_code, apply(client, made).status_code) == (200, 200)
    new = Campaign.objects.get(campaign_name="Made")
    send(client, "PATCH", f"/api/campaigns/{campaign.pk}", {"campaign_description": "Since then"})
    AdFactory(campaign=new, ad_name="Added since")
    before = stored()

    answers = [undo(client, one) for one in (renamed, made)]

    assert [answer.status_code for answer in answers] == [409, 409]
    assert "“New”" in answers[0].json()["detail"]
    assert "“Added since”" in answers[1].json()["detail"]
    assert stored() == before


def test_undo_refuses_what_the_log_does_not_know(cast: Cast) -> None:
    client = client_of(cast, "app_admin")
    advertiser = AdvertiserFactory()
    AdvertiserBankAccountFactory(advertiser=advertiser)
    planned = plan(client, operation("delete", advertiser))
    assert apply(client, planned).status_code == 200

    answer = undo(client, planned)

    assert (answer.status_code, Advertiser.objects.count()) == (409, 0)
    assert "secrets" in answer.json()["detail"]


def test_undo_takes_the_permissions_of_the_operations(cast: Cast) -> None:
    client = client_of(cast, "campaign_manager")
    made = plan(client, operation("create", "advertiser", **advertiser_body()))
    assert apply(client, made).status_code == 200

    # A manager creates advertisers, but doesn't delete them.
    assert undo(client, made).status_code == 403
    assert undo(client_of(cast, "app_admin"), made).status_code == 200
    assert not Advertiser.objects.exists()


def test_moderators_approve_and_reject(cast: Cast) -> None:
    client = client_of(cast, "content_moderator")
    ads = [AdFactory(rated=True), AdFactory(rated=True), AdFactory()]
    planned = plan(
        client,
        operation("approve", ads[0]),
        operation("reject", ads[1], note="Too loud"),
        operation("approve", ads[2]),
        operation("reject", ads[2]),
        operation("update", ads[2], ad_name="x"),
    )

    assert [row["outcome"] for row in planned["rows"]] == ["change", "change", "refused", "refused", "refused"]
    assert apply(client, planned).status_code == 200
    assert [Ad.objects.get(pk=ad.pk).moderation_status for ad in ads] == ["approved", "rejected", "pending"]
    assert undo(client, planned).status_code == 200
    assert {ad.moderation_status for ad in Ad.objects.all()} == {"pending"}


def test_an_ad_that_starts_showing_is_announced(cast: Cast) -> None:
    ad = showing_ad(cast, ad_status="paused")
    client = client_of(cast, "campaign_manager")

    planned = plan(client, operation("update", ad, ad_status="active"))

    assert planned["starts"] == [{"ad_id": str(ad.pk), "ad_name": ad.ad_name}]
    assert planned["stops"] == []


def test_change_sets_are_seen_by_their_author_and_administrators(cast: Cast) -> None:
    planned = plan(client_of(cast, "campaign_manager"), operation("create", "campaign", **campaign_body()))
    address = f"{SETS}/{planned['change_set_id']}"

    for role, code, count in (
        *(("app_admin", 200, 1), ("system_admin", 200, 1), ("campaign_manager", 200, 1)),
        *(("other_campaign_manager", 404, 0), ("content_moderator", 404, 0)),
    ):
        client = client_of(cast, role)
        assert send(client, "GET", address).status_code == code, role
        assert send(client, "GET", SETS).json()["count"] == count, role
        if code == 404:
            assert {send(client, "POST", f"{address}/{verb}").status_code for verb in ("apply", "undo")} == {404}


def test_if_match_and_etag_of_a_change_set(cast: Cast) -> None:
    client = client_of(cast, "campaign_manager")
    # In another order than the database keeps them.
    operations = [operation("create", "campaign", **campaign_body()), operation("create", "ad", zz="", b="", a="")]
    created = send(client, "POST", SETS, {"operations": operations})
    address, tag = created["Location"], created["ETag"]

    read = send(client, "GET", address)
    assert (read["ETag"], read.content) == (tag, created.content)
    selection = send(client, "POST", f"{address}/apply", {"operations": operations[:1]})
    assert (selection.status_code, list(selection.json())) == (400, ["operations"])
    assert send(client, "POST", f"{address}/apply", **{"If-Match": '"other"'}).status_code == 412
    dry = send(client, "POST", f"{address}/apply?dry_run=true", **{"If-Match": tag})
    assert (dry.status_code, dry.json()["state"], Campaign.objects.count()) == (200, "applied", 0)
    assert send(client, "POST", f"{address}/apply", **{"If-Match": tag}).status_code == 200
    assert Campaign.objects.count() == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"operations": []},
        {"operations": None},
        {"operations": {}},
        {"operations": [1]},
        {"operations": [{}]},
        {"operations": [{"op": "create"}]},
        {"operations": [{"op": "explode", "resource": "ad"}]},
        {"operations": [{"op": "update", "resource": "user", "id": str(uuid4())}]},
        {"operations": [{"op": "update", "resource": "ad"}]},
        {"operations": [{"op": "update", "resource": "ad", "id": "x", "changes": {}}]},
        {"operations": [{"op": "update", "resource": "ad", "id": str(uuid4()), "changes": []}]},
        {"operations": [{"op": "delete", "resource": "ad", "id": str(uuid4()), "changes": {"a": 1}}]},
        {"operations": [{"op": "approve", "resource": "campaign", "id": str(uuid4())}]},
        {"operations": [{"op": "shift", "resource": "ad", "id": str(uuid4())}]},
        {"operations": [{"op": "create", "resource": "ad", "changes": {}}] * 1001},
        {"operations": [{"op": "create", "resource": "ad", "extra": 1}]},
    ],
)
def test_what_is_no_change_set_is_refused_by_name(cast: Cast, body: dict[str, Any]) -> None:
    answer = send(client_of(cast, "campaign_manager"), "POST", SETS, body)

    assert (answer.status_code, list(answer.json())) == (400, ["operations"]), answer.content
    assert not ChangeSet.objects.exists()


HOSTILE: list[Any] = [None, "", "\x00", "x" * 20_000, 10**30, -1, 1.5, True, [], [None], {}, {"a": {"b": []}}, "٣", "‮x"]


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value)[:20])
def test_hostile_values_are_refused_in_the_plan(cast: Cast, value: Any) -> None:
    client = client_of(cast, "app_admin")
    campaign = CampaignFactory()
    ad = AdFactory(campaign=campaign)
    advertiser = AdvertiserFactory(contact=True)
    fields = {
        "campaign": (
            campaign,
            ["campaign_name", "campaign_end_date", "advertiser_id", "audience_targeting"],
        ),
        "ad": (ad, ["ad_name", "media_url", "time_slots", "content_rating", "campaign_id", "ad_status"]),
        "advertiser": (advertiser, ["advertiser_name", "latitude", "contacts", "timezone"]),
    }
    operations = [
        operation(op, row if op != "create" else kind, **{name: value})
        for kind, (row, names) in fields.items()
        for name in names
        for op in ("update", "create", "move")
    ]
    operations += [operation("approve", ad, note=value), operation("shift", campaign, days=value)]
    operations += [operation("publish", campaign, ads=value), operation("reject", ad, version=value)]
    before = rows_of_others()

    planned = plan(client, *operations)

    assert rows_of_others() == before
    applied = apply(client, planned)
    assert applied.status_code in (200, 409), applied.content
    if applied.status_code == 200:
        assert undo(client, planned).status_code in (200, 409)


def test_ids_that_were_used_are_refused(cast: Cast) -> None:
    client = client_of(cast, "campaign_manager")
    stored_one = CampaignFactory(campaign_created_by=cast.colleague)
    former = CampaignFactory(campaign_created_by=cast.colleague)
    gone = str(former.pk)
    former.delete()
    twice = str(uuid4())

    planned = plan(
        client,
        *[
            {**operation("create", "campaign", **campaign_body()), "id": key}
            for key in (str(stored_one.pk), gone, twice, twice)
        ],
    )

    codes = [row["refusal"] and row["refusal"]["code"] for row in planned["rows"]]
    assert codes == ["key_was_used", "key_was_used", None, "key_was_used"]


def test_a_large_plan_takes_a_bounded_number_of_queries(cast: Cast, django_assert_max_num_queries: Any) -> None:
    client = client_of(cast, "app_admin")
    campaigns = CampaignFactory.create_batch(20)
    end = str(timezone.localdate() + timedelta(days=60))

    with django_assert_max_num_queries(30 + 20 * 8):
        planned = plan(client, *[operation("update", one, campaign_end_date=end) for one in campaigns])
    with django_assert_max_num_queries(40 + 20 * 8):
        assert apply(client, planned).status_code == 200
