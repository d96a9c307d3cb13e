"""The console's pages for devices. A key is shown once, on the page that answers its creation."""

from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from accounts.console.history import AuditedAdmin
from ads.models import Device
from campaign_studio.console.base import Fieldsets
from campaign_studio.console.forms import StudioForm
from campaign_studio.console.views import ConsoleView, Context
from campaign_studio.retrying import retried
from campaign_studio.writing import one_write


class DeviceForm(StudioForm):
    """A device. A new one gets its key before it is validated."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(self.instance, Device) and self.instance._state.adding:
            self.instance.make_key()


class KeyView(ConsoleView):
    """Shows the key of a device that has just been created. For an older one, asks whether to rotate the key.

    The key is only in this answer: it is in no message, session or URL, and the browser doesn't store it.
    """

    model = Device
    template_name = "admin/ads/device_key.html"
    # Each view gets its own with `as_view(device=…)`.
    device = Device()

    def has_permission(self) -> bool:
        return self.request.user.has_perm("ads.change_device", self.device)

    def post(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        """Rotate the key, unless it has just been made, and show it."""
        key = self.device.new_key or retried(partial(self._rotated, request))
        return self.render_to_response(self.get_context_data(key=key))

    def _rotated(self, request: HttpRequest) -> str:
        with one_write():
            rows = Device.objects.visible_to(request.user).select_for_update(of=("self",))
            device: Device = rows.get(pk=self.device.pk)
            return device.rotate_key()

    def get_context_data(self, **kwargs: object) -> Context:
        """The device. Without a `key` the template asks for confirmation."""
        title = gettext("Key of %(device)s") if "key" in kwargs else gettext("Rotate the key of %(device)s")
        return super().get_context_data(
            title=title % {"device": self.device},
            device=self.device,
            back=reverse("admin:ads_device_change", args=[quote(self.device.pk)]),
            **kwargs,
        )


@admin.register(Device)
class DeviceAdmin(AuditedAdmin):
    """Devices, for administrators."""

    form = DeviceForm
    list_display = ["device_id", "fleet", "is_active", "seen", "creator", "created_at"]
    list_filter = ["is_active"]
    search_fields = ["device_id__matches", "fleet__matches"]
    search_help_text = _("Device ID or fleet")
    ordering = ["device_id"]
    actions = ["activate_selected", "deactivate_selected"]
    actions_detail = ["rotate_key"]
    readonly_fields = ["seen", "creator", "created_at", "last_editor", "updated_at"]
    fieldsets = [
        (None, {"fields": [("device_id", "fleet"), "is_active", "seen"]}),
        (_("Created and updated"), {"fields": [("creator", "created_at"), ("last_editor", "updated_at")]}),
    ]
    add_fieldsets: Fieldsets = [(None, {"fields": [("device_id", "fleet"), "is_active"]})]

    @display(description=_("Last seen (UTC)"), ordering="last_seen_at")
    def seen(self, device: Device) -> str | None:
        """When the device last sent a request, to the hour."""
        return formats.date_format(device.last_seen_at, "DATETIME_FORMAT") if device.last_seen_at else None

    def get_fieldsets(self, request: HttpRequest, obj: models.Model | None = None) -> Fieldsets:
        return self.fieldsets if obj else self.add_fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[str]:
        """The ID is fixed once the device exists."""
        return [*self.readonly_fields, "device_id"] if obj else self.readonly_fields

    def response_add(self, request: HttpRequest, obj: Device, post_url_continue: str | None = None) -> HttpResponse:
        """The page that shows the key, instead of a redirect: the key isn't stored anywhere from where to show it."""
        return KeyView.as_view(device=obj)(request)

    @action(
        description=_("Rotate key"),
        icon="key",
        url_path="rotate-key",
        variant=ActionVariant.DANGER,
        permissions=["change"],
    )
    def rotate_key(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for confirmation, then replace the key and show the new one."""
        device = self.get_object(request, unquote(object_id))
        return KeyView.as_view(device=device)(request) if device else self.not_found(request, object_id)

    @admin.action(description=_("Activate selected devices"), permissions=["change"])
    def activate_selected(self, request: HttpRequest, queryset: models.QuerySet[Device]) -> None:
        count = self._set_active(request, queryset, is_active=True)
        message = ngettext("%(count)d device is now active.", "%(count)d devices are now active.", count)
        self.message_user(request, message % {"count": count}, messages.SUCCESS)

    @admin.action(description=_("Deactivate selected devices"), permissions=["change"])
    def deactivate_selected(self, request: HttpRequest, queryset: models.QuerySet[Device]) -> None:
        count = self._set_active(request, queryset, is_active=False)
        message = ngettext("%(count)d device is now inactive.", "%(count)d devices are now inactive.", count)
        self.message_user(request, message % {"count": count}, messages.SUCCESS)

    def _set_active(self, request: HttpRequest, queryset: models.QuerySet[Device], *, is_active: bool) -> int:
        """Change those that differ, and return how many they are."""
        devices = list(queryset.filter(is_active=not is_active).order_by("pk").select_for_update(of=("self",)))
        for device in devices:
            if not self.may(request, "change", device):
                raise PermissionDenied
            device.is_active = is_active
            device.save()
        return len(devices)
