"""Addresses hold no control characters and nothing else that can't be seen."""

from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import migrations, models

import campaign_studio.constraints

HIDDEN = r"\s\u0001-\u0020\u007f-\u00a0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff"
ADDRESS = rf"^https?://[^/{HIDDEN}][^{HIDDEN}]*$"
FIELDS = ("media_url", "ad_advertiser_forwarding_url")


def is_http(field: str) -> campaign_studio.constraints.FieldCheck:
    """The constraint on that column."""
    return campaign_studio.constraints.FieldCheck(
        condition=models.Q((f"{field}__isnull", True), (f"{field}__iregex", ADDRESS), _connector="OR"),
        field=field,
        name=f"{field}_is_http",
        violation_error_message="Give a full address that starts with http:// or https://.",
    )


class Migration(migrations.Migration):
    """Each step by itself, so that the table is never locked while its rows are read."""

    atomic = False

    dependencies = [("ads", "0001_ads")]

    operations = [
        operation
        for field in FIELDS
        for operation in (
            migrations.RemoveConstraint(model_name="ad", name=f"{field}_is_http"),
            AddConstraintNotValid(model_name="ad", constraint=is_http(field)),
            ValidateConstraint(model_name="ad", name=f"{field}_is_http"),
        )
    ]
