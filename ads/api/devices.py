"""Devices: how they authenticate, and the pages of the API on which administrators manage them."""

import re
from typing import Any

import django_filters
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_serializer, extend_schema_view
from rest_framework import serializers, status
from rest_framework.authentication import BaseAuthentication
from rest_framework.decorators import action
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.authentication import BearerAuthentication, credentials_of
from accounts.api.history import AuditedViewSet
from accounts.models import Session, User
from ads import constraints
from ads.models import Device
from campaign_studio.api.etags import etag_of
from campaign_studio.api.filtersets import StampedFilterSet, YesNoFilter
from campaign_studio.api.permissions import ModelPermission
from campaign_studio.api.serializers import StudioSerializer

# One message for every failure, so that nobody learns which devices there are.
NO_SUCH_DEVICE = _(
    "There is no active device with this ID and key. Send “Authorization: Device <device_id>:<key>” with the device's "
    "latest key."
)
ONLY_DEVICES = _("Only devices may report views. Send “Authorization: Device <device_id>:<key>”.")


DEVICE_ID = re.compile(constraints.DEVICE_ID)


def id_and_key(credentials: bytes) -> tuple[str, str] | None:
    """The id and the key of a device in what follows the scheme. None if no device can have the id."""
    device_id, _colon, key = credentials.decode("latin-1").partition(":")
    return (device_id, key) if DEVICE_ID.fullmatch(device_id) else None


class DeviceAuthentication(BaseAuthentication):
    """`Authorization: Device <device_id>:<key>`, on the views that list this class.

    Takes one query, and once an hour another one for `last_seen_at`.
    """

    def authenticate(self, request: Request) -> tuple[Device, None] | None:
        """The device, or None for another scheme. Raises AuthenticationFailed (401)."""
        scheme, credentials = credentials_of(request)
        if scheme != "device":
            return None
        named = id_and_key(credentials)
        device = Device.objects.authenticate(*named) if named else None
        if device is None:
            raise AuthenticationFailed(NO_SUCH_DEVICE, "no_such_device")
        device.seen(at=timezone.now())
        return device, None

    def authenticate_header(self, request: Request) -> str:
        return "Device"


class UserRecognition(BearerAuthentication):
    """Recognises users where only devices are admitted, so that they are answered 403 rather than 401."""

    def authenticate(self, request: Request) -> tuple[User, Session] | None:
        """The user. A token that is refused is answered with what would be admitted."""
        try:
            return super().authenticate(request)
        except AuthenticationFailed as error:
            raise AuthenticationFailed(ONLY_DEVICES, "only_devices") from error

    def authenticate_header(self, request: Request) -> str:
        """No challenge, because a token doesn't help here."""
        return ""


class OnlyDevices(ModelPermission):
    """As in ModelPermission. The message says who has the permission."""

    message = ONLY_DEVICES


class DeviceScheme(OpenApiAuthenticationExtension):
    """Describes `DeviceAuthentication`. OpenAPI knows no other way to describe a scheme of one's own."""

    target_class = DeviceAuthentication
    name = "device"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": str(
                _(
                    "`Device <device_id>:<key>`. A device gets its key once, when it is created or its key is rotated. "
                    "It may ask what shows and report views, nothing else."
                )
            ),
        }


class NoScheme(OpenApiAuthenticationExtension):
    """Leaves `UserRecognition` out of the document: it isn't a way in."""

    target_class = UserRecognition
    name: str | list[str] = []

    def get_security_requirement(self, auto_schema: AutoSchema) -> list[dict[str, list[str]]]:
        return []

    def get_security_definition(self, auto_schema: AutoSchema) -> list[dict[str, str]]:
        return []


