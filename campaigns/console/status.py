"""Moving campaigns and ads from one status to another in the admin console."""

from collections.abc import Callable, Sequence

from django.contrib import messages
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.decorators import action

from accounts.console.history import AuditedAdmin
from campaign_studio.console.forms import REFUSALS, as_validation_error
from campaign_studio.console.permissions import visible_rows
from campaigns.choices import Status
from campaigns.lifecycle import LifecycleModel

NOT_PERMITTED = "You may not change this one."


class StatusActionsMixin(AuditedAdmin):
    """Adds bulk actions, and stays on the page when one of its status buttons was pressed."""

    actions: Sequence[str | Callable[..., object]] = ["activate_selected", "pause_selected", "deactivate_selected"]

    def has_move_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whether they may change any; for each row it is asked again."""
        return self.may(request, "change", obj)

    def response_change(self, request: HttpRequest, obj: LifecycleModel) -> HttpResponse:
        """After a button the page again, with what has become of it."""
        if obj.status_field not in request.POST:
            return super().response_change(request, obj)
        self.message_user(request, f"“{obj}” is now {Status(obj.status).label.lower()}.", messages.SUCCESS)
        return HttpResponseRedirect(self.address("change", obj))

    @action(description="Activate selected %(verbose_name_plural)s", permissions=["move"])
    def activate_selected(self, request: HttpRequest, queryset: QuerySet) -> None:
        self._move(request, queryset, Status.ACTIVE)

    @action(description="Pause selected %(verbose_name_plural)s", permissions=["move"])
    def pause_selected(self, request: HttpRequest, queryset: QuerySet) -> None:
        self._move(request, queryset, Status.PAUSED)

    @action(description="Deactivate selected %(verbose_name_plural)s", permissions=["move"])
    def deactivate_selected(self, request: HttpRequest, queryset: QuerySet) -> None:
        self._move(request, queryset, Status.INACTIVE)

    def _move(self, request: HttpRequest, queryset: QuerySet, status: Status) -> None:
        """Each by itself: what is refused keeps none of the others from moving. All that moved moved in one write."""
        moved = 0
        for key in queryset.values_list("pk", flat=True):
            row: LifecycleModel | None = visible_rows(self.model, request).for_change(key).first()
            refusal = self._moved(request, row, status) if row is not None else None
            if refusal:
                self.message_user(request, f"{row}: {refusal}", messages.ERROR)
            moved += row is not None and not refusal
        if moved:
            names = self.opts.verbose_name if moved == 1 else self.opts.verbose_name_plural
            label = Status(status).label.lower()
            self.message_user(
                request, f"{moved} {names} {'is' if moved == 1 else 'are'} now {label}.", messages.SUCCESS
            )

    def _moved(self, request: HttpRequest, row: LifecycleModel, status: Status) -> str | None:
        """Move one locked row; why not, where it is refused."""
        if not self.has_move_permission(request, row):
            return NOT_PERMITTED
        if row.status == status:
            return None
        try:
            with transaction.atomic():
                row.move_to(status)
        except REFUSALS as error:
            return " ".join(as_validation_error(error).messages)
        return None
