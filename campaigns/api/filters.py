"""The filters of the list of campaigns."""

from datetime import date
from typing import cast

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from campaign_studio.api.filtersets import ChoiceListFilter, CountryFilter, DayFilter, StampedFilterSet, UserIdFilter
from campaigns.choices import Status
from campaigns.models import Campaign
from campaigns.querysets import CampaignQuerySet


class TargetCountryFilter(CountryFilter):
    """Campaigns that target a country. With `?city=`, one target must name both."""

    def filter(self, queryset: QuerySet, value: str) -> QuerySet:
        city = self.parent.form.cleaned_data["city"]
        if not value and not city:
            return queryset
        return cast("CampaignQuerySet", queryset).targeted_at(country=value, city=city)


class CampaignFilter(StampedFilterSet):
    """`?campaign_status=active,paused&country=DE&city=Berlin&running_on=2026-07-01 …`."""

    together = frozenset({"country", "city"})

    campaign_status = ChoiceListFilter(choices=Status.choices)
    advertiser_id = django_filters.UUIDFilter(field_name="advertiser_id", label=_("Only campaigns of this advertiser."))
    campaign_created_by_id = UserIdFilter(
        field_name="campaign_created_by_id", label=_("Only campaigns that this user created. `me` is yourself.")
    )
    country = TargetCountryFilter(
        label=_(
            "Only campaigns that target this country: an ISO 3166-1 code or a name. With `city`, a target names both."
        )
    )
    city = django_filters.CharFilter(
        max_length=200, method="with_country", label=_("Only campaigns that target this city.")
    )
    running_on = DayFilter(
        method="by_running_on", label=_("Only campaigns that are active and whose dates include this day.")
    )
    campaign_start_date_after = DayFilter(
        field_name="campaign_start_date", lookup_expr="gte", label=_("Only campaigns that start on or after this day.")
    )
    campaign_start_date_before = DayFilter(
        field_name="campaign_start_date", lookup_expr="lte", label=_("Only campaigns that start on or before this day.")
    )
    campaign_end_date_after = DayFilter(
        field_name="campaign_end_date", lookup_expr="gte", label=_("Only campaigns that end on or after this day.")
    )
    campaign_end_date_before = DayFilter(
        field_name="campaign_end_date", lookup_expr="lte", label=_("Only campaigns that end on or before this day.")
    )

    class Meta:
        model = Campaign
        fields: list[str] = []

    def with_country(self, campaigns: CampaignQuerySet, name: str, value: str) -> CampaignQuerySet:
        """All campaigns: `TargetCountryFilter` applies the city together with the country."""
        return campaigns

    def by_running_on(self, campaigns: CampaignQuerySet, name: str, value: date) -> CampaignQuerySet:
        return campaigns.running_on(value)
