"""Every way to write each resource, from the serializers, for tests with hostile input."""

from collections.abc import Iterator
from typing import Any

from django.db import connection
from rest_framework import serializers

from accounts.api.serializers import NewUserSerializer, RegistrationSerializer, SelfSerializer
from ads.api.actions import DuplicateSerializer, PublishSerializer, ShiftSerializer
from ads.api.devices import DeviceSerializer, NewDeviceSerializer
from ads.api.serializers import AdSerializer, CampaignAdSerializer, ReviewSerializer
from advertisers.api.serializers import AdvertiserSerializer, BankAccountSerializer, ContactSerializer
from campaign_studio.tests import bodies
from campaigns.api.serializers import CampaignSerializer

# For each resource: serializer, minimal valid body, URL to create, URL to change.
WRITES: dict[str, tuple[type[serializers.Serializer[Any]], Any, str, str]] = {
    "campaign": (CampaignSerializer, bodies.campaign_body, "/api/campaigns", "/api/campaigns/{campaign_id}"),
    "ad": (CampaignAdSerializer, bodies.ad_body, "/api/campaigns/{campaign_id}/ads", "/api/ads/{ad_id}"),
    "ad by itself": (AdSerializer, bodies.ad_body, "/api/ads", ""),
    "advertiser": (
        AdvertiserSerializer,
        bodies.advertiser_body,
        "/api/advertisers",
        "/api/advertisers/{advertiser_id}",
    ),
    "contact": (
        ContactSerializer,
        bodies.contact_body,
        "/api/advertisers/{advertiser_id}/contacts",
        "/api/advertisers/{advertiser_id}/contacts/{contact_id}",
    ),
    "bank account": (
        BankAccountSerializer,
        bodies.bank_account_body,
        "/api/advertisers/{advertiser_id}/bank-accounts",
        "/api/advertisers/{advertiser_id}/bank-accounts/{bank_id}",
    ),
    "device": (DeviceSerializer, lambda: {"fleet": "Taxis"}, "", "/api/devices/{device_id}"),
    "new device": (NewDeviceSerializer, bodies.device_body, "/api/devices", ""),
    "user": (NewUserSerializer, bodies.user_body, "/api/users", "/api/users/{user_id}"),
    "registration": (RegistrationSerializer, bodies.user_body, "/api/auth/register", ""),
    "oneself": (SelfSerializer, dict, "", "/api/auth/me"),
    "approval": (ReviewSerializer, dict, "/api/ads/{ad_id}/approve", ""),
    "rejection": (ReviewSerializer, dict, "/api/ads/{ad_id}/reject", ""),
    "shift": (ShiftSerializer, dict, "/api/campaigns/{campaign_id}/shift", ""),
    "copy": (DuplicateSerializer, dict, "/api/campaigns/{campaign_id}/duplicate", ""),
    "publication": (PublishSerializer, dict, "/api/campaigns/{campaign_id}/publish", ""),
}


def rows() -> list[tuple[str, int]]:
    """The number of rows in each table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select * from (select 'users', count(*) from users union all select 'campaigns', count(*) from campaigns "
            "union all select 'targets', count(*) from campaign_audience_targeting "
            "union all select 'ads', count(*) from ads union all select 'slots', count(*) from ad_time_slots "
            "union all select 'ratings', count(*) from ad_content_ratings "
            "union all select 'advertisers', count(*) from advertisers "
            "union all select 'contacts', count(*) from advertiser_contacts "
            "union all select 'accounts', count(*) from advertiser_bank_accounts "
            "union all select 'devices', count(*) from devices "
            "union all select 'log', count(*) from audit_log) counted"
        )
        return [(str(name), int(number)) for name, number in cursor.fetchall()]


def requests(kind: str, keys: dict[str, Any], changes: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """The requests that can contain these fields."""
    _, body, create, change = WRITES[kind]
    if create:
        named = {"campaign_id": str(keys["campaign_id"])} if kind == "ad by itself" else {}
        yield "POST", create.format(**keys), body(**named) | changes
    if change:
        yield "PATCH", change.format(**keys), changes
