"""What may show, and where, laid out for finding it: kept by the database itself, so that no door gets round it."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from ads.models.ad import Ad
from campaigns.models import Campaign, CampaignAudienceTargeting


class DeliverableAd(models.Model):
    """One row for each ad that nothing but place, time and caps keeps from showing.

    Triggers keep it, as `delivery/triggers.py` generates them; nothing else writes it, nor `DeliverablePlace`. Together
    they hold what `delivery/criteria/` says, in the shape that one index answers, whatever else is stored; a test
    compares the two.
    """

    ad = models.OneToOneField(Ad, models.DO_NOTHING, db_constraint=False, primary_key=True, related_name="+")
    ad_type_id = models.CharField(max_length=50)
    campaign = models.ForeignKey(Campaign, models.DO_NOTHING, db_constraint=False, related_name="+")
    # The quarter hours of a day, 0 to 95, or `ALL_DAY`.
    quarters = ArrayField(models.SmallIntegerField())
    first_day = models.DateField()
    last_day = models.DateField()
    # The place of its label in `RATING_LABELS`; null without a label.
    rating_level = models.SmallIntegerField(null=True)
    max_view_count = models.BigIntegerField(null=True)
    max_view_seconds = models.BigIntegerField(null=True)

    class Meta:
        db_table = "deliverable_ads"

    def __str__(self) -> str:
        return str(self.ad_id)


class DeliverablePlace(models.Model):
    """One row for each target of a campaign that has a deliverable ad. All words are in lower case."""

    target = models.OneToOneField(
        CampaignAudienceTargeting,
        models.DO_NOTHING,
        db_constraint=False,
        primary_key=True,
        related_name="+",
        db_column="audience_id",
    )
    campaign = models.ForeignKey(Campaign, models.DO_NOTHING, db_constraint=False, related_name="+")
    # Compared as well: a city's word of one country could be another's whole name.
    country = models.TextField()
    region = models.TextField()
    # `de/berlin`, or `de` for all of the country.
    places = ArrayField(models.TextField())
    # `de/10115`, or `de`.
    postcodes = ArrayField(models.TextField())

    class Meta:
        db_table = "deliverable_places"
        # Without a list of entries still to be put in: while it is long, decisions don't use the index.
        indexes = [GinIndex(fields=["places", "postcodes"], name="deliverable_places_by_word", fastupdate=False)]

    def __str__(self) -> str:
        return str(self.target_id)
