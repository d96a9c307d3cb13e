"""The filters of the list of advertisers."""

import django_filters

from advertisers.choices import AdvertiserType
from advertisers.models import Advertiser
from campaign_studio.api.filters import CountryFilter, OnceBuiltFilterSet


class AdvertiserFilter(OnceBuiltFilterSet):
    """`?advertiser_type=agency&country=DE&city=Berlin`."""

    advertiser_type = django_filters.ChoiceFilter(choices=AdvertiserType.choices)
    country = CountryFilter()
    city = django_filters.CharFilter(lookup_expr="iexact", max_length=100)

    class Meta:
        model = Advertiser
        fields: list[str] = []
