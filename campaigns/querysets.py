"""Querysets of campaigns and targets: what a user may see and change, and which campaigns run on a day."""

from datetime import date
from typing import Any, Self

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import Case, Exists, F, Func, OuterRef, TextField, Value, When

from accounts.rules import is_admin
from campaign_studio.acting import Reader
from campaign_studio.models.places import PlaceKind, PlaceName
from campaign_studio.places.regions import ELSEWHERE, OTHER_COUNTRIES
from campaign_studio.querysets import StudioQuerySet
from campaigns.choices import Status
from campaigns.rules import is_campaign_manager

# How many countries are named in which a doubtful place is known.
MOST_COUNTRIES = 5


class RowCount(models.Subquery):
    """The number of rows of a subquery. Grouping them, as Django does, costs four times as much."""

    template = "(SELECT count(*) FROM (%(subquery)s) AS counted)"

    def __init__(self, rows: models.QuerySet[Any, Any]) -> None:
        super().__init__(rows, output_field=models.IntegerField())


class CampaignQuerySet(StudioQuerySet):
    """Campaigns. All signed-in users see all of them; admins can change all of them, campaign managers their own."""

    def visible_to(self, user: Reader) -> Self:
        return self if user.is_authenticated else self.none()

    def changeable_by(self, user: Reader) -> Self:
        """Campaigns that the user may change and add ads to: the rule `campaigns.change_campaign` as a filter."""
        if is_admin(user):
            return self
        return self.filter(campaign_created_by=user.pk) if is_campaign_manager(user) else self.none()

    def running_on(self, day: date) -> Self:
        """Active campaigns whose dates include `day`."""
        return self.filter(campaign_status=Status.ACTIVE, campaign_start_date__lte=day, campaign_end_date__gte=day)

    def over_on(self, day: date) -> Self:
        """Campaigns that ended before `day` and that the calendar may move to another status."""
        return self.filter(campaign_end_date__lt=day).exclude(campaign_status__in=[Status.DRAFT, Status.EXPIRED])

    def targeted_at(self, *, country: str | None = None, city: str | None = None) -> Self:
        """Campaigns with a target that names the country (a code), the city in any spelling, or both."""
        from campaigns.models import CampaignAudienceTargeting

        targets = CampaignAudienceTargeting.objects.filter(campaign=OuterRef("pk"))
        if country:
            targets = targets.filter(country__iexact=country)
        if city:
            targets = targets.filter(city_keys__overlap=Func(Value(city), function="city_keys_anywhere"))
        return self.filter(Exists(targets))

    def with_ad_count(self) -> Self:
        """With `ad_count`, 0 to 6. The relation is named, not imported: campaigns don't import ads."""
        ads = self.model.ads.rel.related_model._base_manager
        return self.annotate(ad_count=RowCount(ads.filter(campaign=OuterRef("pk")).order_by().values("pk")))

    def with_advertiser_name(self) -> Self:
        """With `advertiser_name`, null without an advertiser."""
        return self.annotate(advertiser_name=F("advertiser__advertiser_name"))

    def as_rows(self) -> Self:
        return self.with_ad_count().with_advertiser_name().select_related("advertiser")

    def as_document(self, user: Reader) -> Self:
        """With targeting and ads, in a constant number of queries."""
        return self.select_related("advertiser").prefetch_related("audience_targeting", "ads")


class AudienceTargetingQuerySet(StudioQuerySet):
    """Targets, visible to everyone who can see their campaign."""

    def visible_to(self, user: Reader) -> Self:
        return self if user.is_authenticated else self.none()

    def with_regions_elsewhere(self) -> Self:
        """With `known_in`, the first countries that have the region, and `is_area`, if it is a part of the world.

        Both are null for a region that isn't elsewhere.
        """
        key = Func(OuterRef("region"), function="name_key", output_field=TextField())
        named = PlaceName.objects.filter(kind=PlaceKind.REGION, name_key=key).exclude(country=OTHER_COUNTRIES)
        countries = ArraySubquery(named.order_by("country").values("country")[:MOST_COUNTRIES])
        return self.annotate(
            known_in=Case(When(region_key=ELSEWHERE, then=countries)),
            is_area=Case(When(region_key=ELSEWHERE, then=Exists(named.filter(keys=[""])))),
        )

    def rekey(self) -> None:
        """Have the trigger write the keys of all targets again, after what names stand for has changed."""
        self.update(region_key="")
