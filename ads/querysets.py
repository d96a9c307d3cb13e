"""Which ads, time slots, content ratings and devices a user may see or change, and which ads are pending review."""

import re
from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils.crypto import constant_time_compare

from accounts.choices import ADMIN_ROLES
from accounts.rules import role_of
from ads import constraints
from ads.choices import ModerationStatus
from campaign_studio.acting import Reader
from campaign_studio.database.prepared import fetch_one
from campaign_studio.querysets import StudioQuerySet
from campaigns.choices import Status
from campaigns.models import Campaign

if TYPE_CHECKING:
    from ads.models import Device


class AdQuerySet(StudioQuerySet):
    """Ads, with what their lists and pages show."""

    def visible_to(self, user: Reader) -> Self:
        """Every signed-in user may see all ads."""
        return self if user.is_authenticated else self.none()

    def changeable_by(self, user: Reader) -> Self:
        """The ads of the campaigns that the user may change."""
        return self.filter(campaign__in=Campaign.objects.changeable_by(user))

    def over_on(self, day: date) -> Self:
        """Ads whose end date, or else their campaign's, is before `day`, except drafts and expired ads."""
        last_day = Coalesce("ad_end_date", "campaign__campaign_end_date")
        over = self.alias(last_day=last_day).filter(last_day__lt=day)
        return over.exclude(ad_status__in=[Status.DRAFT, Status.EXPIRED])

    def awaiting_review(self, *, on: date) -> Self:
        """The review queue: ads pending review, in the order in which they go live.

        Ads that have ended before `on` or have expired are left out.
        """
        last_day = Coalesce("ad_end_date", "campaign__campaign_end_date")
        waiting = self.alias(last_day=last_day).filter(moderation_status=ModerationStatus.PENDING, last_day__gte=on)
        queue = waiting.exclude(ad_status=Status.EXPIRED).with_goes_live_on()
        return queue.order_by("goes_live_on", "created_at", "ad_id")

    def with_goes_live_on(self) -> Self:
        """Annotate `goes_live_on`: the ad's own start date, or else the campaign's."""
        return self.annotate(goes_live_on=Coalesce("ad_start_date", "campaign__campaign_start_date"))

    def with_campaign_name(self) -> Self:
        """Annotate `campaign_name`."""
        return self.annotate(campaign_name=F("campaign__campaign_name"))

    def for_change(self, key: UUID) -> Self:
        """The ad with this key, locked until the transaction ends. Locks its campaign first."""
        Campaign.objects.filter(ads=key).select_for_update(of=("self",), no_key=True).first()
        return super().for_change(key)

    def as_rows(self) -> Self:
        return self.with_goes_live_on().with_campaign_name().select_related("campaign")

    def as_document(self, user: Reader) -> Self:
        """With everything that one ad's page shows, in a constant number of queries."""
        return self.select_related("campaign", "content_rating").prefetch_related("time_slots")


class PartOfAdQuerySet(StudioQuerySet):
    """Time slots and content ratings. They are visible to the users who may see the ad."""

    def visible_to(self, user: Reader) -> Self:
        return self if user.is_authenticated else self.none()


class DeviceQuerySet(StudioQuerySet):
    """Devices. Only administrators see and change them."""

    def visible_to(self, user: Reader) -> Self:
        return self if role_of(user) in ADMIN_ROLES else self.none()

    def changeable_by(self, user: Reader) -> Self:
        return self.visible_to(user)

    def authenticate(self, device_id: str, key: str) -> "Device | None":
        """The active device with this ID and key, or None.

        Every request of a device asks this, so it is one statement with a fixed text, by the primary key.
        """
        if not re.fullmatch(constraints.DEVICE_ID, device_id):
            return None
        return self.of_row(fetch_one(find_device(), (device_id, self.model.hash_of(key))), key)

    def of_row(self, found: Sequence[Any] | None, key: str) -> "Device | None":
        """The device in a row that `find_device()` has found, if this is its key."""
        columns = [field.attname for field in self.model._meta.concrete_fields]
        device: Device | None = self.model.from_db(DEFAULT_DB_ALIAS, columns, found) if found else None
        is_right = constant_time_compare(self.model.hash_of(key), device.key_hash if device else "")
        return device if is_right else None


@cache
def find_device() -> str:
    """The statement of `DeviceQuerySet.authenticate()`. Its parameters are the ID of the device and the key's hash.

    How long two hashes are compared says nothing about a key of 256 bits.
    """
    from ads.models import Device

    active = Device.objects.filter(is_active=True).filter(pk="").filter(key_hash="")
    return active.order_by().query.sql_with_params()[0]
