"""Searches for advertisers are answered by an index on the search key."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations

from campaign_studio.lookups import SearchKey


class Migration(migrations.Migration):
    """Concurrently, so that the table is never locked."""

    atomic = False

    dependencies = [
        ("campaign_studio", "0004_search_key"),
        ("advertisers", "0003_one_takes_the_mark_over"),
        # Creates the extension for trigrams, and drops it when it is reversed.
        ("campaigns", "0001_campaigns"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="advertiser",
            index=GinIndex(
                OpClass(SearchKey("advertiser_name"), name="gin_trgm_ops"),
                OpClass(SearchKey("city"), name="gin_trgm_ops"),
                name="advertisers_search",
            ),
        ),
    ]
