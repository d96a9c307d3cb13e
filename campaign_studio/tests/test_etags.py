"""`ETag` and `If-Match`: a client can't overwrite changes it hasn't seen."""

from collections import Counter
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import Cast, UserFactory, make_cast
from ads.models import Ad, AdViewDay
from ads.tests.factories import AdFactory, AdTimeSlotFactory, DeviceFactory
from advertisers.models import Advertiser
from advertisers.tests.factories import (
    AdvertiserBankAccountFactory,
    AdvertiserContactFactory,
    AdvertiserFactory,
)
from campaign_studio.api.etags import STALE, ETagMixin
from campaign_studio.models.versioned import StaleError
from campaign_studio.tests.bodies import ad_body, tokens_of
from campaign_studio.tests.together import at_once
from campaigns.models import Campaign
from campaigns.tests.factories import AudienceTargetingFactory, CampaignFactory

pytestmark = pytest.mark.django_db
ClientFor = Callable[[User | None], APIClient]

# Each kind of object with a change.
OBJECTS: dict[str, tuple[Callable[[], str], dict[str, Any]]] = {
    "campaign": (lambda: f"/api/campaigns/{CampaignFactory().pk}", {"campaign_name": "Other"}),
    "ad": (lambda: f"/api/ads/{AdFactory().pk}", {"ad_name": "Other"}),
    "advertiser": (lambda: f"/api/advertisers/{AdvertiserContactFactory().advertiser_id}", {"city": "Other"}),
    "contact": (lambda: _below("contacts", AdvertiserContactFactory()), {"contact_name": "Other"}),
    "bank account": (lambda: _below("bank-accounts", AdvertiserBankAccountFactory()), {"bank_name": "Other"}),
    "device": (lambda: f"/api/devices/{DeviceFactory().pk}", {"fleet": "Other"}),
    "user": (lambda: f"/api/users/{UserFactory().pk}", {"first_name": "Other"}),
    "oneself": (lambda: "/api/auth/me", {"first_name": "Other"}),
}


def _below(parts: str, part: Any) -> str:
    return f"/api/advertisers/{part.advertiser_id}/{parts}/{part.pk}"


@pytest.fixture
def admin(cast: Cast, client_for: ClientFor) -> APIClient:
    return client_for(cast.system_admin)


@pytest.fixture
def address(request: pytest.FixtureRequest) -> str:
    return OBJECTS[request.param][0]()


def each_object() -> Any:
    return pytest.mark.parametrize(
        ("address", "change"), [(name, change) for name, (_, change) in OBJECTS.items()], indirect=["address"]
    )


@each_object()
def test_every_object_has_an_etag_that_changes_with_it(admin: APIClient, address: str, change: dict[str, Any]) -> None:
    first = admin.get(address)["ETag"]
    again = admin.get(address)["ETag"]
    changed = admin.patch(address, change)

    assert changed.status_code == 200, changed.content
    assert first == again != changed["ETag"]
    assert first[0] == first[-1] == '"', "a strong tag"
    assert admin.get(address)["ETag"] == changed["ETag"]


@each_object()
def test_a_change_with_a_stale_etag_is_refused(admin: APIClient, address: str, change: dict[str, Any]) -> None:
    seen = admin.get(address)["ETag"]
    admin.patch(address, change)
    before = admin.get(address)

    refused = admin.patch(address, dict.fromkeys(change, "Mine"), headers={"If-Match": seen})

    assert (refused.status_code, refused.json()) == (412, {"detail": STALE})
    assert refused["ETag"] == before["ETag"]
    assert admin.get(address).content == before.content
    kept = admin.patch(address, dict.fromkeys(change, "Mine"), headers={"If-Match": f'"other", {before["ETag"]}'})
    assert kept.status_code == 200


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
@pytest.mark.parametrize("sent", ['"another"', "no tag at all", 'W/"weak"'])
def test_every_method_that_changes_an_object_checks_the_etag(admin: APIClient, method: str, sent: str) -> None:
    address = f"/api/campaigns/{CampaignFactory().pk}"
    document = admin.get(address).json()

    answer = getattr(admin, method)(address, None if method == "delete" else document, headers={"If-Match": sent})

    assert answer.status_code == 412
    assert admin.get(address).json() == document


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_a_review_can_name_the_reviewed_version(admin: APIClient, verb: str) -> None:
    address = f"/api/ads/{AdFactory(rated=True).pk}"
    seen = admin.get(address)["ETag"]
    admin.patch(address, {"ad_name": "Something else altogether"})

    stale = admin.post(f"{address}/{verb}", {"note": "Seen"}, headers={"If-Match": seen})
    fresh = admin.post(f"{address}/{verb}", {"note": "Seen"}, headers={"If-Match": stale["ETag"]})

    assert (stale.status_code, fresh.status_code) == (412, 200)


