"""The filters of the list of advertisers."""

import django_filters
from django.utils.translation import gettext_lazy as _

from advertisers.choices import AdvertiserType
from advertisers.models import Advertiser
from campaign_studio.api.filtersets import CountryFilter, StampedFilterSet


class AdvertiserFilter(StampedFilterSet):
    """`?advertiser_type=agency&country=DE&city=Berlin`."""

    advertiser_type = django_filters.ChoiceFilter(choices=AdvertiserType.choices)
    country = CountryFilter(label=_("Only advertisers in this country: an ISO 3166-1 code or a name."))
    city = django_filters.CharFilter(lookup_expr="iexact", max_length=100, label=_("Only advertisers in this city."))

    class Meta:
        model = Advertiser
        fields: list[str] = []
