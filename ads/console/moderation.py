"""Approving and rejecting ads in the console: the review queue, and the page with the moderator's note."""

from collections.abc import Sequence
from datetime import date

from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.translation import gettext, ngettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.audit.models import AuditEntry
from accounts.models import User
from accounts.signin.console import signed_in
from ads.choices import MediaType
from ads.console.forms import ReviewForm
from ads.models import Ad
from ads.moderation import FOUR_EYES
from ads.querysets import AdQuerySet
from campaign_studio.console.base import StudioAdmin
from campaign_studio.console.forms import REFUSALS, as_validation_error
from campaign_studio.console.lists import pager
from campaign_studio.console.views import ConsoleView, Context
from campaign_studio.models.versioned import StaleError
from campaign_studio.places.clock import still_today
from campaign_studio.writing import one_write

MODERATE = "ads.moderate_ad"
APPROVE, REJECT = "approve", "reject"
TITLES = {
    APPROVE: ngettext_lazy("Approve ad", "Approve %(count)d ads", "count"),
    REJECT: ngettext_lazy("Reject ad", "Reject %(count)d ads", "count"),
}
ONE_DONE = {APPROVE: _("“%(ad)s” was approved."), REJECT: _("“%(ad)s” was rejected.")}
SEVERAL_DONE = {
    APPROVE: ngettext_lazy("%(count)d ad was approved.", "%(count)d ads were approved.", "count"),
    REJECT: ngettext_lazy("%(count)d ad was rejected.", "%(count)d ads were rejected.", "count"),
}
PER_PAGE = 25
NOTHING_SELECTED = _("Select at least one ad first.")
DELETED = _("“%(ad)s” was deleted in the meantime.")
# Precedes the ad's own HTML, which then can't load or run anything.
PREVIEW_START = (
    '<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">"
)


def preview(ad: Ad) -> str | None:
    """The document of an HTML ad for a fully sandboxed frame; None for other media types."""
    return PREVIEW_START + (ad.media_content or "") if ad.media_type == MediaType.HTML else None


class QueueView(ConsoleView):
    """The review queue: the ads pending review, with buttons that lead to the review page."""

    model = Ad
    template_name = "admin/ads/queue.html"
    permission_required = MODERATE
    title = _("Review queue")

    def get_context_data(self, **kwargs: object) -> Context:
        """One page of ads, in the order in which they go live."""
        user = self.request.user
        today = timezone.localdate()
        waiting = Ad.objects.all().visible_to(user).awaiting_review(on=still_today())
        pages = pager(waiting, self.request, PER_PAGE)
        # Keys first, which the index of the queue has: all of the queue is sorted, but only one page is read.
        keys = list(pages["page"].object_list.values_list("pk", flat=True))
        rows = Ad.objects.filter(pk__in=keys).with_goes_live_on()
        shown = rows.select_related("campaign__advertiser", "content_rating", "ad_created_by").in_bulk()
        ads = [
            (ad, preview(ad), relative_day(ad.goes_live_on, today), ad.may_be_approved_by(user))
            for ad in (shown[key] for key in keys if key in shown)
        ]
        names = {"action_checkbox_name": helpers.ACTION_CHECKBOX_NAME, "changelist": reverse("admin:ads_ad_changelist")}
        return super().get_context_data(today=today, ads=ads, **pages, **names, **kwargs)


class ReviewView(ConsoleView):
    """Ads with a form for the note. Submitting it approves or rejects each of them separately.

    `bulk_action` is the list's action that selected them. Submitting the form runs it again.
    """

    model = Ad
    template_name = "admin/ads/review.html"
    outcome = APPROVE
    ads: Sequence[Ad] = ()
    bulk_action = ""

    def has_permission(self) -> bool:
        """Whether the user may review all of these ads."""
        return all(self.request.user.has_perm(MODERATE, ad) for ad in self.ads)

    def post(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        """Approve or reject. Shows the page again for an invalid form, and for ads that have changed since."""
        if "decide" not in request.POST:
            return self.render_to_response(self.get_context_data())
        form = self._form(request.POST)
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(form=form))
        back = where_from(request, self.ads, self.bulk_action)
        self.ads = review_each(request, self.ads, self.outcome, form.cleaned_data["note"])
        return self.render_to_response(self.get_context_data(form=form)) if self.ads else HttpResponseRedirect(back)

    def _form(self, data: QueryDict | None = None) -> ReviewForm:
        return ReviewForm(data, needs_note=self.outcome == REJECT)

    def get_context_data(self, **kwargs: object) -> Context:
        """The ads, and which of them the user may not approve."""
        user = self.request.user
        return super().get_context_data(
            **{
                "title": TITLES[self.outcome] % {"count": len(self.ads)},
                "ads": [(ad, preview(ad)) for ad in self.ads],
                "not_mine": [ad for ad in self.ads if self.outcome == APPROVE and not ad.may_be_approved_by(user)],
                "four_eyes": FOUR_EYES,
                "back_to_queue": is_from_queue(self.request),
                "outcome": self.outcome,
                "form": self._form(),
                "back": where_from(self.request, self.ads, self.bulk_action),
                "bulk_action": self.bulk_action,
                "action_checkbox_name": helpers.ACTION_CHECKBOX_NAME,
                **kwargs,
            }
        )


