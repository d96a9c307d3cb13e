"""Views that vehicles report: each is counted once, for ever, and summed up by day."""

from typing import NamedTuple

from django.db import models
from django.db.models import Q

from ads.models.ad import Ad
from campaigns.models import Campaign

LONGEST_VIEW_SECONDS = 24 * 60 * 60
LONGEST_DEVICE_ID = 100


class AdView(models.Model):
    """One counted view. The table is partitioned by the month of `viewed_at` (UTC); old months are dropped.

    An ad with views can't be deleted: the sums by day, which are written together with the view, refer to it. Views
    themselves carry no foreign key, so that counting does not wait for whoever edits the ad.
    """

    pk = models.CompositePrimaryKey("viewed_at", "view_id")
    view_id = models.UUIDField()
    ad = models.ForeignKey(Ad, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    viewed_at = models.DateTimeField()
    duration_seconds = models.PositiveIntegerField()
    country = models.CharField(max_length=100, blank=True, default="")
    city = models.CharField(max_length=200, blank=True, default="")
    postcode = models.CharField(max_length=200, blank=True, default="")
    device_id = models.CharField(max_length=LONGEST_DEVICE_ID, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "ad_views"
        verbose_name = "view"
        constraints = [
            models.CheckConstraint(
                name="ad_view_lasts_a_day_at_most",
                condition=Q(duration_seconds__gte=0, duration_seconds__lte=LONGEST_VIEW_SECONDS),
                violation_error_message="A view lasts from 0 to 86,400 seconds.",
            )
        ]

    def __str__(self) -> str:
        return str(self.view_id)


class ViewReceipt(models.Model):
    """The id of every view that was ever counted. Kept when old views are dropped: an id never counts twice."""

    view_id = models.UUIDField(primary_key=True)

    class Meta:
        db_table = "ad_view_receipts"

    def __str__(self) -> str:
        return str(self.view_id)


class AdViewDay(models.Model):
    """The views of an ad on one day (UTC) in one city: what reports and caps count with. Kept for ever."""

    ad = models.ForeignKey(Ad, models.PROTECT, related_name="view_days")
    day = models.DateField()
    country = models.CharField(max_length=100, blank=True, default="")
    city = models.CharField(max_length=200, blank=True, default="")
    view_count = models.BigIntegerField()
    view_seconds = models.BigIntegerField()
    # The views themselves are gone: from now on this sum is all there is.
    is_final = models.BooleanField(default=False, db_default=False)

    class Meta:
        db_table = "ad_view_days"
        # Counting writes them, and nobody deletes them.
        default_permissions = ()
        verbose_name = "day of views"
        verbose_name_plural = "views"
        constraints = [
            models.UniqueConstraint(
                fields=["ad", "day", "country", "city"],
                name="ad_view_day_is_one_row",
                violation_error_message="The views of an ad on a day in a city are one row.",
            ),
            models.CheckConstraint(
                name="ad_view_day_counts_up",
                condition=Q(view_count__gte=0, view_seconds__gte=0),
                violation_error_message="A day has no less than 0 views and 0 seconds.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.view_count}"


class CapUsage(NamedTuple):
    """What has been used up of a campaign's caps."""

    views: int
    seconds: int


class CampaignViewTotals(models.Model):
    """What has been used up of a campaign's caps: the views of all its ads, and their seconds.

    The row is locked while views are counted, so that two reports at once can't both take the last one.
    """

    campaign = models.OneToOneField(Campaign, models.CASCADE, primary_key=True, related_name="view_totals")
    view_count = models.BigIntegerField(default=0, db_default=0)
    view_seconds = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        db_table = "campaign_view_totals"
        verbose_name = "total of views"
        constraints = [
            models.CheckConstraint(
                name="campaign_view_totals_are_not_negative",
                condition=Q(view_count__gte=0, view_seconds__gte=0),
                violation_error_message="A campaign has no less than 0 views and 0 seconds.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.view_count} views, {self.view_seconds} s"

    @classmethod
    def used_by(cls, campaign: Campaign) -> CapUsage:
        """The views and the seconds that were counted so far. Asks nothing where `view_totals` came along."""
        totals: CampaignViewTotals | None = getattr(campaign, "view_totals", None)
        return CapUsage(totals.view_count, totals.view_seconds) if totals else CapUsage(0, 0)
