"""Approving and rejecting in the admin console: from the list and from an ad's page."""

from typing import Any

from django.contrib import messages
from django.contrib.admin import helpers
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from unfold.decorators import action
from unfold.enums import ActionVariant

from ads.choices import MediaType
from ads.forms import ReviewForm
from ads.models import Ad
from campaign_studio.admin import StudioAdmin
from campaign_studio.admin_forms import REFUSALS, as_validation_error
from campaign_studio.audit import tell_database

DONE = {"approve": "approved", "reject": "rejected"}
# Before anything of the ad: from here on it may draw itself, and nothing more.
PREVIEW_START = (
    '<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">"
)


def preview(ad: Ad) -> str | None:
    """The document that shows an HTML ad in a frame without rights; None for other media."""
    return PREVIEW_START + (ad.media_content or "") if ad.media_type == MediaType.HTML else None


class Reviewing(StudioAdmin):
    """Adds the moderators' buttons and bulk actions. Every ad is asked about by itself."""

    actions = ["approve_selected", "reject_selected"]
    actions_detail = ["approve", "reject"]

    def has_moderate_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether they review ads."""
        return self.may(request, "moderate", obj)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """The buttons, for moderators of this ad."""
        ad = self.get_object(request, unquote(str(object_id)))
        may = ad is not None and self.has_moderate_permission(request, ad)
        return super().get_actions_detail(request, object_id) if may else []

    @action(description="Approve", icon="check_circle", variant=ActionVariant.SUCCESS)
    def approve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for an optional note, then approve."""
        return self._review_one(request, object_id, "approve")

    @action(description="Reject", icon="cancel", variant=ActionVariant.DANGER)
    def reject(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for the reason, then reject."""
        return self._review_one(request, object_id, "reject")

    @action(description="Approve selected ads", permissions=["moderate"])
    def approve_selected(self, request: HttpRequest, queryset: Any) -> HttpResponse:
        """Ask for an optional note, then approve them."""
        return self._review(request, list(queryset), "approve", self.address("changelist"), "approve_selected")

    @action(description="Reject selected ads", permissions=["moderate"])
    def reject_selected(self, request: HttpRequest, queryset: Any) -> HttpResponse:
        """Ask for the reason, then reject them."""
        return self._review(request, list(queryset), "reject", self.address("changelist"), "reject_selected")

    def _review_one(self, request: HttpRequest, object_id: str, decision: str) -> HttpResponse:
        ad = self.get_object(request, unquote(object_id))
        if ad is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return self._review(request, [ad], decision, self.address("change", ad))

    def _review(
        self, request: HttpRequest, ads: list[Ad], decision: str, back: str, bulk_action: str = ""
    ) -> HttpResponse:
        """Show the ads with a form for the note, and once it comes back, decide."""
        if not all(self.has_moderate_permission(request, ad) for ad in ads):
            raise PermissionDenied
        is_answer = request.method == "POST" and "decide" in request.POST
        form = ReviewForm(request.POST if is_answer else None, needs_note=decision == "reject")
        if is_answer and form.is_valid():
            self._decide(request, ads, decision, form.cleaned_data["note"])
            return HttpResponseRedirect(back)
        context = {
            **self.admin_site.each_context(request),
            "title": f"{decision.capitalize()} {'ad' if len(ads) == 1 else f'{len(ads)} ads'}",
            "opts": self.opts,
            "ads": [(ad, preview(ad)) for ad in ads],
            "decision": decision,
            "form": form,
            "back": back,
            "bulk_action": bulk_action,
            "action_checkbox_name": helpers.ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/ads/review.html", context)

    def _decide(self, request: HttpRequest, ads: list[Ad], decision: str, note: str) -> None:
        decided = 0
        for ad in ads:
            try:
                with transaction.atomic():
                    tell_database()
                    getattr(ad, decision)(request.user, at=timezone.now(), note=note)
                decided += 1
            except REFUSALS as error:
                for message in as_validation_error(error).messages:
                    self.message_user(request, f"{ad}: {message}", messages.ERROR)
        if decided:
            what = f"“{ads[0]}” was" if len(ads) == 1 else f"{decided} {'ad was' if decided == 1 else 'ads were'}"
            self.message_user(request, f"{what} {DONE[decision]}.", messages.SUCCESS)
