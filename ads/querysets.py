"""Which ads."""

from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models.functions import Coalesce

from campaigns.choices import Status

if TYPE_CHECKING:
    from accounts.models import User


class AdQuerySet(models.QuerySet["Ad"]):
    """Ads."""

    def visible_to(self, user: "User") -> "AdQuerySet":
        """Everybody who is signed in may read ads (3-roles)."""
        return self if user.is_authenticated else self.none()

    def over_on(self, day: date) -> "AdQuerySet":
        """Those whose last day (their own, else the campaign's) is past, so that the calendar may have to move them."""
        last_day = Coalesce("ad_end_date", "campaign__campaign_end_date")
        over: AdQuerySet = self.alias(last_day=last_day).filter(last_day__lt=day)
        return over.exclude(ad_status__in=[Status.DRAFT, Status.EXPIRED])

    def as_document(self, user: "User") -> "AdQuerySet":
        """With everything one ad's page shows, in a constant number of queries."""
        return self.select_related("content_rating").prefetch_related("time_slots")


class PartOfAdQuerySet(models.QuerySet[Any]):
    """Slots and ratings."""

    def visible_to(self, user: "User") -> "PartOfAdQuerySet":
        """Whoever sees the ad."""
        return self if user.is_authenticated else self.none()
