"""The rules of review: what is reviewed, and who may approve it. `Ad.approve()` and `Ad.reject()` apply them."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils.translation import gettext_lazy as _

from campaign_studio.acting import Reader

if TYPE_CHECKING:
    from ads.models import Ad

# A change to any of these changes what viewers see, or for how long, so the ad has to be reviewed again.
VISIBLE_FIELDS = (
    "ad_type_id",
    "ad_name",
    "media_type",
    "media_url",
    "media_content",
    "ad_advertiser_forwarding_url",
    "ad_impression_duration_value",
    "ad_impression_duration_unit",
)
# What a review writes, and what a reset clears.
REVIEW_FIELDS = ("moderation_status", "moderated_by", "moderated_at", "moderation_note")
FOUR_EYES = _("You created this ad or its campaign, so someone else must approve it.")
NO_DECLARATION = _("This ad can't be activated: confirm the content declaration in its content rating first.")
UNRATED = _("This ad can't be approved: confirm the content declaration in its content rating first.")
NOTE_MISSING = _("Enter the reason for the rejection. The creator of the ad will read it.")


class UnratedError(ValidationError):
    """The ad has no content rating with a content declaration, so nobody can approve it."""

    def __init__(self) -> None:
        super().__init__(UNRATED, code="no_declaration")


def needs_new_review(ad: "Ad") -> bool:
    """Whether the ad has unsaved changes that viewers would see."""
    return any(ad.has_changed(name) for name in VISIBLE_FIELDS)


def may_be_approved_by(ad: "Ad", user: Reader) -> bool:
    """Whether the user created neither the ad nor its campaign. Always true without the setting `FOUR_EYES`."""
    return not settings.FOUR_EYES or user.pk not in (ad.ad_created_by_id, ad.campaign.campaign_created_by_id)


def is_declared(ad: "Ad") -> bool:
    """Whether the ad has a content rating in which the content declaration is confirmed."""
    rating = getattr(ad, "content_rating", None)
    return rating is not None and rating.no_prohibited_content


def check_approval(ad: "Ad", user: Reader) -> None:
    """Raise PermissionDenied if the user may not approve the ad, and UnratedError if nobody may."""
    if not may_be_approved_by(ad, user):
        raise PermissionDenied(FOUR_EYES)
    if not is_declared(ad):
        raise UnratedError


def check_rejection(note: str) -> None:
    """Raise ValidationError if the note is blank: a rejection needs a reason."""
    if not note.strip():
        raise ValidationError({"note": ValidationError(NOTE_MISSING, code="required")})
