"""The audit log loses five indexes that nothing reads, or that others begin with."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Not in one transaction: the log is locked only for the moment in which an index is dropped."""

    atomic = False

    dependencies = [
        ("accounts", "0012_audit_log_is_searched"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="auditentry", index=models.Index(fields=["object_pk", "-timestamp"], name="audit_of_an_object")
        ),
        RemoveIndexConcurrently(model_name="auditentry", name="audit_object"),
        # Each drops the indexes of its column. A column of texts has two.
        migrations.AlterField(
            model_name="auditentry",
            name="object_pk",
            field=models.CharField(max_length=255),
        ),
        migrations.AlterField(
            model_name="auditentry",
            name="cid",
            field=models.CharField(blank=True, max_length=255, null=True),
        ),
        migrations.AlterField(
            model_name="auditentry",
            name="object_id",
            field=models.BigIntegerField(blank=True, null=True),
        ),
    ]
