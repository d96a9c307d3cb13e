"""A campaign and its ads, locked and read together."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ValidationError
from django.db.models import Model, Prefetch, prefetch_related_objects
from django.utils.translation import gettext

from ads.models import Ad
from campaign_studio.models.versioned import StaleError
from campaigns.models import Campaign


def lock_with_ads(campaign: Campaign) -> list[Ad]:
    """Lock the campaign and then its ads by key until the transaction ends. Return the ads in the order of lists.

    All are read anew, with the ratings of the ads. `campaign.ads.all()` contains these ads, and `ad.campaign` is this
    campaign, so each is validated against what the others will be. Raises StaleError if the campaign is gone.
    """
    try:
        campaign.refresh_from_db(from_queryset=Campaign.objects.select_for_update(of=("self",), no_key=True))
    except Campaign.DoesNotExist as error:
        raise StaleError(campaign) from error
    ads = Ad.objects.order_by("pk").select_related("content_rating").select_for_update(of=("self",))
    prefetch_related_objects([campaign], Prefetch("ads", queryset=ads))
    return sorted(campaign.ads.all(), key=lambda ad: (ad.created_at, ad.pk))


@contextmanager
def naming(row: Model) -> Iterator[None]:
    """Say in a ValidationError raised inside which row it is about."""
    try:
        yield
    except ValidationError as error:
        message = gettext("%(name)s: %(reason)s") % {"name": row, "reason": " ".join(error.messages)}
        raise ValidationError(message, code=first_code(error)) from error


def first_code(error: ValidationError) -> str:
    """The code of the first message."""
    messages = next(iter(error.error_dict.values())) if hasattr(error, "error_dict") else error.error_list
    return messages[0].code or "invalid"