def test_a_star_matches_any_existing_object(admin: APIClient) -> None:
    campaign = CampaignFactory()
    address = f"/api/campaigns/{campaign.pk}"

    assert admin.patch(address, {"campaign_name": "Other"}, headers={"If-Match": "*"}).status_code == 200
    campaign.delete()
    assert admin.patch(address, {"campaign_name": "Other"}, headers={"If-Match": "*"}).status_code == 404


def test_a_user_without_permission_does_not_learn_the_etag(cast: Cast, client_for: ClientFor) -> None:
    address = f"/api/campaigns/{CampaignFactory().pk}"

    answer = client_for(cast.colleague).patch(address, {"campaign_name": "Other"}, headers={"If-Match": '"x"'})

    assert answer.status_code == 403
    assert "ETag" not in answer


def test_nested_rows_are_part_of_the_etag(admin: APIClient) -> None:
    ad = AdFactory(rated=True)
    slot = AdTimeSlotFactory(ad=ad)
    target = AudienceTargetingFactory(campaign=ad.campaign)
    contact = AdvertiserContactFactory()
    account = AdvertiserBankAccountFactory(advertiser=contact.advertiser)
    changes: list[tuple[str, Callable[[], Any]]] = [
        (
            f"/api/ads/{ad.pk}",
            lambda: admin.patch(f"/api/ads/{ad.pk}", {"content_rating": {"warning_required": False}}),
        ),
        (f"/api/ads/{ad.pk}", slot.delete),
        (f"/api/campaigns/{ad.campaign_id}", target.delete),
        (f"/api/campaigns/{ad.campaign_id}", lambda: admin.patch(f"/api/ads/{ad.pk}", {"ad_name": "Other"})),
        (
            f"/api/campaigns/{ad.campaign_id}",
            lambda: admin.post("/api/ads", ad_body(campaign_id=str(ad.campaign_id))),
        ),
        (
            f"/api/advertisers/{contact.advertiser_id}",
            lambda: admin.patch(_below("contacts", contact), {"contact_name": "Other"}),
        ),
        (f"/api/advertisers/{contact.advertiser_id}", lambda: admin.delete(_below("bank-accounts", account))),
    ]

    for address, change in changes:
        before = admin.get(address)["ETag"]
        change()
        assert admin.get(address)["ETag"] != before, address


def test_signing_in_does_not_conflict_with_an_edit(cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.user)
    before = client.get("/api/auth/me")

    tokens_of(cast.user)

    after = client.get("/api/auth/me")
    assert after.json()["last_login"] != before.json()["last_login"]
    assert after["ETag"] != before["ETag"]
    changed = client.patch("/api/auth/me", {"first_name": "Other"}, headers={"If-Match": before["ETag"]})
    assert changed.status_code == 200


def test_what_others_do_elsewhere_does_not_conflict_with_an_edit(admin: APIClient) -> None:
    """Another name of the advertiser or the campaign, views, and what they make of the allowed actions."""
    advertiser = AdvertiserContactFactory().advertiser
    ad = AdFactory(campaign=CampaignFactory(advertiser=advertiser))
    campaign, address = f"/api/campaigns/{ad.campaign_id}", f"/api/ads/{ad.pk}"
    before = {one: admin.get(one) for one in (campaign, address)}

    admin.patch(f"/api/advertisers/{advertiser.pk}", {"advertiser_name": "Other"})
    Campaign.objects.filter(pk=ad.campaign_id).update(campaign_name="Elsewhere")
    Ad.objects.filter(pk=ad.pk).update(ad_view_count=1)
    AdViewDay.objects.create(ad=ad, day=date(2026, 1, 1), view_count=1, view_seconds=1)

    renamed = admin.get(address)
    assert (renamed.json()["campaign_name"], renamed["ETag"]) != ("Elsewhere", before[address]["ETag"])
    assert admin.patch(address, {"ad_name": "Mine"}, headers={"If-Match": before[address]["ETag"]}).status_code == 200
    refused = admin.patch(campaign, {"campaign_name": "Mine"}, headers={"If-Match": before[campaign]["ETag"]})
    assert refused.status_code == 412


@pytest.mark.parametrize(
    "address",
    [
        "/api/campaigns/{ad.campaign_id}",
        "/api/ads/{ad.pk}",
        "/api/advertisers/{advertiser.pk}",
        "/api/campaigns",
        "/api/campaigns?cursor=&ordering=campaign_name",
        "/api/ads?search=ad",
        "/api/advertisers",
        "/api/moderation-queue",
        "/api/campaigns/{ad.campaign_id}/history",
        "/api/campaigns/{ad.campaign_id}/readiness",
        "/api/campaigns/{ad.campaign_id}/performance",
    ],
)
def test_a_client_does_not_get_again_what_it_has(admin: APIClient, address: str) -> None:
    advertiser = AdvertiserContactFactory().advertiser
    ad = AdFactory(campaign=CampaignFactory(advertiser=advertiser))
    address = address.format(ad=ad, advertiser=advertiser)
    first = admin.get(address)
    tag = first["ETag"]

    for sent in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = admin.get(address, headers={"If-None-Match": sent})
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", tag), sent
        assert (again["Cache-Control"], again["X-Request-ID"] != "") == ("private", True)
        assert "Content-Type" not in again
    for sent in ('"other"', "junk", tag[1:-1], tag[:-5] + '"'):
        answer = admin.get(address, headers={"If-None-Match": sent})
        assert (answer.status_code, answer.json()) == (200, first.json())
    admin.patch(f"/api/ads/{ad.pk}", {"ad_name": "Ad with another name"})
    admin.patch(f"/api/campaigns/{ad.campaign_id}", {"campaign_name": "Other", "campaign_max_view_count": 7})
    admin.patch(f"/api/advertisers/{advertiser.pk}", {"advertiser_name": "Other"})
    answer = admin.get(address, headers={"If-None-Match": tag})
    assert answer.status_code == 200
    assert answer["ETag"] != tag


