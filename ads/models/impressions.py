"""The views that vehicles report. Each is counted once, and added to the sums by day."""

from typing import NamedTuple

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ads.models.ad import Ad
from campaigns.models import Campaign

LONGEST_VIEW_SECONDS = 24 * 60 * 60
LONGEST_DEVICE_ID = 100


class AdView(models.Model):
    """One counted view. The table is partitioned by the month of `viewed_at` (UTC); old months are dropped.

    `quarter` is the start of the quarter hour in UTC, and `impression_id` stands for the impression on this device.
    `local_day` is the day of the quarter hour by the screen's clock, on which the view counts. Older views have none,
    and count on the day of `viewed_at` in UTC.

    An ad with views can't be deleted, because the sums by day refer to it. The views themselves have no foreign key,
    so that counting doesn't wait while someone saves the ad.
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
    # What limits the seconds of a device. Views from before proofs have none of the three.
    position = models.CharField(max_length=50, blank=True, default="", db_default="")
    quarter = models.DateTimeField(null=True)
    impression_id = models.UUIDField(null=True)
    local_day = models.DateField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "ad_views"
        verbose_name = _("view")
        verbose_name_plural = _("views")
        indexes = [
            # With `viewed_at`, which is always asked for too: PostgreSQL would combine them with the primary key, and
            # read all views of some days.
            models.Index(fields=["device_id", "quarter", "viewed_at"], name="ad_views_of_quarters"),
            models.Index(fields=["impression_id", "viewed_at"], name="ad_views_of_impressions"),
        ]
        constraints = [
            models.CheckConstraint(
                name="ad_view_lasts_a_day_at_most",
                condition=Q(duration_seconds__gte=0, duration_seconds__lte=LONGEST_VIEW_SECONDS),
                violation_error_message=_("A view must last between 0 and 86,400 seconds."),
            )
        ]

    def __str__(self) -> str:
        return str(self.view_id)


class ViewReceipt(models.Model):
    """The id of every view ever counted. Kept when old views are dropped, so that no id is counted twice."""

    view_id = models.UUIDField(primary_key=True)

    class Meta:
        db_table = "ad_view_receipts"

    def __str__(self) -> str:
        return str(self.view_id)


class AdViewDay(models.Model):
    """The views of an ad on one day in one city. Reports use these sums, which are kept for good.

    The day is that of the screens' clocks (`is_local`), or of older views the day in UTC.
    """

    ad = models.ForeignKey(Ad, models.PROTECT, related_name="view_days")
    day = models.DateField()
    # The database's default is for rows from before this column, and for servers that don't know it yet.
    is_local = models.BooleanField(default=True, db_default=False)
    country = models.CharField(max_length=100, blank=True, default="")
    city = models.CharField(max_length=200, blank=True, default="")
    view_count = models.BigIntegerField()
    view_seconds = models.BigIntegerField()
    # The views themselves have been dropped, so this sum can't be recounted.
    is_final = models.BooleanField(default=False, db_default=False)

    class Meta:
        db_table = "ad_view_days"
        # No user writes or deletes these rows.
        default_permissions = ()
        verbose_name = _("day of views")
        verbose_name_plural = _("views")
        constraints = [
            models.UniqueConstraint(
                fields=["ad", "day", "country", "city", "is_local"],
                name="ad_view_day_is_one_row",
                violation_error_message=_("The views of an ad on one day in one city must be in one row."),
            ),
            models.CheckConstraint(
                name="ad_view_day_counts_up",
                condition=Q(view_count__gte=0, view_seconds__gte=0),
                violation_error_message=_("The views and seconds of a day can't be negative."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.view_count}"


class CapUsage(NamedTuple):
    """How much of a campaign's caps has been used."""

    views: int
    seconds: int


class CampaignViewTotals(models.Model):
    """How much of a campaign's caps has been used: the views of all its ads, and their seconds.

    The row is locked while views are counted, so that two reports at once can't both count the last view.
    """

    campaign = models.OneToOneField(Campaign, models.CASCADE, primary_key=True, related_name="view_totals")
    view_count = models.BigIntegerField(default=0, db_default=0)
    view_seconds = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        db_table = "campaign_view_totals"
        verbose_name = _("view totals")
        verbose_name_plural = _("view totals")
        constraints = [
            models.CheckConstraint(
                name="campaign_view_totals_are_not_negative",
                condition=Q(view_count__gte=0, view_seconds__gte=0),
                violation_error_message=_("The views and seconds of a campaign can't be negative."),
            )
        ]

    def __str__(self) -> str:
        return gettext("Views: %(views)d, seconds: %(seconds)d") % {
            "views": self.view_count,
            "seconds": self.view_seconds,
        }

    @classmethod
    def used_by(cls, campaign: Campaign) -> CapUsage:
        """The views and seconds counted so far. Needs no query if `view_totals` was selected."""
        totals: CampaignViewTotals | None = getattr(campaign, "view_totals", None)
        return CapUsage(totals.view_count, totals.view_seconds) if totals else CapUsage(0, 0)
