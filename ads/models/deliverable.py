"""What may show, laid out for finding it: kept by the database itself, so that no door gets round it."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from ads.models.ads import Ad
from campaigns.models import Campaign


class DeliverableAd(models.Model):
    """One row per target of each ad that nothing but place, time and caps keeps from showing (7-performance).

    Triggers keep it (migration 0005); nothing else writes it. It holds what `delivery/criteria.py` says, in the shape
    that one index answers, whatever else is stored; a test compares the two.
    """

    ad = models.ForeignKey(Ad, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    ad_type_id = models.CharField(max_length=50)
    campaign = models.ForeignKey(Campaign, models.DO_NOTHING, db_constraint=False, related_name="+")
    # In lower case, like all words here.
    region = models.TextField()
    # `de/berlin`, or `de/*` for all of a country.
    places = ArrayField(models.TextField())
    # `de/10115`, or `de/*`.
    postcodes = ArrayField(models.TextField())
    # The quarter hours of a day, 0 to 95; -1 for all day.
    quarters = ArrayField(models.SmallIntegerField())
    first_day = models.DateField()
    last_day = models.DateField()
    # The place of its label in `RATING_LABELS`; null without a label.
    rating_level = models.SmallIntegerField(null=True)
    max_view_count = models.BigIntegerField(null=True)
    max_view_seconds = models.BigIntegerField(null=True)

    class Meta:
        db_table = "deliverable_ads"
        # Not by quarter hours too: their few words stand in half of all rows, whatever the place, and cost more than
        # they save.
        indexes = [GinIndex(fields=["places", "postcodes"], name="deliverable_ads_by_place")]

    def __str__(self) -> str:
        return str(self.ad_id)
