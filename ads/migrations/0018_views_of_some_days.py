"""The indexes that find what a device has shown know the time of each view, by which they are always asked too."""

from django.db import connection, migrations, models

OLD = {"ad_views_of_a_quarter": "device_id, quarter", "ad_views_of_an_impression": "impression_id"}
NEW = {"ad_views_of_quarters": "device_id, quarter, viewed_at", "ad_views_of_impressions": "impression_id, viewed_at"}
# The partitions that have no part of an index yet.
LACKING = """
SELECT inhrelid::regclass::text FROM pg_inherits AS partition
WHERE inhparent = 'ad_views'::regclass AND NOT EXISTS (
    SELECT FROM pg_index JOIN pg_inherits AS part ON part.inhrelid = indexrelid
    WHERE indrelid = partition.inhrelid AND part.inhparent = %s::regclass
)
"""


def forward(apps: object, schema_editor: object) -> None:
    _exchange(OLD, NEW)


def backward(apps: object, schema_editor: object) -> None:
    _exchange(NEW, OLD)


def _exchange(old: dict[str, str], new: dict[str, str]) -> None:
    """Build the new indexes, partition by partition, while servers go on counting; then drop the old ones."""
    with connection.cursor() as cursor:
        for name, columns in new.items():
            cursor.execute(f"CREATE INDEX IF NOT EXISTS {name} ON ONLY ad_views ({columns})")
            cursor.execute(LACKING, [name])
            for (partition,) in cursor.fetchall():
                part = name.replace("ad_views", partition)
                cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {part}")
                cursor.execute(f"CREATE INDEX CONCURRENTLY {part} ON {partition} ({columns})")
                cursor.execute(f"ALTER INDEX {name} ATTACH PARTITION {part}")
        for name in old:
            cursor.execute(f"DROP INDEX IF EXISTS {name}")


class Migration(migrations.Migration):
    # What has been done can be done again.
    atomic = False
    dependencies = [("ads", "0017_fill_documents_of_deliverable_ads")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(forward, backward)],
            state_operations=[
                *(migrations.RemoveIndex("adview", name) for name in OLD),
                *(
                    migrations.AddIndex("adview", models.Index(fields=columns.split(", "), name=name))
                    for name, columns in NEW.items()
                ),
            ],
        ),
    ]
