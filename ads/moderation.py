"""What moderators judge, and by which rules. The verbs that give a verdict are the ad's own."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError

from campaign_studio.acting import Reader

if TYPE_CHECKING:
    from ads.models import Ad

# Changing any of these changes what a viewer sees: the verdict counts no more.
SEEN_BY_VIEWERS = (
    "ad_type_id",
    "ad_name",
    "media_type",
    "media_url",
    "media_content",
    "ad_advertiser_forwarding_url",
)
# The columns of a verdict.
VERDICT = ("moderation_status", "moderated_by", "moderated_at", "moderation_note")
FOUR_EYES = "You made this ad or its campaign: somebody else has to approve it."
NOTE_MISSING = "Say why: the creator reads this note."


def is_out_of_date(ad: "Ad") -> bool:
    """Whether viewers would see something else than what is stored."""
    return any(ad.has_changed(name) for name in SEEN_BY_VIEWERS)


def may_be_approved_by(ad: "Ad", user: Reader) -> bool:
    """Four eyes: those who made the ad, or its campaign, have another person approve it (setting `FOUR_EYES`)."""
    return not settings.FOUR_EYES or user.pk not in (ad.ad_created_by_id, ad.campaign.campaign_created_by_id)


def check_approval(ad: "Ad", user: Reader) -> None:
    """Raise PermissionDenied for those who made it."""
    if not may_be_approved_by(ad, user):
        raise PermissionDenied(FOUR_EYES)


def check_rejection(note: str) -> None:
    """Raise ValidationError without a note: the creator needs the reason."""
    if not note.strip():
        raise ValidationError({"note": NOTE_MISSING})
