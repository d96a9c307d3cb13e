"""Searches for campaigns are answered by an index on the search key."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations

from campaign_studio.lookups import SearchKey


class Migration(migrations.Migration):
    """Concurrently, so that the table is never locked."""

    atomic = False

    dependencies = [("campaign_studio", "0004_search_key"), ("campaigns", "0003_place_keys")]

    operations = [
        AddIndexConcurrently(
            model_name="campaign",
            index=GinIndex(
                OpClass(SearchKey("campaign_name"), name="gin_trgm_ops"),
                name="campaigns_search",
            ),
        ),
        RemoveIndexConcurrently(model_name="campaign", name="campaigns_name_trigrams"),
    ]
