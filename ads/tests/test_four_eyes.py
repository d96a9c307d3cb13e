"""An approval must come from someone who didn't create the ad, and applies only to the version that they saw."""

import re
from collections import Counter
from collections.abc import Callable
from threading import Barrier
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import models
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import Cast, make_cast
from ads.models import Ad
from ads.moderation import FOUR_EYES
from ads.querysets import AdQuerySet
from ads.tests.factories import AdFactory
from campaign_studio.models.versioned import StaleError, VersionedModel
from campaign_studio.tests.bodies import tokens_of
from campaign_studio.tests.browser import form_data, messages_of
from campaign_studio.tests.together import at_once
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db
ClientFor = Callable[[User | None], APIClient]
ConsoleFor = Callable[[User | None], Client]


def made_by(user: User, how: str) -> Ad:
    """An ad that the user created, or in a campaign that the user created."""
    campaign = CampaignFactory(**({"campaign_created_by": user} if how == "campaign" else {}))
    ad: Ad = AdFactory(campaign=campaign, rated=True, **({"ad_created_by": user} if how == "ad" else {}))
    return ad


# --- Four eyes ---


@pytest.mark.parametrize("how", ["campaign", "ad"])
def test_a_user_cannot_approve_what_they_created(how: str, cast: Cast) -> None:
    ad = made_by(cast.app_admin, how)

    with pytest.raises(PermissionDenied) as refused:
        ad.approve(cast.app_admin, at=timezone.now())

    assert str(refused.value) == "You created this ad or its campaign, so someone else must approve it."
    assert Ad.objects.get().moderation_status == "pending"


@pytest.mark.parametrize("how", ["campaign", "ad"])
def test_the_api_says_who_must_approve(how: str, cast: Cast, client_for: ClientFor) -> None:
    ad = made_by(cast.app_admin, how)

    refused = client_for(cast.app_admin).post(f"/api/ads/{ad.pk}/approve")
    taken = client_for(cast.system_admin).post(f"/api/ads/{ad.pk}/approve")

    assert (refused.status_code, refused.json()) == (403, {"detail": FOUR_EYES})
    assert taken.status_code == 200


def test_the_console_says_who_must_approve_and_approves_the_others(cast: Cast, console_for: ConsoleFor) -> None:
    own, other = made_by(cast.app_admin, "ad"), AdFactory(rated=True)
    client = console_for(cast.app_admin)
    chosen = {"action": "approve_selected", "_selected_action": [str(own.pk), str(other.pk)]}

    assert str(FOUR_EYES) in client.post("/admin/ads/ad/", chosen).content.decode()
    answer = client.post("/admin/ads/ad/", chosen | {"decide": "", "note": ""}, follow=True)

    assert set(messages_of(answer)) == {f"{own}: {FOUR_EYES}", "1 ad was approved."}
    assert [Ad.objects.get(pk=ad.pk).moderation_status for ad in (own, other)] == ["pending", "approved"]


def test_the_page_of_a_users_own_ad_has_no_approve_button(cast: Cast, console_for: ConsoleFor) -> None:
    client = console_for(cast.app_admin)
    for ad, may in ((made_by(cast.app_admin, "ad"), False), (AdFactory(), True)):
        content = client.get(f"/admin/ads/ad/{ad.pk}/change/").content.decode()
        assert (f"/admin/ads/ad/{ad.pk}/approve" in content) is may
        assert f"/admin/ads/ad/{ad.pk}/reject" in content
        assert (str(FOUR_EYES) in content) is not may


@pytest.mark.parametrize("how", ["campaign", "ad"])
def test_a_user_may_reject_what_they_created(how: str, cast: Cast, client_for: ClientFor) -> None:
    ad = made_by(cast.app_admin, how)

    assert client_for(cast.app_admin).post(f"/api/ads/{ad.pk}/reject", {"note": "Not ready"}).status_code == 200


def test_the_setting_turns_four_eyes_off(cast: Cast, client_for: ClientFor, settings: Any) -> None:
    settings.FOUR_EYES = False
    ad = made_by(cast.app_admin, "ad")

    assert client_for(cast.app_admin).post(f"/api/ads/{ad.pk}/approve").status_code == 200


# --- The version that was seen ---


