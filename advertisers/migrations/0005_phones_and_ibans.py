"""Phone numbers may have extensions, and an IBAN may be labelled as one. The columns stay as they are."""

from django.db import migrations

import advertisers.fields
import campaign_studio.encryption


class Migration(migrations.Migration):
    dependencies = [("advertisers", "0004_search")]

    operations = [
        migrations.AlterField(
            model_name="advertisercontact",
            name="contact_phone",
            field=advertisers.fields.PhoneField(blank=True, max_length=128, null=True),
        ),
        migrations.AlterField(
            model_name="advertiserbankaccount",
            name="bank_account_iban",
            field=campaign_studio.encryption.EncryptedTextField(blank=True, max_length=60, null=True),
        ),
    ]
