"""Review: a moderator decides, and what a viewer sees afterwards is what was decided upon."""

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.tests.factories import Cast
from ads.choices import AdType, MediaType
from ads.models import Ad, AdContentRating
from ads.tests.factories import AdContentRatingFactory, AdFactory

pytestmark = pytest.mark.django_db


def stored(ad: Ad) -> Ad:
    """The ad as a later request loads it."""
    return Ad.objects.get(pk=ad.pk)


def test_a_new_ad_waits_for_review() -> None:
    assert AdFactory().moderation_status == "pending"


def test_an_approval_says_who_when_and_why(cast: Cast) -> None:
    new, now = AdFactory(), timezone.now()

    new.approve(cast.content_moderator, at=now, note=" Fine. ")

    ad = stored(new)
    assert (ad.moderation_status, ad.moderated_by, ad.moderated_at) == ("approved", cast.content_moderator, now)
    assert ad.moderation_note == "Fine."


def test_a_rejection_says_who_when_and_why(cast: Cast) -> None:
    approved, now = AdFactory(approved=True), timezone.now()

    approved.reject(cast.content_moderator, at=now, note="Too loud.")

    ad = stored(approved)
    assert (ad.moderation_status, ad.moderated_by, ad.moderated_at) == ("rejected", cast.content_moderator, now)
    assert ad.moderation_note == "Too loud."


@pytest.mark.parametrize("note", ["", "  \n"])
def test_a_rejection_without_a_note_is_refused(note: str, cast: Cast) -> None:
    ad = AdFactory()

    with pytest.raises(ValidationError, match="Say why") as refused:
        ad.reject(cast.content_moderator, at=timezone.now(), note=note)
    assert "note" in refused.value.message_dict
    assert stored(ad).moderation_status == "pending"


def test_an_approval_without_a_note_takes_an_old_note_away(cast: Cast) -> None:
    ad = AdFactory()
    ad.reject(cast.content_moderator, at=timezone.now(), note="Too loud.")

    ad.approve(cast.content_moderator, at=timezone.now())

    assert stored(ad).moderation_note is None


SEEN = {
    "ad_type_id": AdType.BOTTOM_LEFT,
    "ad_name": "Tea",
    "media_type": MediaType.IMAGE,
    "media_url": "https://example.com/other",
    "media_content": "Tea at the next exit",
    "ad_advertiser_forwarding_url": "https://example.com/shop",
}
UNSEEN = {
    "ad_description": "For the night shift",
    "ad_start_date": timezone.localdate,
    "ad_end_date": timezone.localdate,
    "ad_status": "inactive",
    "ad_impression_duration_value": 5,
    "ad_in_view_duration_value": 5,
}


@pytest.mark.parametrize("decision", ["approved", "rejected"])
@pytest.mark.parametrize("field", SEEN)
def test_changing_what_a_viewer_sees_sends_an_ad_back_to_review(field: str, decision: str, cast: Cast) -> None:
    ad = _reviewed(decision, cast)

    setattr(ad, field, SEEN[field])
    ad.full_clean()
    ad.save()

    ad = stored(ad)
    assert (ad.moderation_status, ad.moderated_by, ad.moderated_at, ad.moderation_note) == ("pending", None, None, None)


@pytest.mark.parametrize("field", SEEN)
def test_a_save_of_that_field_alone_sends_it_back_as_well(field: str, cast: Cast) -> None:
    ad = _reviewed("approved", cast)

    setattr(ad, field, SEEN[field])
    ad.save(update_fields=[field])

    assert stored(ad).moderation_status == "pending"


@pytest.mark.parametrize("field", UNSEEN)
def test_changing_what_no_viewer_sees_keeps_the_decision(field: str, cast: Cast) -> None:
    ad = _reviewed("approved", cast)

    value = UNSEEN[field]
    setattr(ad, field, value() if callable(value) else value)
    if field.endswith("_value"):
        setattr(ad, field.replace("_value", "_unit"), "seconds")
    ad.full_clean()
    ad.save()

    assert stored(ad).moderation_status == "approved"


def test_saving_the_same_again_keeps_the_decision(cast: Cast) -> None:
    ad = _reviewed("approved", cast)
    for field in SEEN:
        setattr(ad, field, getattr(ad, field))
    ad.save()

    assert stored(ad).moderation_status == "approved"


RATING_CHANGES = {
    "warning_required": False,
    "rating_label": "R",
    "content_warnings": ["Abuse"],
    "no_prohibited_content": False,
}


@pytest.mark.parametrize("decision", ["approved", "rejected"])
@pytest.mark.parametrize("field", RATING_CHANGES)
def test_another_rating_sends_an_ad_back_to_review(field: str, decision: str, cast: Cast) -> None:
    ad = _reviewed(decision, cast)
    rating = AdContentRating.objects.get(ad=ad)

    setattr(rating, field, RATING_CHANGES[field])
    rating.full_clean()
    rating.save()

    assert stored(ad).moderation_status == "pending"


def test_another_rating_system_sends_an_ad_back_to_review(cast: Cast) -> None:
    rating = AdContentRating.objects.get(ad=_reviewed("approved", cast))
    rating.rating_system, rating.rating_label = "ESRB", "E"
    rating.save()

    assert stored(rating.ad).moderation_status == "pending"


def test_the_same_rating_saved_again_keeps_the_decision(cast: Cast) -> None:
    rating = AdContentRating.objects.get(ad=_reviewed("approved", cast))
    rating.save()

    assert stored(rating.ad).moderation_status == "approved"


def test_a_first_rating_sends_an_ad_back_to_review() -> None:
    ad = AdFactory(approved=True)

    AdContentRatingFactory(ad=stored(ad))

    assert stored(ad).moderation_status == "pending"


def test_a_rating_taken_away_sends_an_ad_back_to_review(cast: Cast) -> None:
    ad = _reviewed("approved", cast)

    AdContentRating.objects.get(ad=ad).delete()

    assert stored(ad).moderation_status == "pending"


def test_an_ad_with_a_rating_can_be_deleted(cast: Cast) -> None:
    ad = _reviewed("approved", cast)

    ad.delete()

    assert not Ad.objects.exists()
    assert not AdContentRating.objects.exists()


def _reviewed(decision: str, cast: Cast) -> Ad:
    """An ad with a sworn rating, approved or rejected, as a later request loads it."""
    ad = AdFactory(rated=True, media_url="https://example.com/spot")
    if decision == "approved":
        ad.approve(cast.content_moderator, at=timezone.now())
    else:
        ad.reject(cast.content_moderator, at=timezone.now(), note="Too loud.")
    return stored(ad)
