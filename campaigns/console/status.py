"""Status buttons and bulk status actions for campaigns and ads in the admin console."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from django.contrib import messages
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from accounts.console.history import AuditedAdmin
from campaign_studio.console.forms import REFUSALS, as_validation_error
from campaign_studio.console.permissions import visible_rows
from campaigns.choices import Status
from campaigns.lifecycle import LifecycleModel

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

# The message after a status button, by the new status.
CHANGED: Mapping[str, "StrPromise"] = {
    Status.DRAFT: _("“%(name)s” is a draft again."),
    Status.ACTIVE: _("“%(name)s” is now active."),
    Status.PAUSED: _("“%(name)s” is now paused."),
    Status.INACTIVE: _("“%(name)s” is now inactive."),
    Status.EXPIRED: _("“%(name)s” has now expired."),
}
# The message after a bulk action, by the name of the model and the new status.
BULK_CHANGED: Mapping[tuple[str, str], "StrPromise"] = {
    ("campaign", Status.ACTIVE): ngettext_lazy(
        "%(count)d campaign is now active.", "%(count)d campaigns are now active.", "count"
    ),
    ("campaign", Status.PAUSED): ngettext_lazy(
        "%(count)d campaign is now paused.", "%(count)d campaigns are now paused.", "count"
    ),
    ("campaign", Status.INACTIVE): ngettext_lazy(
        "%(count)d campaign is now inactive.", "%(count)d campaigns are now inactive.", "count"
    ),
    ("ad", Status.ACTIVE): ngettext_lazy("%(count)d ad is now active.", "%(count)d ads are now active.", "count"),
    ("ad", Status.PAUSED): ngettext_lazy("%(count)d ad is now paused.", "%(count)d ads are now paused.", "count"),
    ("ad", Status.INACTIVE): ngettext_lazy("%(count)d ad is now inactive.", "%(count)d ads are now inactive.", "count"),
}
NOT_PERMITTED: Mapping[str, "StrPromise"] = {
    "campaign": _("Only the campaign's owner and administrators can change this campaign."),
    "ad": _("Only the campaign's owner and administrators can change this ad."),
}


class StatusActionsMixin(AuditedAdmin):
    """Adds bulk status actions, and stays on the page after a status button is pressed."""

    actions: Sequence[str | Callable[..., object]] = ["activate_selected", "pause_selected", "deactivate_selected"]

    def has_move_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whether the user may change any row at all. `_move` checks each row again."""
        return self.may(request, "change", obj)

    def response_change(self, request: HttpRequest, obj: LifecycleModel) -> HttpResponse:
        """After a status button: the same page again, with a message."""
        if obj.status_field not in request.POST:
            return super().response_change(request, obj)
        self.message_user(request, CHANGED[obj.status] % {"name": obj}, messages.SUCCESS)
        return HttpResponseRedirect(self.address("change", obj))

    @action(description=_("Activate selected %(verbose_name_plural)s"), permissions=["move"])
    def activate_selected(self, request: HttpRequest, queryset: QuerySet) -> None:
        self._move(request, queryset, Status.ACTIVE)

    @action(description=_("Pause selected %(verbose_name_plural)s"), permissions=["move"])
    def pause_selected(self, request: HttpRequest, queryset: QuerySet) -> None:
        self._move(request, queryset, Status.PAUSED)

    @action(description=_("Deactivate selected %(verbose_name_plural)s"), permissions=["move"])
    def deactivate_selected(self, request: HttpRequest, queryset: QuerySet) -> None:
        self._move(request, queryset, Status.INACTIVE)

    def _move(self, request: HttpRequest, queryset: QuerySet, status: Status) -> None:
        """Change the status row by row: a refused row stays as it is, the others change in one transaction."""
        moved = 0
        for key in queryset.values_list("pk", flat=True):
            row: LifecycleModel | None = visible_rows(self.model, request).for_change(key).first()
            refusal = self._moved(request, row, status) if row is not None else None
            if refusal:
                text = gettext("%(name)s: %(reason)s") % {"name": row, "reason": refusal}
                self.message_user(request, text, messages.ERROR)
            moved += row is not None and not refusal
        if moved:
            text = BULK_CHANGED[str(self.opts.model_name), status] % {"count": moved}
            self.message_user(request, text, messages.SUCCESS)

    def _moved(self, request: HttpRequest, row: LifecycleModel, status: Status) -> str | None:
        """Change the status of one locked row. Returns the reason if that is refused."""
        if not self.has_move_permission(request, row):
            return str(NOT_PERMITTED[str(self.opts.model_name)])
        if row.status == status:
            return None
        try:
            with transaction.atomic():
                row.move_to(status)
        except REFUSALS as error:
            return " ".join(as_validation_error(error).messages)
        return None
