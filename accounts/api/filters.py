"""The query parameters that filter users, sessions and the logs."""

from collections.abc import Iterable

import django_filters
from auditlog.registry import auditlog
from django.db.models import QuerySet
from django.forms import GenericIPAddressField
from django.utils.translation import gettext_lazy as _

from accounts.choices import RoleName, SecurityEventKind
from accounts.models import AuditEntry, SecurityEvent, Session, User
from accounts.querysets import AuditEntryQuerySet
from campaign_studio.api.filtersets import MomentFilter, OnceBuiltFilterSet, StampedFilterSet, YesNoFilter

ACTIONS = {"create": 0, "update": 1, "delete": 2, "access": 3}
ACTION_CHOICES = [(name, name) for name in ACTIONS]
SINCE = _("Only changes at or after this time.")
UNTIL = _("Only changes at or before this time.")


class UserFilter(StampedFilterSet):
    """`?role=campaign_manager&is_active=true`."""

    role = django_filters.ChoiceFilter(field_name="role_id", choices=RoleName.choices)
    is_active = YesNoFilter(label=_("Only active users, or only inactive ones."))

    class Meta:
        model = User
        fields: list[str] = []


class SessionFilter(OnceBuiltFilterSet):
    """`?user_id=…` lists another user's sessions. Without it, the list contains your own."""

    user_id = django_filters.UUIDFilter(label=_("The sessions of this user. Only for administrators."))

    class Meta:
        model = Session
        fields: list[str] = []


class AddressFilter(django_filters.CharFilter):
    """An exact IPv4 or IPv6 address. Anything else is refused with a 400."""

    field_class = GenericIPAddressField


class SecurityEventFilter(OnceBuiltFilterSet):
    """`?kind=login_failed&user_id=…&remote_addr=…&from=…&to=…`."""

    kind = django_filters.ChoiceFilter(choices=SecurityEventKind.choices)
    user_id = django_filters.UUIDFilter(label=_("Only events of this user."))
    # By what the reader sees, or the number of hits would reveal the rest.
    remote_addr = AddressFilter(field_name="shown_remote_addr", label=_("Only events from this IP address."))
    to = MomentFilter(field_name="happened_at", lookup_expr="lte", label=_("Only events at or before this time."))

    class Meta:
        model = SecurityEvent
        fields: list[str] = []


def _resource_types() -> list[tuple[str, str]]:
    return sorted((str(model._meta.model_name), str(model._meta.verbose_name)) for model in auditlog.get_models())


class AuditEntryFilter(OnceBuiltFilterSet):
    """`?actor=<user_id>&resource_type=campaign&resource_id=…&action=update&from=…&to=…`."""

    actor = django_filters.UUIDFilter(field_name="actor_id", label=_("Only changes by this user."))
    resource_type = django_filters.ChoiceFilter(
        field_name="content_type__model", choices=_resource_types, label=_("Only changes of objects of this type.")
    )
    resource_id = django_filters.CharFilter(
        field_name="object_pk", max_length=255, label=_("Only changes of the object with this key.")
    )
    action = django_filters.ChoiceFilter(choices=ACTION_CHOICES, method="by_action")
    to = MomentFilter(field_name="timestamp", lookup_expr="lte", label=UNTIL)

    class Meta:
        model = AuditEntry
        fields: list[str] = []

    def by_action(self, entries: QuerySet[AuditEntry], name: str, value: str) -> QuerySet[AuditEntry]:
        """Filter by action, which the log stores as a number."""
        return entries.filter(action=ACTIONS[value])


class HistoryFilter(django_filters.FilterSet):
    """`?actor=mara&field=campaign_status&from=…&to=…`, for the history of one object. `field` is one of `columns`."""

    actor = django_filters.CharFilter(max_length=200, method="by_actor")
    field = django_filters.ChoiceFilter(method="by_field")
    to = MomentFilter(field_name="timestamp", lookup_expr="lte", label=UNTIL)

    class Meta:
        model = AuditEntry
        fields: list[str] = []

    def __init__(self, *args: object, columns: Iterable[str] = (), **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.filters["field"].extra["choices"] = [(name, name) for name in columns]

    def by_actor(self, entries: AuditEntryQuerySet, name: str, value: str) -> AuditEntryQuerySet:
        """Filter by user or command. An unknown name finds nothing."""
        return entries.by(value)

    def by_field(self, entries: AuditEntryQuerySet, name: str, value: str) -> AuditEntryQuerySet:
        """Filter by the field that changed."""
        return entries.touching(value)


# `from` is a Python keyword, so it can't be a class attribute.
SecurityEventFilter.base_filters["from"] = MomentFilter(
    field_name="happened_at", lookup_expr="gte", label=_("Only events at or after this time.")
)
for _log in (AuditEntryFilter, HistoryFilter):
    _log.base_filters["from"] = MomentFilter(field_name="timestamp", lookup_expr="gte", label=SINCE)