@extend_schema_serializer(description=_("A device that may ask what shows and report views."))
class DeviceSerializer(StudioSerializer):
    """A device, without its key."""

    created_by_id = serializers.UUIDField(read_only=True, allow_null=True)
    last_seen_at = serializers.DateTimeField(
        read_only=True, allow_null=True, help_text=_("When the device last sent a request, rounded down to the hour.")
    )

    class Meta:
        model = Device
        fields = [
            "device_id",
            "fleet",
            "is_active",
            "last_seen_at",
            "created_by_id",
            "created_by_name",
            "updated_by_name",
            "created_at",
            "updated_at",
            "version",
        ]
        read_only_fields = ["device_id", "created_by_name", "updated_by_name", "version"]
        # The audit log doesn't record versions, so `as_of` can't show them.
        extra_kwargs = {"version": {"allow_null": True}}


@extend_schema_serializer(description=_("A device to be created, with its ID."))
class NewDeviceSerializer(DeviceSerializer):
    """A new device. Its ID is fixed once it exists."""

    class Meta(DeviceSerializer.Meta):
        read_only_fields = ["created_by_name", "updated_by_name", "version"]


@extend_schema_serializer(description=_("A device with its new key, which is never shown again."))
class DeviceWithKeySerializer(DeviceSerializer):
    """A device and the key that has just been made."""

    key = serializers.CharField(
        source="new_key", read_only=True, help_text=_("256 bits in URL-safe base64. Only its hash is stored.")
    )

    class Meta(DeviceSerializer.Meta):
        fields = [*DeviceSerializer.Meta.fields, "key"]


class DeviceFilter(StampedFilterSet):
    """`?fleet=Taxis Berlin&is_active=true`."""

    fleet = django_filters.CharFilter(max_length=100, label=_("Only devices of this fleet."))
    is_active = YesNoFilter(label=_("Only active devices, or only inactive ones."))

    class Meta:
        model = Device
        fields: list[str] = []


@extend_schema_view(
    create=extend_schema(
        description=_("Create a device. The response contains its key, once."),
        request=NewDeviceSerializer,
        responses={201: OpenApiResponse(DeviceWithKeySerializer)},
    ),
    destroy=extend_schema(description=_("Delete a device that has never reported a view. Deactivate any other.")),
)
class DeviceViewSet(AuditedViewSet[Device]):
    """Devices, for administrators."""

    queryset = Device.objects.all()
    serializer_class = DeviceSerializer
    row_serializer_class = DeviceSerializer
    filterset_class = DeviceFilter
    search_fields = ("device_id", "fleet")
    lookup_url_kwarg = "device_id"
    lookup_value_converter = "str"
    # Devices are seen while administrators edit them.
    counters = ("last_seen_at",)

    @property
    def no_store(self) -> bool:  # type: ignore[override]
        """Whether the action answers with a key. `create` can't say so itself, because it has no `@action`."""
        return getattr(self, "action", None) in ("create", "rotate_key")

    def required_permission(self) -> str:
        """Rotating the key is a change of the device."""
        return "ads.change_device" if self.action == "rotate_key" else super().required_permission()

    def new_row(self) -> Device:
        """A device with a new key."""
        device = Device()
        device.make_key()
        return device

    def create(self, request: Request, **kwargs: Any) -> Response:
        context = {**self.get_serializer_context(), "new_row": self.new_row()}
        serializer = NewDeviceSerializer(data=request.data, context=context)
        serializer.is_valid(raise_exception=True)
        device = serializer.save()
        answer = self._with_key(device, status.HTTP_201_CREATED)
        answer["Location"] = self.url_of(device)
        return answer

    @extend_schema(
        summary=_("Rotate device key"),
        description=_("Replace the key of the device. The response contains the new key, once; the old one is dead."),
        request=None,
        responses=DeviceWithKeySerializer,
    )
    @action(detail=True, methods=["post"], url_path="rotate-key")
    def rotate_key(self, request: Request, **kwargs: Any) -> Response:
        device = self.get_object()
        device.rotate_key()
        return self._with_key(device, status.HTTP_200_OK)

    def _with_key(self, device: Device, code: int) -> Response:
        """The device with its key. The ETag is that of the device alone."""
        tag = etag_of(self.document(device.pk), counters=self.counters)
        shown = DeviceWithKeySerializer(device, context=self.get_serializer_context()).data
        return Response(shown, status=code, headers={"ETag": tag})
