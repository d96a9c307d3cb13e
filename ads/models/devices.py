"""The devices that report views: the screens in vehicles, each with a key of its own."""

import hashlib
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Self

import rules
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.audit import recording
from ads import constraints
from ads.models.impressions import LONGEST_DEVICE_ID, AdView
from ads.querysets import DeviceQuerySet
from campaign_studio.lookups import SearchKey
from campaign_studio.models.stamped import StampedModel

KEY_BYTES = 32
HAS_VIEWS = _("This device can't be deleted: its views have been counted. Deactivate it instead.")


class Device(StampedModel):
    """A screen in a vehicle. Its key proves who reports a view; only the key's hash is stored (docs/delivery.md).

    It plays the user of its own requests, but isn't one: it may ask what shows and report views, and nothing else.
    """

    device_id = models.CharField(
        _("device ID"),
        max_length=LONGEST_DEVICE_ID,
        primary_key=True,
        error_messages={"unique": _("A device with this ID already exists.")},
        help_text=_("The maker's serial number or one of your own. It can't be changed later."),
    )
    fleet = models.CharField(
        _("fleet"), max_length=100, help_text=_("The vehicles that the device belongs to, such as “Taxis Berlin”.")
    )
    # A key of 256 bits can't be guessed from its hash, although the hash has no salt (ASVS 5, 6.5.2).
    key_hash = models.CharField(_("key"), max_length=64, editable=False)
    is_active = models.BooleanField(
        _("active"),
        default=True,
        help_text=_("Turn this off instead of deleting the device. An inactive device can't report views."),
    )
    last_seen_at = models.DateTimeField(_("last seen"), null=True, blank=True, editable=False)
    # Null for devices that a command has created.
    created_by = models.ForeignKey(
        "accounts.User",
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        editable=False,
        verbose_name=_("created by"),
    )

    created_by_field = "created_by"

    # The key in clear text, in the object that has just made it. It is stored nowhere.
    new_key: str = ""

    objects = DeviceQuerySet.as_manager()

    class Meta:
        db_table = "devices"
        ordering = ["device_id"]
        verbose_name = _("device")
        verbose_name_plural = _("devices")
        constraints = constraints.OF_A_DEVICE
        indexes = [
            models.Index(fields=["fleet", "device_id"], name="devices_of_a_fleet"),
            GinIndex(
                OpClass(SearchKey("device_id"), name="gin_trgm_ops"),
                OpClass(SearchKey("fleet"), name="gin_trgm_ops"),
                name="devices_search",
            ),
        ]

    def __str__(self) -> str:
        return self.device_id

    @classmethod
    def create_with_key(cls, **values: Any) -> tuple[Self, str]:
        """Create and validate a device. Returns it with its key in clear text, which can't be read again."""
        device = cls(**values)
        key = device.make_key()
        device.full_clean()
        device.save()
        return device, key

    @staticmethod
    def create_many(device_ids: Sequence[str], *, fleet: str) -> dict[str, str]:
        """Create devices with these IDs in a few queries. Returns their keys in clear text, by ID.

        The caller has checked the IDs, and that there are no such devices yet; the constraints check both once more.
        """
        devices = [Device(device_id=device_id, fleet=fleet) for device_id in device_ids]
        for device in devices:
            device.make_key()
            device.stamp()
        Device.objects.bulk_create(devices)
        recording.log_created(devices)
        return {device.pk: device.new_key for device in devices}

    def make_key(self) -> str:
        """Give the device a new key of 256 bits, in URL-safe base64, without saving it. Returns the key."""
        self.new_key = secrets.token_urlsafe(KEY_BYTES)
        self.key_hash = self.hash_of(self.new_key)
        return self.new_key

    def rotate_key(self) -> str:
        """Replace the key, and return the new one. The old one stops working at once.

        Raises StaleError if the device has been changed since it was read.
        """
        key = self.make_key()
        self.save(update_fields=["key_hash"])
        return key

    @staticmethod
    def hash_of(key: str) -> str:
        """The SHA-256 of a key, as 64 hexadecimal digits."""
        return hashlib.sha256(key.encode()).hexdigest()

    def seen(self, *, at: datetime) -> None:
        """Update `last_seen_at` (UTC), to the hour, so that most requests don't write. It isn't a change of the row."""
        hour = at.replace(minute=0, second=0, microsecond=0)
        if self.last_seen_at is None or self.last_seen_at < hour:
            not_yet = Device.objects.filter(Q(last_seen_at__isnull=True) | Q(last_seen_at__lt=hour), pk=self.pk)
            with transaction.atomic():
                # Two requests of a device don't wait for each other, nor for someone who edits it.
                free = not_yet.select_for_update(skip_locked=True, no_key=True)
                Device.objects.filter(pk__in=free.values("pk")).update(last_seen_at=hour)

    @property
    def is_authenticated(self) -> bool:
        """True: a device in a request has shown its key."""
        return True

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Whether `ads/rules.py` grants devices this permission."""
        return self.is_active and rules.has_perm(perm, self, obj)

    def validate_unique(self, exclude: Collection[str] | None = None) -> None:
        """Also look up the key: unlike the random keys of other rows, this one is chosen by users."""
        if self._state.adding and type(self)._base_manager.filter(pk=self.pk).exists():
            raise ValidationError({"device_id": self.unique_error_message(type(self), ("device_id",))})
        super().validate_unique(exclude)

    def save(self, **kwargs: Any) -> None:
        """Insert a new device. Without this, Django would first try to update a row with the same key."""
        if self._state.adding:
            kwargs["force_insert"] = True
        super().save(**kwargs)

    def delete(self, using: str | None = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:
        """Raises ValidationError (code `device_has_views`) if a view of this device has been counted."""
        with transaction.atomic():
            # A report that is being counted holds the same lock.
            Device.objects.select_for_update().filter(pk=self.pk).first()
            if AdView.objects.filter(device_id=self.pk).exists():
                raise ValidationError(HAS_VIEWS, code="device_has_views")
            return super().delete(using, keep_parents)
