"""Which ads."""

from datetime import date
from typing import TYPE_CHECKING, Any

from django.db.models.functions import Coalesce

from ads.choices import ModerationStatus
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

    def awaiting_review(self, *, on: date) -> "AdQuerySet":
        """What moderators still have to decide about: what goes live soonest comes first.

        Ads whose run is over on that day, or that have expired, can wait.
        """
        last_day = Coalesce("ad_end_date", "campaign__campaign_end_date")
        waiting = self.alias(last_day=last_day).filter(moderation_status=ModerationStatus.PENDING, last_day__gte=on)
        queue: AdQuerySet = waiting.exclude(ad_status=Status.EXPIRED).with_goes_live_on()
        return queue.order_by("goes_live_on", "created_at", "ad_id")

    def with_goes_live_on(self) -> "AdQuerySet":
        """With `goes_live_on`: its first day, else its campaign's."""
        ads: AdQuerySet = self.annotate(goes_live_on=Coalesce("ad_start_date", "campaign__campaign_start_date"))
        return ads

    def for_change(self, key: Any) -> "AdQuerySet":
        """The one with this key, locked until the transaction ends: its campaign first (8-reliability R1)."""
        campaigns = self.model._meta.get_field("campaign").related_model._default_manager
        campaigns.filter(ads=key).select_for_update(of=("self",), no_key=True).first()
        locked: AdQuerySet = self.filter(pk=key).select_for_update(of=("self",))
        return locked

    def as_rows(self) -> "AdQuerySet":
        """With its campaign and first day."""
        return self.with_goes_live_on().select_related("campaign")

    def as_document(self, user: "User | AnonymousUser") -> "AdQuerySet":
        """With everything one ad's page shows, in a constant number of queries."""
        return self.select_related("content_rating").prefetch_related("time_slots")


class PartOfAdQuerySet(StudioQuerySet):
    """Slots and ratings."""

    def visible_to(self, user: "User | AnonymousUser") -> "PartOfAdQuerySet":
        """Whoever sees the ad."""
        return self if user.is_authenticated else self.none()