def is_from_queue(request: HttpRequest) -> bool:
    """Whether the review started from the review queue, to which it returns."""
    return "queue" in request.GET or "queue" in request.POST


def where_from(request: HttpRequest, ads: Sequence[Ad], bulk_action: str) -> str:
    """The URL of the page that the review started from."""
    if is_from_queue(request):
        return reverse("admin:ads_ad_queue")
    return reverse("admin:ads_ad_changelist") if bulk_action else reverse("admin:ads_ad_change", args=[ads[0].pk])


@admin.action(description=_("Approve selected ads"), permissions=["moderate"])
def approve_selected(model_admin: StudioAdmin, request: HttpRequest, chosen: AdQuerySet) -> HttpResponse:
    """Ask for an optional note, then approve the ads."""
    return _review_selected(request, chosen, APPROVE, "approve_selected")


@admin.action(description=_("Reject selected ads"), permissions=["moderate"])
def reject_selected(model_admin: StudioAdmin, request: HttpRequest, chosen: AdQuerySet) -> HttpResponse:
    """Ask for the reason, then reject the ads."""
    return _review_selected(request, chosen, REJECT, "reject_selected")


def _review_selected(request: HttpRequest, chosen: AdQuerySet, outcome: str, action: str) -> HttpResponse:
    ads = _with_rating(chosen)
    gone = len(request.POST.getlist(helpers.ACTION_CHECKBOX_NAME)) - len(ads)
    if gone > 0:
        text = ngettext(
            "%(count)d of the selected ads no longer exists.", "%(count)d of the selected ads no longer exist.", gone
        )
        messages.warning(request, text % {"count": gone})
    if not ads:
        return HttpResponseRedirect(where_from(request, ads, action))
    return ReviewView.as_view(ads=ads, outcome=outcome, bulk_action=action)(request)


def review_each(request: HttpRequest, ads: Sequence[Ad], outcome: str, note: str) -> list[Ad]:
    """Approve or reject each ad separately. Returns the ads that have changed since they were shown."""
    done = 0
    stale: list[Ad] = []
    # Always in the same order, so that two moderators at once can't deadlock.
    for ad in sorted(ads, key=lambda one: (one.campaign_id, one.pk)):
        try:
            with one_write():
                _review_one(request, ad, outcome, note)
            done += 1
        except StaleError:
            present = _with_rating(Ad.objects.all().visible_to(request.user).filter(pk=ad.pk))
            stale += present
            reader = signed_in(request)
            messages.error(request, _changed_since(present[0], reader) if present else DELETED % {"ad": ad})
        except PermissionDenied as error:
            messages.error(request, f"{ad}: {error}")
        except REFUSALS as error:
            for message in as_validation_error(error).messages:
                messages.error(request, f"{ad}: {message}")
    if done:
        text = ONE_DONE[outcome] % {"ad": ads[0]} if len(ads) == 1 else SEVERAL_DONE[outcome] % {"count": done}
        messages.success(request, text)
    return stale


def _review_one(request: HttpRequest, ad: Ad, outcome: str, note: str) -> None:
    """Approve or reject the stored ad. Raises StaleError if it is no longer the version that the page showed."""
    stored = Ad.objects.for_change(ad.pk).select_related("campaign").first()
    if stored is None or request.POST.get(f"version_{ad.pk}", str(stored.version)) != str(stored.version):
        raise StaleError(ad)
    give = stored.approve if outcome == APPROVE else stored.reject
    give(request.user, at=timezone.now(), note=note, version=stored.version)


def _with_rating(ads: AdQuerySet) -> list[Ad]:
    """The ads with everything that the review page shows, in one query."""
    return list(ads.select_related("campaign", "content_rating"))


def _changed_since(ad: Ad, reader: User) -> str:
    """Who last changed the ad, its time slots or its content rating, and when."""
    last = AuditEntry.objects.about(ad, reader=reader).first()
    if last is None:
        return gettext("“%(ad)s” was changed in the meantime. Review it again.") % {"ad": ad}
    params = {"ad": ad, "user": last.actor_name, "time": time_format(last.timestamp, "H:i:s")}
    if last.actor_name:
        return gettext("“%(ad)s” was changed by %(user)s at %(time)s UTC. Review it again.") % params
    return gettext("“%(ad)s” was changed at %(time)s UTC. Review it again.") % params


def relative_day(day: date, today: date) -> str:
    """When an ad goes live, relative to today: `today`, `in 3 days`, `3 days overdue`."""
    days = (day - today).days
    if days == 0:
        return gettext("today")
    if days == 1:
        return gettext("tomorrow")
    if days > 0:
        return ngettext("in %(count)d day", "in %(count)d days", days) % {"count": days}
    return ngettext("%(count)d day overdue", "%(count)d days overdue", -days) % {"count": -days}
