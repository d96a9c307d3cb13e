"""Review: who approved or rejected an ad and why, and which changes make it pending review again."""

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.tests.factories import Cast
from ads.choices import AdType, MediaType
from ads.models import Ad, AdContentRating
from ads.tests.factories import AdContentRatingFactory, AdFactory

pytestmark = pytest.mark.django_db


def stored(ad: Ad) -> Ad:
    """The ad, loaded again."""
    return Ad.objects.get(pk=ad.pk)


def test_a_new_ad_is_pending_review() -> None:
    assert AdFactory().moderation_status == "pending"


def test_an_approval_records_who_when_and_the_note(cast: Cast) -> None:
    new, now = AdFactory(rated=True), timezone.now()

    new.approve(cast.content_moderator, at=now, note=" Fine. ")

    ad = stored(new)
    assert (ad.moderation_status, ad.moderated_by, ad.moderated_at) == ("approved", cast.content_moderator, now)
    assert ad.moderation_note == "Fine."


def test_a_rejection_records_who_when_and_the_note(cast: Cast) -> None:
    approved, now = AdFactory(approved=True), timezone.now()

    approved.reject(cast.content_moderator, at=now, note="Too loud.")

    ad = stored(approved)
    assert (ad.moderation_status, ad.moderated_by, ad.moderated_at) == ("rejected", cast.content_moderator, now)
    assert ad.moderation_note == "Too loud."


@pytest.mark.parametrize("note", ["", "  \n"])
def test_a_rejection_without_a_note_is_refused(note: str, cast: Cast) -> None:
    ad = AdFactory()

    with pytest.raises(ValidationError) as refused:
        ad.reject(cast.content_moderator, at=timezone.now(), note=note)
    message = "Enter the reason for the rejection. The creator of the ad will read it."
    assert refused.value.message_dict == {"note": [message]}
    assert [error.code for error in refused.value.error_dict["note"]] == ["required"]
    assert stored(ad).moderation_status == "pending"


def test_an_approval_without_a_note_clears_the_old_note(cast: Cast) -> None:
    ad = AdFactory(rated=True)
    ad.reject(cast.content_moderator, at=timezone.now(), note="Too loud.")

    ad.approve(cast.content_moderator, at=timezone.now())

    assert stored(ad).moderation_note is None


VISIBLE = {
    "ad_type_id": AdType.BOTTOM_LEFT,
    "ad_name": "Tea",
    "media_type": MediaType.IMAGE,
    "media_url": "https://example.com/other",
    "media_content": "Tea at the next exit",
    "ad_advertiser_forwarding_url": "https://example.com/shop",
    "ad_impression_duration_value": 3600,
    "ad_impression_duration_unit": "minutes",
}
INVISIBLE = {
    "ad_description": "For the night shift",
    "ad_start_date": timezone.localdate,
    "ad_end_date": timezone.localdate,
    "ad_status": "inactive",
    "ad_in_view_duration_value": 5,
}


@pytest.mark.parametrize("outcome", ["approved", "rejected"])
@pytest.mark.parametrize("field", VISIBLE)
def test_changing_what_viewers_see_makes_an_ad_pending_review(field: str, outcome: str, cast: Cast) -> None:
    ad = _reviewed(outcome, cast)

    setattr(ad, field, VISIBLE[field])
    ad.full_clean()
    ad.save()

    ad = stored(ad)
    assert (ad.moderation_status, ad.moderated_by, ad.moderated_at, ad.moderation_note) == ("pending", None, None, None)


@pytest.mark.parametrize("field", VISIBLE)
def test_saving_only_a_field_that_viewers_see_makes_an_ad_pending_review(field: str, cast: Cast) -> None:
    ad = _reviewed("approved", cast)

    setattr(ad, field, VISIBLE[field])
    ad.save(update_fields=[field])

    assert stored(ad).moderation_status == "pending"


@pytest.mark.parametrize("field", INVISIBLE)
def test_changing_what_viewers_do_not_see_keeps_the_review(field: str, cast: Cast) -> None:
    ad = _reviewed("approved", cast)

    value = INVISIBLE[field]
    setattr(ad, field, value() if callable(value) else value)
    if field.endswith("_value"):
        setattr(ad, field.replace("_value", "_unit"), "seconds")
    ad.full_clean()
    ad.save()

    assert stored(ad).moderation_status == "approved"


def test_saving_without_changes_keeps_the_review(cast: Cast) -> None:
    ad = _reviewed("approved", cast)
    for field in VISIBLE:
        setattr(ad, field, getattr(ad, field))
    ad.save()

    assert stored(ad).moderation_status == "approved"


RATING_CHANGES = {
    "warning_required": False,
    "rating_label": "R",
    "content_warnings": ["Abuse"],
    "no_prohibited_content": False,
}


@pytest.mark.parametrize("outcome", ["approved", "rejected"])
@pytest.mark.parametrize("field", RATING_CHANGES)
def test_changing_the_rating_makes_an_ad_pending_review(field: str, outcome: str, cast: Cast) -> None:
    ad = _reviewed(outcome, cast)
    rating = AdContentRating.objects.get(ad=ad)

    setattr(rating, field, RATING_CHANGES[field])
    rating.full_clean()
    rating.save()

    assert stored(ad).moderation_status == "pending"


def test_changing_the_rating_system_makes_an_ad_pending_review(cast: Cast) -> None:
    rating = AdContentRating.objects.get(ad=_reviewed("approved", cast))
    rating.rating_system, rating.rating_label = "ESRB", "E"
    rating.save()

    assert stored(rating.ad).moderation_status == "pending"


def test_saving_the_rating_without_changes_keeps_the_review(cast: Cast) -> None:
    rating = AdContentRating.objects.get(ad=_reviewed("approved", cast))
    rating.save()

    assert stored(rating.ad).moderation_status == "approved"


def test_adding_a_rating_makes_a_rejected_ad_pending_review(cast: Cast) -> None:
    ad = AdFactory()
    ad.reject(cast.content_moderator, at=timezone.now(), note="Too loud.")

    AdContentRatingFactory(ad=stored(ad))

    assert stored(ad).moderation_status == "pending"


def test_deleting_the_rating_makes_an_ad_pending_review(cast: Cast) -> None:
    ad = _reviewed("approved", cast)

    AdContentRating.objects.get(ad=ad).delete()

    assert stored(ad).moderation_status == "pending"


def test_an_ad_with_a_rating_can_be_deleted(cast: Cast) -> None:
    ad = _reviewed("approved", cast)

    ad.delete()

    assert not Ad.objects.exists()
    assert not AdContentRating.objects.exists()


def _reviewed(outcome: str, cast: Cast) -> Ad:
    """An ad with a content declaration, approved or rejected, loaded again."""
    ad = AdFactory(
        rated=True,
        media_url="https://example.com/spot",
        ad_impression_duration_value=15,
        ad_impression_duration_unit="seconds",
    )
    if outcome == "approved":
        ad.approve(cast.content_moderator, at=timezone.now())
    else:
        ad.reject(cast.content_moderator, at=timezone.now(), note="Too loud.")
    return stored(ad)