@pytest.mark.parametrize("action", ["approve", "reject"])
def test_a_review_of_an_older_version_is_refused(action: str, cast: Cast) -> None:
    ad = AdFactory(rated=True)
    ad.refresh_from_db()
    seen = ad.version
    ad.ad_name = "Something else"
    ad.save()

    with pytest.raises(StaleError):
        getattr(ad, action)(cast.content_moderator, at=timezone.now(), note="Seen", version=seen)
    getattr(ad, action)(cast.content_moderator, at=timezone.now(), note="Seen", version=ad.version)


@pytest.mark.parametrize("action", ["approve", "reject"])
def test_the_api_answers_412_with_the_current_etag(action: str, cast: Cast, client_for: ClientFor) -> None:
    ad = AdFactory(rated=True)
    client = client_for(cast.content_moderator)
    seen = client.get(f"/api/ads/{ad.pk}").json()["version"]
    client_for(cast.app_admin).patch(f"/api/ads/{ad.pk}", {"ad_name": "Something else"})

    refused = client.post(f"/api/ads/{ad.pk}/{action}", {"note": "Seen", "version": seen})

    present = client.get(f"/api/ads/{ad.pk}")
    assert (refused.status_code, refused["ETag"]) == (412, present["ETag"])
    assert refused.data["detail"].code == "stale"
    assert present.json()["moderation_status"] == "pending"
    again = client.post(f"/api/ads/{ad.pk}/{action}", {"note": "Seen", "version": present.json()["version"]})
    assert again.status_code == 200


@pytest.mark.parametrize("version", [0, -1, "x", 2**40, [1]])
def test_an_invalid_version_is_refused(version: Any, cast: Cast, client_for: ClientFor) -> None:
    answer = client_for(cast.content_moderator).post(f"/api/ads/{AdFactory().pk}/approve", {"version": version})

    assert (answer.status_code, set(answer.json())) == (400, {"version"})


def shown_versions(page: Any) -> dict[str, str]:
    """The versions in the hidden fields of a review page."""
    return dict(re.findall(r'name="(version_[0-9a-f-]+)" value="(\d+)"', page.content.decode()))


def test_the_console_asks_again_about_an_ad_that_has_changed_since(cast: Cast, console_for: ConsoleFor) -> None:
    ads = [AdFactory(rated=True, ad_name=name) for name in ("One", "Other")]
    client, editor = console_for(cast.content_moderator), console_for(cast.app_admin)
    chosen = {"action": "approve_selected", "_selected_action": [str(ad.pk) for ad in ads]}
    seen = shown_versions(client.post("/admin/ads/ad/", chosen))
    page = f"/admin/ads/ad/{ads[0].pk}/change/"
    assert editor.post(page, form_data(editor.get(page), ad_name="Changed")).status_code == 302

    again = client.post("/admin/ads/ad/", chosen | seen | {"decide": "", "note": "Kept"})

    assert len(seen) == 2
    assert again.status_code == 200, "the page is shown again, with the changed ad only"
    assert [ad.ad_name for ad, _ in again.context["ads"]] == ["Changed"]
    assert again.context["form"]["note"].value() == "Kept"
    said = messages_of(again)
    assert any("“Changed” was changed by app_admin at " in text for text in said)
    assert [Ad.objects.get(pk=ad.pk).moderation_status for ad in ads] == ["pending", "approved"]

    chosen["_selected_action"] = [str(ads[0].pk)]
    client.post("/admin/ads/ad/", chosen | shown_versions(again) | {"decide": "", "note": ""})
    assert Ad.objects.get(pk=ads[0].pk).moderation_status == "approved"


def test_changing_the_rating_creates_a_new_version(cast: Cast, console_for: ConsoleFor) -> None:
    ad = AdFactory(rated=True, ad_name="Rated")
    client, editor = console_for(cast.content_moderator), console_for(cast.app_admin)
    address, page = f"/admin/ads/ad/{ad.pk}/approve/", f"/admin/ads/ad/{ad.pk}/change/"
    seen = shown_versions(client.get(address, follow=True))
    editor.post(page, form_data(editor.get(page), **{"content_rating-0-rating_label": "R"}))

    refused = client.post(address, seen | {"decide": "", "note": ""})

    assert refused.status_code == 200
    assert any("“Rated” was changed by app_admin at " in text for text in messages_of(refused))
    assert "Content rating: MPAA R" in refused.content.decode()
    assert client.post(address, shown_versions(refused) | {"decide": "", "note": ""}).status_code == 302
    assert Ad.objects.get().moderation_status == "approved"


