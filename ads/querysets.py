"""Which ads."""

from datetime import date
from typing import TYPE_CHECKING

from django.db.models.functions import Coalesce

from campaign_studio.querysets import StudioQuerySet
from campaigns.choices import Status

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User


class AdQuerySet(StudioQuerySet):
    """Ads."""

    def visible_to(self, user: "User | AnonymousUser") -> "AdQuerySet":
        """Everybody who is signed in may read ads (3-roles)."""
        return self if user.is_authenticated else self.none()

    def over_on(self, day: date) -> "AdQuerySet":
        """Those whose last day (their own, else the campaign's) is past, so that the calendar may have to move them."""
        last_day = Coalesce("ad_end_date", "campaign__campaign_end_date")
        over: AdQuerySet = self.alias(last_day=last_day).filter(last_day__lt=day)
        return over.exclude(ad_status__in=[Status.DRAFT, Status.EXPIRED])

    def as_document(self, user: "User | AnonymousUser") -> "AdQuerySet":
        """With everything one ad's page shows, in a constant number of queries."""
        return self.select_related("content_rating").prefetch_related("time_slots")


class PartOfAdQuerySet(StudioQuerySet):
    """Slots and ratings."""

    def visible_to(self, user: "User | AnonymousUser") -> "PartOfAdQuerySet":
        """Whoever sees the ad."""
        return self if user.is_authenticated else self.none()
