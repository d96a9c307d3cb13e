"""Approving and rejecting in the admin console: from the list and from an ad's page."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.contrib.admin import helpers
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from unfold.decorators import action
from unfold.enums import ActionVariant

from accounts.audit.models import AuditEntry
from accounts.console.history import AuditedAdmin
from ads.choices import MediaType, ModerationStatus
from ads.console.forms import ReviewForm
from ads.models import FOUR_EYES, Ad
from campaign_studio.console.forms import REFUSALS, as_validation_error
from campaign_studio.models.versioned import StaleError
from campaign_studio.writing import one_write

DONE = {"approve": "approved", "reject": "rejected"}
# Before anything of the ad: from here on it may draw itself, and nothing more.
PREVIEW_START = (
    '<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">"
)


def preview(ad: Ad) -> str | None:
    """The document that shows an HTML ad in a frame without rights; None for other media."""
    return PREVIEW_START + (ad.media_content or "") if ad.media_type == MediaType.HTML else None


class Reviewing(AuditedAdmin):
    """Adds the moderators' buttons and bulk actions. Every ad is asked about by itself."""

    actions = ["approve_selected", "reject_selected"]
    actions_detail = ["approve", "reject"]

    def has_moderate_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether they review ads."""
        return self.may(request, "moderate", obj)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """The buttons, for moderators of this ad."""
        ad = self.get_object(request, unquote(str(object_id)))
        if ad is None or not self.has_moderate_permission(request, ad):
            return []
        buttons = super().get_actions_detail(request, object_id)
        may_approve = ad.may_be_approved_by(request.user)
        return [one for one in buttons if may_approve or not one.action_name.endswith("_approve")]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """The ad's page. Moderators read why the button to approve is missing on what they made themselves."""
        ad = kwargs.get("obj")
        if ad is not None and self.has_moderate_permission(request, ad) and not ad.may_be_approved_by(request.user):
            context["four_eyes"] = FOUR_EYES if ad.moderation_status != ModerationStatus.APPROVED else ""
        return super().render_change_form(request, context, *args, **kwargs)

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
        return self._review(request, _with_rating(queryset), "approve", self.address("changelist"), "approve_selected")

    @action(description="Reject selected ads", permissions=["moderate"])
    def reject_selected(self, request: HttpRequest, queryset: Any) -> HttpResponse:
        """Ask for the reason, then reject them."""
        return self._review(request, _with_rating(queryset), "reject", self.address("changelist"), "reject_selected")

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
        is_from_queue = "queue" in request.GET or "queue" in request.POST
        back = reverse("admin:ads_ad_queue") if is_from_queue else back
        gone = len(request.POST.getlist(helpers.ACTION_CHECKBOX_NAME)) - len(ads)
        if gone > 0:
            verb = "is" if gone == 1 else "are"
            self.message_user(request, f"{gone} of the chosen ads {verb} no longer there.", messages.WARNING)
        if not ads:
            return HttpResponseRedirect(back)
        is_answer = request.method == "POST" and "decide" in request.POST
        form = ReviewForm(request.POST if is_answer else None, needs_note=decision == "reject")
        if is_answer and form.is_valid():
            ads = self._decide(request, ads, decision, form.cleaned_data["note"])
            if not ads:
                return HttpResponseRedirect(back)
        context = {
            **self.admin_site.each_context(request),
            "title": f"{decision.capitalize()} {'ad' if len(ads) == 1 else f'{len(ads)} ads'}",
            "opts": self.opts,
            "ads": [(ad, preview(ad)) for ad in ads],
            "not_mine": [ad for ad in ads if decision == "approve" and not ad.may_be_approved_by(request.user)],
            "four_eyes": FOUR_EYES,
            "back_to_queue": is_from_queue,
            "decision": decision,
            "form": form,
            "back": back,
            "bulk_action": bulk_action,
            "action_checkbox_name": helpers.ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/ads/review.html", context)

    def _decide(self, request: HttpRequest, ads: list[Ad], decision: str, note: str) -> list[Ad]:
        """Decide about each by itself; returns those that changed since they were shown, to be looked at again."""
        decided = 0
        stale: list[Ad] = []
        # Whoever decides about several goes the same way, so that no two wait for each other (R1).
        for ad in sorted(ads, key=lambda one: (one.campaign_id, one.pk)):
            try:
                with one_write():
                    self._decide_one(request, ad, decision, note)
                decided += 1
            except StaleError:
                present = _with_rating(Ad.objects.visible_to(request.user).filter(pk=ad.pk))
                stale += present
                said = [_changed_meanwhile(one, request.user) for one in present] or [f"“{ad}” was deleted meanwhile."]
                self.message_user(request, said[0], messages.ERROR)
            except PermissionDenied as error:
                self.message_user(request, f"{ad}: {error}", messages.ERROR)
            except REFUSALS as error:
                for message in as_validation_error(error).messages:
                    self.message_user(request, f"{ad}: {message}", messages.ERROR)
        if decided:
            what = f"“{ads[0]}” was" if len(ads) == 1 else f"{decided} {'ad was' if decided == 1 else 'ads were'}"
            self.message_user(request, f"{what} {DONE[decision]}.", messages.SUCCESS)
        return stale

    def _decide_one(self, request: HttpRequest, ad: Ad, decision: str, note: str) -> None:
        """Decide about the stored ad, if it is still the one that the page showed (8-reliability R11)."""
        stored = Ad.objects.for_change(ad.pk).select_related("campaign").first()
        if stored is None or request.POST.get(f"version_{ad.pk}", str(stored.version)) != str(stored.version):
            raise StaleError(ad)
        getattr(stored, decision)(request.user, at=timezone.now(), note=note, version=stored.version)


def _with_rating(ads: Any) -> list[Ad]:
    """All that the page of a review shows, at once."""
    return list(ads.select_related("campaign", "content_rating"))


def _changed_meanwhile(ad: Ad, reader: Any) -> str:
    """Who made what was looked at out of date; a change of its slots or its rating counts too."""
    last = AuditEntry.objects.about(ad, reader=reader).first()
    by = f" by {last.actor_name}" if last and last.actor_name else ""
    at = f" at {last.timestamp:%H:%M:%S} UTC" if last else ""
    return f"“{ad}” was changed{by}{at}. Look at it again."


PER_PAGE = 25
NOTHING_TICKED = "Tick the ads to decide about first."


class ReviewQueue(Reviewing):
    """Adds the page `queue/`. Its buttons lead to the pages of every other review."""

    def get_urls(self) -> list[Any]:
        """The console's own addresses, and the queue."""
        return [path("queue/", self.admin_site.admin_view(self.queue_view), name="ads_ad_queue"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, which also runs the bulk actions; of those that came from the queue it leads back there."""
        if "queue" in request.POST and helpers.ACTION_CHECKBOX_NAME not in request.POST:
            self.message_user(request, NOTHING_TICKED, messages.WARNING)
            return HttpResponseRedirect(reverse("admin:ads_ad_queue"))
        return super().changelist_view(request, extra_context)

    def queue_view(self, request: HttpRequest) -> HttpResponse:
        """What waits for a decision. Raises PermissionDenied for whoever doesn't decide."""
        if not self.has_moderate_permission(request):
            raise PermissionDenied
        today = timezone.localdate()
        waiting = self.get_queryset(request).awaiting_review(on=today)
        shown = waiting.select_related("campaign__advertiser", "content_rating", "ad_created_by")
        page = self.get_paginator(request, shown, PER_PAGE).get_page(request.GET.get("p"))
        context = {
            **self.admin_site.each_context(request),
            "title": "Review queue",
            "opts": self.opts,
            "today": today,
            "page": page,
            "page_range": page.paginator.get_elided_page_range(page.number),
            "ads": [
                (ad, preview(ad), in_words(ad.goes_live_on, today), ad.may_be_approved_by(request.user))
                for ad in page.object_list
            ],
            "action_checkbox_name": helpers.ACTION_CHECKBOX_NAME,
            "changelist": self.address("changelist"),
        }
        return TemplateResponse(request, "admin/ads/queue.html", context)


def in_words(day: date, today: date) -> str:
    """How far away a day is, as people say it."""
    days = (day - today).days
    if days == 0:
        return "today"
    if days == 1:
        return "tomorrow"
    if days == -1:
        return "since yesterday"
    return f"in {days} days" if days > 0 else f"for {-days} days already"
