"""An ad is approved only with a content rating that confirms the content declaration, whoever removes it meanwhile."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.choices import RoleName
from accounts.models import User
from accounts.tests.factories import Cast, UserFactory
from ads.models import Ad, AdContentRating
from ads.moderation import UNRATED
from ads.tests.factories import AdContentRatingFactory, AdFactory
from ads.tests.test_races import race
from campaign_studio.tests.browser import messages_of

pytestmark = pytest.mark.django_db

ClientFor = Callable[[User | None], APIClient]
ConsoleFor = Callable[[User | None], Client]


def unrated(**fields: Any) -> Ad:
    """An ad with a content rating, but without its content declaration."""
    ad: Ad = AdFactory(**fields)
    AdContentRatingFactory(ad=ad)
    return ad


@pytest.mark.parametrize("make", [AdFactory, unrated], ids=["no rating", "no declaration"])
def test_an_ad_without_a_content_declaration_is_not_approved(
    make: Callable[[], Ad], cast: Cast, client_for: ClientFor
) -> None:
    ad = make()
    client = client_for(cast.content_moderator)

    refused = client.post(f"/api/ads/{ad.pk}/approve")

    assert (refused.status_code, refused.json()) == (
        409,
        {"detail": "This ad can't be approved: confirm the content declaration in its content rating first."},
    )
    assert refused.data["detail"].code == "no_declaration"
    assert Ad.objects.get().moderation_status == "pending"
    assert client.post(f"/api/ads/{ad.pk}/reject", {"note": "Unrated"}).status_code == 200
    client.put(f"/api/ads/{ad.pk}/content-rating", {"no_prohibited_content": True})
    assert client.post(f"/api/ads/{ad.pk}/approve").status_code == 200


def test_the_console_says_so_for_one_ad(cast: Cast, console_for: ConsoleFor) -> None:
    ad = unrated(ad_name="Coffee")

    answer = console_for(cast.content_moderator).post(
        f"/admin/ads/ad/{ad.pk}/approve/", {"decide": "", "note": ""}, follow=True
    )

    assert messages_of(answer) == [f"Coffee: {UNRATED}"]
    assert Ad.objects.get().moderation_status == "pending"


def test_the_console_says_so_for_some_of_several_ads(cast: Cast, console_for: ConsoleFor) -> None:
    ads: list[Ad] = [unrated(ad_name="Coffee"), AdFactory(ad_name="Tea", rated=True)]
    chosen = {"action": "approve_selected", "_selected_action": [str(ad.pk) for ad in ads], "decide": "", "note": ""}

    answer = console_for(cast.content_moderator).post("/admin/ads/ad/", chosen, follow=True)

    assert set(messages_of(answer)) == {f"Coffee: {UNRATED}", "1 ad was approved."}
    assert [Ad.objects.get(pk=ad.pk).moderation_status for ad in ads] == ["pending", "approved"]


# --- When the rating is removed at the same moment ---


def approve_and_remove() -> list[str]:
    """Approve an ad and delete its rating at once, both as read before. Returns the outcomes."""
    ad = AdFactory(rated=True)
    moderator = UserFactory(role=RoleName.CONTENT_MODERATOR)
    seen, rating = Ad.objects.get(pk=ad.pk), AdContentRating.objects.select_related("ad").get()
    return race(lambda: seen.approve(moderator, at=timezone.now()), rating.delete)


def is_approved_without_rating() -> bool:
    return Ad.objects.filter(moderation_status="approved", content_rating__isnull=True).exists()


@pytest.mark.django_db(transaction=True)
def test_no_ad_is_approved_whose_rating_is_removed_at_the_same_moment() -> None:
    for _ in range(8):
        outcomes = approve_and_remove()

        assert not is_approved_without_rating(), outcomes
        Ad.objects.all().delete()


@pytest.mark.django_db(transaction=True)
def test_a_rating_that_was_read_before_the_approval_is_not_removed_unseen() -> None:
    ad = AdFactory(rated=True)
    rating = AdContentRating.objects.select_related("ad").get()
    Ad.objects.get(pk=ad.pk).approve(UserFactory(role=RoleName.CONTENT_MODERATOR), at=timezone.now())

    assert race(rating.delete) == ["stale"]
    assert not is_approved_without_rating()


@pytest.mark.django_db(transaction=True)
def test_control_with_the_status_that_was_read_the_ad_stays_approved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without reading the review again under the lock, a removal that waited for the approval doesn't notice it."""
    monkeypatch.setattr(Ad, "refresh_from_db", lambda *args, **kwargs: None)
    ad = AdFactory(rated=True)
    rating = AdContentRating.objects.select_related("ad").get()
    Ad.objects.get(pk=ad.pk).approve(UserFactory(role=RoleName.CONTENT_MODERATOR), at=timezone.now())

    assert race(rating.delete) == ["done"]
    assert is_approved_without_rating()
