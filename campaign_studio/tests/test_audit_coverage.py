"""No table escapes the audit log unless this file says why."""

import pytest
from auditlog.registry import auditlog
from django.apps import apps
from django.db import models

from accounts.audit.recording import NEVER_LOGGED
from campaign_studio.encryption import EncryptedTextField

EXEMPT = {
    "accounts.AuditEntry": "It is the log.",
    "accounts.AuditEntryToSeal": "Part of the log's own chain.",
    "accounts.AuditSeal": "Part of the log's own chain.",
    "campaign_studio.IdempotentAnswer": "What was answered; what was done is in the log.",
    "accounts.RecoveryCode": "Used up by signing in; the security log has it.",
    "accounts.SecurityEvent": "It is the other log.",
    "accounts.Session": "Rotates with each refresh; the security log has its beginning and end.",
    "accounts.SignInAttempts": "Counts guesses; the security log has them.",
    "accounts.TOTPDevice": "Turned on and off: the security log has it.",
    "ads.AdView": "Counted by the million; each is a row of its own that nobody edits.",
    "ads.AdViewDay": "Sums of views, which `recount_views` proves.",
    "ads.CampaignViewTotals": "Sums of views, which `recount_views` proves. The caps themselves are audited.",
    "ads.DeliverableAd": "Follows from what is audited; triggers keep it.",
    "ads.DeliverablePlace": "Likewise.",
    "ads.ViewReceipt": "The ids of counted views.",
    "admin.LogEntry": "The console's own list of recent actions, which our log supersedes.",
    "auth.Group": "Not used: the role alone decides. Nobody may change it.",
    "auth.Group_permissions": "Not used, like groups.",
    "auth.Permission": "Written by migrations alone.",
    "contenttypes.ContentType": "Written by migrations alone.",
    "sessions.Session": "The console's cookies; each belongs to a session of ours.",
}

# Fields of audited tables that the log leaves out.
LEFT_OUT = {
    "accounts.User": {"last_login": "Signing in is no change of the person."},
    "ads.Ad": {
        "ad_number": "Given out by the server to keep the limit of six; nobody ever sees it.",
        "ad_view_count": "Counted by the million; reports have it.",
    },
}


def every_model() -> list[type[models.Model]]:
    return list(apps.get_models(include_auto_created=True))


def test_every_model_is_audited_or_exempt_with_a_reason() -> None:
    escaped = [
        model._meta.label for model in every_model() if not auditlog.contains(model) and model._meta.label not in EXEMPT
    ]

    assert escaped == []


def test_every_exemption_is_needed_and_reasoned() -> None:
    not_audited = {model._meta.label for model in every_model() if not auditlog.contains(model)}

    assert set(EXEMPT) == not_audited
    assert all(reason.endswith(".") for reason in EXEMPT.values())


def audited() -> list[type[models.Model]]:
    return sorted(auditlog.get_models(), key=lambda model: model._meta.label)


@pytest.mark.parametrize("model", audited(), ids=lambda model: model._meta.label)
def test_every_field_of_an_audited_model_is_logged_or_left_out_with_a_reason(model: type[models.Model]) -> None:
    logged = set(auditlog.get_model_fields(model)["include_fields"])
    fields = {field.name for field in model._meta.concrete_fields} - NEVER_LOGGED - {model._meta.pk.name}

    assert fields - logged == set(LEFT_OUT.get(model._meta.label, {}))
    assert logged <= fields


@pytest.mark.parametrize("model", audited(), ids=lambda model: model._meta.label)
def test_every_secret_of_an_audited_model_is_masked(model: type[models.Model]) -> None:
    secrets = {
        field.name
        for field in model._meta.concrete_fields
        if isinstance(field, EncryptedTextField) or field.name == "password"
    }

    assert set(auditlog.get_model_fields(model)["mask_fields"]) == secrets
