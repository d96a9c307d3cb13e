"""Searches for ads and devices are answered by an index on the search key."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations

from campaign_studio.lookups import SearchKey


class Migration(migrations.Migration):
    """Concurrently, so that the table is never locked."""

    atomic = False

    dependencies = [("campaign_studio", "0004_search_key"), ("ads", "0009_places_by_keys")]

    operations = [
        AddIndexConcurrently(
            model_name="ad",
            index=GinIndex(
                OpClass(SearchKey("ad_name"), name="gin_trgm_ops"),
                name="ads_search",
            ),
        ),
        RemoveIndexConcurrently(model_name="ad", name="ads_name_trigrams"),
        AddIndexConcurrently(
            model_name="device",
            index=GinIndex(
                OpClass(SearchKey("device_id"), name="gin_trgm_ops"),
                OpClass(SearchKey("fleet"), name="gin_trgm_ops"),
                name="devices_search",
            ),
        ),
        RemoveIndexConcurrently(model_name="device", name="devices_trigrams"),
    ]
