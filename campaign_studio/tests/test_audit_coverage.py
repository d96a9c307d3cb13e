"""Every table is audited, except those listed here with a reason."""

import pytest
from auditlog.registry import auditlog
from django.apps import apps
from django.db import models

from accounts.audit.recording import NEVER_LOGGED
from campaign_studio.encryption import EncryptedTextField

EXEMPT = {
    "accounts.AuditEntry": "It is the log.",
    "accounts.AuditEntryToSeal": "It belongs to the log's seals.",
    "accounts.AuditSeal": "It belongs to the log's seals.",
    "campaign_studio.City": "The gazetteer, which a package brings.",
    "campaign_studio.PlaceName": "The gazetteer, which a package brings.",
    "campaign_studio.IdempotentAnswer": "Stored responses. The changes themselves are in the log.",
    "accounts.RecoveryCode": "Used at sign-in, which is in the security log.",
    "accounts.SecurityEvent": "It is the security log.",
    "accounts.Session": "Changes with each refresh. Its start and end are in the security log.",
    "accounts.SignInAttempts": "Counters of failed sign-ins, which are in the security log.",
    "accounts.TOTPDevice": "Turning it on and off is in the security log.",
    "campaigns.ChangeSet": "A record of its own: who planned, applied and undid what. Its changes are in the log.",
    "ads.AdView": "There are millions of views, and they are never edited.",
    "ads.AdViewDay": "Sums of views, which `recount_views` checks.",
    "ads.CampaignViewTotals": "Sums of views, which `recount_views` checks. The caps themselves are audited.",
    "ads.DeliverableAd": "Derived from audited tables by triggers.",
    "ads.DeliverablePlace": "Derived from audited tables by triggers.",
    "ads.DeliveryChange": "Notes of triggers about changes to audited tables, deleted after a day.",
    "ads.MediaFile": "Its row says who uploaded it and when, and it never changes. Ads that show it are in the log.",
    "ads.ViewReceipt": "The ids of counted views.",
    "admin.LogEntry": "The console's own list of recent actions, which the audit log replaces.",
    "auth.Group": "Not used, because only the role determines permissions.",
    "auth.Group_permissions": "Not used, because only the role determines permissions.",
    "auth.Permission": "Only changed by migrations.",
    "contenttypes.ContentType": "Only changed by migrations.",
    "sessions.Session": "The console's cookies. Each belongs to an `accounts.Session`.",
}

# Fields of audited tables that are not logged.
LEFT_OUT = {
    "accounts.User": {
        "last_login": "Sign-ins are in the security log.",
        "email_revision": "Counts changes of the address and of is_verified, which are in the log.",
    },
    "ads.Ad": {
        "ad_number": "Assigned by the server to enforce the limit of six, and never shown.",
        "ad_view_count": "There are millions of views, which are in the reports.",
    },
    "campaigns.CampaignAudienceTargeting": dict.fromkeys(
        ("region_key", "city_keys", "postcode_keys"), "Derived from the places by a trigger."
    ),
    "ads.Device": {"last_seen_at": "Set by the device's own requests, and changed by no one."},
}


def every_model() -> list[type[models.Model]]:
    return list(apps.get_models(include_auto_created=True))


def test_every_model_is_audited_or_exempt_with_a_reason() -> None:
    escaped = [
        model._meta.label for model in every_model() if not auditlog.contains(model) and model._meta.label not in EXEMPT
    ]

    assert escaped == []


def test_every_exemption_is_needed_and_has_a_reason() -> None:
    not_audited = {model._meta.label for model in every_model() if not auditlog.contains(model)}

    assert set(EXEMPT) == not_audited
    assert all(reason.endswith(".") for reason in EXEMPT.values())


def audited() -> list[type[models.Model]]:
    return sorted(auditlog.get_models(), key=lambda model: model._meta.label)


@pytest.mark.parametrize("model", audited(), ids=lambda model: model._meta.label)
def test_every_field_of_an_audited_model_is_logged_or_exempt_with_a_reason(model: type[models.Model]) -> None:
    logged = set(auditlog.get_model_fields(model)["include_fields"])
    fields = {field.name for field in model._meta.concrete_fields} - NEVER_LOGGED - {model._meta.pk.name}

    assert fields - logged == set(LEFT_OUT.get(model._meta.label, {}))
    assert logged <= fields


@pytest.mark.parametrize("model", audited(), ids=lambda model: model._meta.label)
def test_every_secret_of_an_audited_model_is_masked(model: type[models.Model]) -> None:
    secrets = {
        field.name
        for field in model._meta.concrete_fields
        if isinstance(field, EncryptedTextField) or field.name in ("password", "key_hash")
    }

    assert set(auditlog.get_model_fields(model)["mask_fields"]) == secrets
