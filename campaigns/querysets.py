"""Which campaigns and targets a reader may see or change, and which run on a day."""

from datetime import date
from typing import Self

from django.db import models
from django.db.models import Count, Exists, OuterRef

from accounts.rules import is_admin
from campaign_studio.acting import Reader
from campaign_studio.querysets import StudioQuerySet
from campaigns.choices import Status
from campaigns.rules import is_campaign_manager


class CampaignQuerySet(StudioQuerySet):
    """Campaigns, as their lists and documents show them."""

    def visible_to(self, user: Reader) -> Self:
        """Everybody who is signed in may read campaigns."""
        return self if user.is_authenticated else self.none()

    def changeable_by(self, user: Reader) -> Self:
        """Those that the user may change, and add ads to: what `campaigns.change_campaign` says of one."""
        if is_admin(user):
            return self
        return self.filter(campaign_created_by=user.pk) if is_campaign_manager(user) else self.none()

    def running_on(self, day: date) -> Self:
        """Active, and the day lies inside the dates."""
        return self.filter(campaign_status=Status.ACTIVE, campaign_start_date__lte=day, campaign_end_date__gte=day)

    def over_on(self, day: date) -> Self:
        """Those whose last day is past, so that the calendar may have to move them."""
        return self.filter(campaign_end_date__lt=day).exclude(campaign_status__in=[Status.DRAFT, Status.EXPIRED])

    def targeted_at(self, *, country: str | None = None, city: str | None = None) -> Self:
        """Those that name the country, the city, or both in one and the same target. Case is ignored."""
        from campaigns.models import CampaignAudienceTargeting

        targets = CampaignAudienceTargeting.objects.filter(campaign=OuterRef("pk"))
        if country:
            targets = targets.filter(country__iexact=country)
        if city:
            targets = targets.filter(cities__has_entry=city)
        return self.filter(Exists(targets))

    def with_ad_count(self) -> Self:
        """Each with `ad_count`, 0 to 6, which the API promises with a campaign although ads live above."""
        campaign = self.model._base_manager.filter(pk=OuterRef("pk"))
        counted = campaign.annotate(number=Count("ads")).order_by().values("number")
        return self.annotate(ad_count=models.Subquery(counted))

    def as_rows(self) -> Self:
        return self.with_ad_count()

    def as_document(self, user: Reader) -> Self:
        """With everything one campaign's page shows, in a constant number of queries."""
        return self.prefetch_related("audience_targeting", "ads")


class AudienceTargetingQuerySet(StudioQuerySet):
    """Audience targets: seen by those who see the campaign."""

    def visible_to(self, user: Reader) -> Self:
        return self if user.is_authenticated else self.none()