@pytest.mark.parametrize("odd", ["", "x", "-1", "9" * 5000, "\x00"])
def test_an_invalid_version_counts_as_outdated(odd: str, cast: Cast, console_for: ConsoleFor) -> None:
    ad = AdFactory()

    answer = console_for(cast.content_moderator).post(
        f"/admin/ads/ad/{ad.pk}/approve/", {"decide": "", "note": "", f"version_{ad.pk}": odd}
    )

    assert answer.status_code == 200
    assert Ad.objects.get().moderation_status == "pending"


def test_ads_that_have_been_deleted_since_are_reported(cast: Cast, console_for: ConsoleFor) -> None:
    gone, other = AdFactory(), AdFactory(rated=True)
    client = console_for(cast.content_moderator)
    chosen = {"action": "approve_selected", "_selected_action": [str(gone.pk), str(other.pk)]}
    seen = shown_versions(client.post("/admin/ads/ad/", chosen))
    gone.delete()

    answer = client.post("/admin/ads/ad/", chosen | seen | {"decide": "", "note": ""}, follow=True)
    assert messages_of(answer) == ["1 of the selected ads no longer exists.", f"“{other}” was approved."]

    other.delete()
    answer = client.post("/admin/ads/ad/", chosen | seen | {"decide": "", "note": ""}, follow=True)
    assert messages_of(answer) == ["2 of the selected ads no longer exist."]


def review_at_once() -> list[int]:
    """Approve and reject the same version simultaneously. Returns the status codes."""
    cast = make_cast()
    ad = AdFactory(rated=True)
    ad.refresh_from_db()
    body = {"version": ad.version, "note": "Seen"}
    token = tokens_of(cast.content_moderator)["access_token"]
    answers = at_once(
        *[lambda client, verb=verb: client.post(f"/api/ads/{ad.pk}/{verb}", body) for verb in ("approve", "reject")],
        token=token,
    )
    return [answer.status_code for answer in answers]


@pytest.mark.django_db(transaction=True)
def test_one_of_two_simultaneous_reviews_is_refused() -> None:
    statuses = review_at_once()

    assert Counter(statuses) == {200: 1, 412: 1}
    assert Ad.objects.get().moderation_status == ["approved", "rejected"][statuses.index(200)]


@pytest.mark.django_db(transaction=True)
def test_control_without_lock_and_version_check_both_succeed(monkeypatch: pytest.MonkeyPatch) -> None:
    read = Barrier(2)
    record = Ad._record_review

    def unlocked(ads: AdQuerySet, key: Any) -> AdQuerySet:
        return ads.filter(pk=key)

    def together(ad: Ad, *args: Any) -> None:
        read.wait(timeout=30)
        record(ad, *args)

    monkeypatch.setattr(AdQuerySet, "for_change", unlocked)
    monkeypatch.setattr(Ad, "_record_review", together)
    monkeypatch.setattr(VersionedModel, "_do_update", models.Model._do_update)

    assert review_at_once() == [200, 200]


# --- What the creator sees ---


def test_a_user_who_may_not_review_is_not_told_about_four_eyes(cast: Cast, console_for: ConsoleFor) -> None:
    ad = made_by(cast.owner, "campaign")

    assert str(FOUR_EYES) not in console_for(cast.owner).get(f"/admin/ads/ad/{ad.pk}/change/").content.decode()


def test_the_creator_sees_the_reason_at_the_top_of_the_page(cast: Cast, console_for: ConsoleFor) -> None:
    ad = AdFactory(campaign=CampaignFactory(campaign_created_by=cast.owner), rated=True)
    client = console_for(cast.owner)
    page = f"/admin/ads/ad/{ad.pk}/change/"
    assert "then goes back to review" not in client.get(page).content.decode()

    ad.refresh_from_db()
    ad.reject(cast.content_moderator, at=timezone.now(), note="The <b>logo</b> is too loud")
    content = client.get(page).content.decode()

    assert "Rejected by content_moderator on " in content
    assert "The &lt;b&gt;logo&lt;/b&gt; is too loud" in content
    assert "then goes back to review" in content
    assert "then goes back to review" not in console_for(cast.colleague).get(page).content.decode()
    client.post(page, form_data(client.get(page), media_content="Quieter"))
    assert Ad.objects.get().moderation_status == "pending"
    assert "Rejected by" not in client.get(page).content.decode()
