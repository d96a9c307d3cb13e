"""Querysets and rules agree, for every role, on the rows that a user may see and change."""

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser

from accounts.choices import RoleName, SecurityEventKind
from accounts.models import AuditEntry, Role, SecurityEvent, User
from accounts.tests.factories import Cast
from ads.models import Ad, AdContentRating, AdTimeSlot, Device
from advertisers.models import Advertiser, AdvertiserBankAccount, AdvertiserContact
from campaign_studio.tests.scenes import scene
from campaigns.models import Campaign, CampaignAudienceTargeting

pytestmark = pytest.mark.django_db


VISIBLE: list[tuple[type[Any], str]] = [
    (Campaign, "campaigns.view_campaign"),
    (CampaignAudienceTargeting, "campaigns.view_campaignaudiencetargeting"),
    (Ad, "ads.view_ad"),
    (AdTimeSlot, "ads.view_adtimeslot"),
    (AdContentRating, "ads.view_adcontentrating"),
    (Device, "ads.view_device"),
    (Advertiser, "advertisers.view_advertiser"),
    (AdvertiserContact, "advertisers.view_advertisercontact"),
    (AdvertiserBankAccount, "advertisers.view_advertiserbankaccount"),
    (User, "accounts.view_user"),
    (Role, "accounts.view_role"),
    (AuditEntry, "accounts.view_auditentry"),
    (SecurityEvent, "accounts.view_securityevent"),
]


@pytest.mark.parametrize(("model", "permission"), VISIBLE, ids=lambda value: getattr(value, "__name__", ""))
@pytest.mark.parametrize("role", RoleName.values)
def test_visible_rows_are_those_that_may_be_viewed(cast: Cast, model: type[Any], permission: str, role: str) -> None:
    actor = cast.in_role(role)
    for owner in (actor, cast.colleague):
        scene(owner)
    for account in (cast.other_system_admin, cast.guest, None):
        SecurityEvent.objects.record(SecurityEventKind.LOGIN_FAILED, account)

    rows = list(model._default_manager.all())
    visible = set(model._default_manager.all().visible_to(actor))

    assert rows
    assert visible == {row for row in rows if actor.has_perm(permission, row)}


@pytest.mark.parametrize("model", [model for model, _ in VISIBLE], ids=lambda model: model.__name__)
def test_an_anonymous_user_sees_nothing(cast: Cast, model: type[Any]) -> None:
    scene(cast.owner)
    SecurityEvent.objects.record(SecurityEventKind.LOGIN_FAILED, cast.guest)

    assert not model._default_manager.all().visible_to(AnonymousUser()).exists()


CHANGEABLE: list[tuple[type[Any], str]] = [
    (Campaign, "campaigns.change_campaign"),
    (Campaign, "ads.add_ad"),
    (Ad, "ads.change_ad"),
    (Device, "ads.change_device"),
    (Advertiser, "advertisers.change_advertiser"),
    (User, "accounts.change_user"),
]


@pytest.mark.parametrize(("model", "permission"), CHANGEABLE, ids=lambda value: getattr(value, "__name__", ""))
@pytest.mark.parametrize("role", RoleName.values)
def test_changeable_rows_are_those_that_may_be_changed(
    cast: Cast, model: type[Any], permission: str, role: str
) -> None:
    actor = cast.in_role(role)
    for owner in (actor, cast.colleague):
        scene(owner)

    rows = list(model._default_manager.all())
    changeable = set(model._default_manager.all().changeable_by(actor))

    assert rows
    assert changeable == {row for row in rows if actor.has_perm(permission, row)}


@pytest.mark.parametrize("model", [model for model, _ in CHANGEABLE], ids=lambda model: model.__name__)
def test_an_anonymous_user_changes_nothing(cast: Cast, model: type[Any]) -> None:
    scene(cast.owner)

    assert not model._default_manager.all().changeable_by(AnonymousUser()).exists()