def test_what_may_not_be_stored_and_what_was_earlier_has_no_tag_of_its_text(cast: Cast, admin: APIClient) -> None:
    campaign = CampaignFactory()

    assert "ETag" not in admin.get("/api/auth/sessions")
    assert "ETag" not in admin.get(f"/api/campaigns/{campaign.pk}?as_of={timezone.now().date()}")
    assert "ETag" not in admin.get("/api/campaigns?page=0")
    assert admin.get("/api/campaigns/x", headers={"If-None-Match": "*"}).status_code == 404


def two_renames(etag: bool) -> tuple[list[int], str]:
    """Two users who have read a campaign rename it at once; return both statuses and the resulting name."""
    owner = make_cast().owner
    address = f"/api/campaigns/{CampaignFactory(campaign_created_by=owner, campaign_name='Old').pk}"
    token = tokens_of(owner)["access_token"]
    seen = at_once(lambda client: client.get(address), token=token)[0]["ETag"]
    headers = {"If-Match": seen} if etag else {}

    answers = at_once(
        *[lambda client, name=name: client.patch(address, {"campaign_name": name}, headers=headers) for name in "AB"],
        token=token,
    )

    return [answer.status_code for answer in answers], Campaign.objects.get().campaign_name


@pytest.mark.django_db(transaction=True)
def test_one_of_two_concurrent_changes_of_the_same_version_is_refused() -> None:
    statuses, name = two_renames(etag=True)

    assert Counter(statuses) == {200: 1, 412: 1}
    assert name == "AB"[statuses.index(200)]


@pytest.mark.django_db(transaction=True)
def test_control_without_the_check_one_change_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ETagMixin, "check_match", lambda view, request, present: None)

    statuses, _ = two_renames(etag=True)

    assert statuses == [200, 200]


# --- The model's own check, for the console and commands ---


@pytest.mark.parametrize("factory", [CampaignFactory, AdFactory, AdvertiserFactory])
def test_a_stale_copy_can_not_be_saved(factory: Any) -> None:
    row = factory()
    mine, theirs = (type(row).objects.get(pk=row.pk) for _ in range(2))
    name = next(field.name for field in row._meta.fields if field.name.endswith("_name"))
    setattr(theirs, name, "Theirs")
    theirs.save()

    setattr(mine, name, "Mine")
    for way in ({}, {"update_fields": [name]}):
        with pytest.raises(StaleError) as refused, transaction.atomic():
            mine.save(**way)
        assert refused.value.messages == [
            f"“{mine}” has been changed or deleted by someone else in the meantime. Reload it and try again."
        ]

    stored = type(row).objects.get(pk=row.pk)
    assert (getattr(stored, name), stored.version) == ("Theirs", row.version + 1)


@pytest.mark.parametrize("factory", [CampaignFactory, AdFactory, AdvertiserFactory])
def test_a_deleted_row_is_not_recreated_by_a_stale_copy(factory: Any) -> None:
    row = factory()
    mine = type(row).objects.get(pk=row.pk)
    row.delete()

    with pytest.raises(StaleError), transaction.atomic():
        mine.save()

    assert not type(mine).objects.filter(pk=mine.pk).exists()


@pytest.mark.parametrize(
    ("whole", "part"),
    [
        (Campaign, AudienceTargetingFactory),
        (Ad, AdTimeSlotFactory),
        (Advertiser, AdvertiserContactFactory),
        (Advertiser, AdvertiserBankAccountFactory),
    ],
)
def test_a_change_of_a_part_counts_as_a_change_of_the_whole(whole: Any, part: Any) -> None:
    row = part()
    versions = [whole.objects.get().version]
    row.save()
    versions.append(whole.objects.get().version)
    row.delete()
    versions.append(whole.objects.get().version)

    assert versions == sorted(set(versions)), "one more each time"


def test_a_failed_save_can_be_repeated() -> None:
    campaign = CampaignFactory()
    end, campaign.campaign_end_date = campaign.campaign_end_date, date(2000, 1, 1)
    with pytest.raises(IntegrityError), transaction.atomic():
        campaign.save()

    campaign.campaign_end_date = end
    campaign.save()

    assert Campaign.objects.get().version == campaign.version == 2
