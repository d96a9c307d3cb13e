"""Which campaigns."""

from datetime import date
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Count, Exists, OuterRef
from django.db.models.functions import Coalesce

from accounts.rules import is_admin
from campaign_studio.querysets import StudioQuerySet
from campaigns.choices import Status
from campaigns.rules import is_campaign_manager

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User


class CampaignQuerySet(StudioQuerySet):
    """Campaigns."""

    def visible_to(self, user: "User | AnonymousUser") -> "CampaignQuerySet":
        """Everybody who is signed in may read campaigns (3-roles)."""
        return self if user.is_authenticated else self.none()

    def changeable_by(self, user: "User | AnonymousUser") -> "CampaignQuerySet":
        """Those that the user may change, and add ads to: what `campaigns.change_campaign` says of one."""
        if is_admin(user):
            return self
        return self.filter(campaign_created_by=user.pk) if is_campaign_manager(user) else self.none()

    def running_on(self, day: date) -> "CampaignQuerySet":
        """Active, and the day lies inside the dates."""
        return self.filter(campaign_status=Status.ACTIVE, campaign_start_date__lte=day, campaign_end_date__gte=day)

    def over_on(self, day: date) -> "CampaignQuerySet":
        """Those whose last day is past, so that the calendar may have to move them."""
        return self.filter(campaign_end_date__lt=day).exclude(campaign_status__in=[Status.DRAFT, Status.EXPIRED])

    def targeted_at(self, *, country: str | None = None, city: str | None = None) -> "CampaignQuerySet":
        """Those that name the country, the city, or both in one and the same target. Case is ignored."""
        from campaigns.models import CampaignAudienceTargeting

        targets = CampaignAudienceTargeting.objects.filter(campaign=OuterRef("pk"))
        if country:
            targets = targets.filter(country__iexact=country)
        if city:
            targets = targets.filter(cities__has_entry=city)
        return self.filter(Exists(targets))

    def with_ad_count(self) -> "CampaignQuerySet":
        """Each with `ad_count`, 0 to 6."""
        ads = self.model._meta.get_field("ads").related_model
        counted = ads._default_manager.filter(campaign=OuterRef("pk")).order_by().values("campaign")
        return self.annotate(
            ad_count=Coalesce(models.Subquery(counted.annotate(number=Count("pk")).values("number")), 0)
        )

    def as_rows(self) -> "CampaignQuerySet":
        """With the number of ads."""
        return self.with_ad_count()

    def as_document(self, user: "User | AnonymousUser") -> "CampaignQuerySet":
        """With everything one campaign's page shows, in a constant number of queries."""
        return self.prefetch_related("audience_targeting", "ads")


class AudienceTargetingQuerySet(StudioQuerySet):
    """Targets."""

    def visible_to(self, user: "User | AnonymousUser") -> "AudienceTargetingQuerySet":
        """Whoever sees the campaign."""
        return self if user.is_authenticated else self.none()
