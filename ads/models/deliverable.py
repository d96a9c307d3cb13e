"""The tables in which delivery looks up which ads may show, and where. Database triggers maintain them."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Func
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from ads.fields import IntegerMultirangeField, TransactionIdField
from ads.models.ad import Ad
from campaigns.models import Campaign, CampaignAudienceTargeting


class DeliverableAd(models.Model):
    """One row for each ad that meets all criteria, apart from those about place, moment, caps and the rating limit.

    Only the triggers that `delivery/triggers.py` generates write to this table and to `DeliverablePlace`. Together
    they store the criteria of `delivery/criteria/` in a form that a single index can look up. A test checks that they
    agree with the criteria.
    """

    ad = models.OneToOneField(Ad, models.DO_NOTHING, db_constraint=False, primary_key=True, related_name="+")
    ad_type_id = models.CharField(max_length=50)
    campaign = models.ForeignKey(Campaign, models.DO_NOTHING, db_constraint=False, related_name="+")
    # The quarter hours of the week in which it may show, 0 to 671.
    quarters = IntegerMultirangeField()
    first_day = models.DateField()
    last_day = models.DateField()
    # The level of its rating label (`RATING_LEVELS`), or null without a label.
    rating_level = models.SmallIntegerField(null=True)
    max_view_count = models.BigIntegerField(null=True)
    max_view_seconds = models.BigIntegerField(null=True)
    # The ad as screens get it, in JSON, apart from its proof. The database writes it as `ShownAdSerializer` says.
    document = models.TextField(db_default="{}")

    class Meta:
        db_table = "deliverable_ads"

    def __str__(self) -> str:
        return str(self.ad_id)


class DeliverablePlace(models.Model):
    """One row for each target of a campaign that has a deliverable ad, by the keys of its places."""

    target = models.OneToOneField(
        CampaignAudienceTargeting,
        models.DO_NOTHING,
        db_constraint=False,
        primary_key=True,
        related_name="+",
        db_column="audience_id",
    )
    campaign = models.ForeignKey(Campaign, models.DO_NOTHING, db_constraint=False, related_name="+")
    # Compared as well as `places`, where the key of a city could equal the key of another country.
    country = models.TextField()
    # The key of the region; empty if the region contains the whole country.
    region = models.TextField()
    # `de/berlin`, or `de` for the whole country.
    places = ArrayField(models.TextField())
    # `de/10115`, or `de` for every postcode.
    postcodes = ArrayField(models.TextField())

    class Meta:
        db_table = "deliverable_places"
        # Without a list of pending entries: while that is long, the planner doesn't use the index.
        indexes = [GinIndex(fields=["places", "postcodes"], name="deliverable_places_by_word", fastupdate=False)]

    def __str__(self) -> str:
        return str(self.target_id)


class DeliveryChange(models.Model):
    """A transaction that has changed which ads are eligible in a country: ads, places, or caps that are used up.

    Triggers write it in that transaction, and delete it after a day. Whoever has read the other tables before knows by
    it whether they say the same still.
    """

    # As in `DeliverablePlace`.
    country = models.TextField()
    transaction = TransactionIdField(db_default=Func(function="pg_current_xact_id"))
    noted_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "delivery_changes"
        constraints = [
            models.UniqueConstraint(
                fields=["country", "transaction"],
                name="delivery_changes_once",
                violation_error_message=_("A transaction notes a country once."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.country} {self.transaction}"
