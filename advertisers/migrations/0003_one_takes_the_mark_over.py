"""Other words for a second default account or point of contact: saving one takes the mark over. Nothing in the database."""

from django.db import migrations
from django.db.models import Q

from campaign_studio.constraints import FieldUnique


class Migration(migrations.Migration):
    dependencies = [("advertisers", "0002_version")]

    operations = [
        migrations.AlterConstraint(
            model_name="advertiserbankaccount",
            name="advertiser_has_one_default_bank_account",
            constraint=FieldUnique(
                field="is_default",
                fields=["advertiser"],
                condition=Q(is_default=True),
                name="advertiser_has_one_default_bank_account",
                violation_error_message="Only one bank account can be the default.",
            ),
        ),
        migrations.AlterConstraint(
            model_name="advertisercontact",
            name="advertiser_has_one_point_of_contact",
            constraint=FieldUnique(
                field="is_point_of_contact",
                fields=["advertiser"],
                condition=Q(is_point_of_contact=True),
                name="advertiser_has_one_point_of_contact",
                violation_error_message="Only one contact can be the point of contact.",
            ),
        ),
    ]
