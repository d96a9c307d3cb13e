"""Approving and rejecting in the admin console: the review queue, and the page that asks for the moderator's note."""

from collections.abc import Sequence
from datetime import date

from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils import timezone

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
from campaign_studio.writing import one_write

MODERATE = "ads.moderate_ad"
APPROVE, REJECT = "approve", "reject"
DONE = {APPROVE: "approved", REJECT: "rejected"}
PER_PAGE = 25
NOTHING_TICKED = "Tick the ads to decide about first."
# Before anything of the ad: from here on it may draw itself, and nothing more.
PREVIEW_START = (
    '<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">"
)


def preview(ad: Ad) -> str | None:
    """The document that shows an HTML ad in a frame without rights; None for other media."""
    return PREVIEW_START + (ad.media_content or "") if ad.media_type == MediaType.HTML else None


class QueueView(ConsoleView):
    """The ads that wait for a verdict. Its buttons lead to the pages of every other review."""

    model = Ad
    template_name = "admin/ads/queue.html"
    permission_required = MODERATE
    title = "Review queue"

    def get_context_data(self, **kwargs: object) -> Context:
        """One page of them, what goes live soonest first."""
        user = self.request.user
        today = timezone.localdate()
        waiting = Ad.objects.all().visible_to(user).awaiting_review(on=today)
        shown = waiting.select_related("campaign__advertiser", "content_rating", "ad_created_by")
        pages = pager(shown, self.request, PER_PAGE)
        ads = [
            (ad, preview(ad), in_words(ad.goes_live_on, today), ad.may_be_approved_by(user))
            for ad in pages["page"].object_list
        ]
        names = {"action_checkbox_name": helpers.ACTION_CHECKBOX_NAME, "changelist": reverse("admin:ads_ad_changelist")}
        return super().get_context_data(today=today, ads=ads, **pages, **names, **kwargs)


class ReviewView(ConsoleView):
    """Shows ads with a form for the note, and once that comes back, approves or rejects each by itself.

    `bulk_action` is the action of the list that chose them, which a form that comes back runs again.
    """

    model = Ad
    template_name = "admin/ads/review.html"
    verdict = APPROVE
    ads: Sequence[Ad] = ()
    bulk_action = ""

    def has_permission(self) -> bool:
        """Whether they may review every one of them."""
        return all(self.request.user.has_perm(MODERATE, ad) for ad in self.ads)

    def post(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        """Give the verdict. What changed since it was shown is shown again, and so is a form that isn't filled in."""
        if "decide" not in request.POST:
            return self.render_to_response(self.get_context_data())
        form = self._form(request.POST)
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(form=form))
        back = where_from(request, self.ads, self.bulk_action)
        self.ads = give_verdicts(request, self.ads, self.verdict, form.cleaned_data["note"])
        return self.render_to_response(self.get_context_data(form=form)) if self.ads else HttpResponseRedirect(back)

    def _form(self, data: QueryDict | None = None) -> ReviewForm:
        return ReviewForm(data, needs_note=self.verdict == REJECT)

    def get_context_data(self, **kwargs: object) -> Context:
        """The ads as they are, and which of them somebody else has to approve."""
        user = self.request.user
        return super().get_context_data(
            **{
                "title": f"{self.verdict.capitalize()} {'ad' if len(self.ads) == 1 else f'{len(self.ads)} ads'}",
                "ads": [(ad, preview(ad)) for ad in self.ads],
                "not_mine": [ad for ad in self.ads if self.verdict == APPROVE and not ad.may_be_approved_by(user)],
                "four_eyes": FOUR_EYES,
                "back_to_queue": is_from_queue(self.request),
                "verdict": self.verdict,
                "form": self._form(),
                "back": where_from(self.request, self.ads, self.bulk_action),
                "bulk_action": self.bulk_action,
                "action_checkbox_name": helpers.ACTION_CHECKBOX_NAME,
                **kwargs,
            }
        )


def is_from_queue(request: HttpRequest) -> bool:
    """Whether the queue led here, to which its reader goes back."""
    return "queue" in request.GET or "queue" in request.POST


def where_from(request: HttpRequest, ads: Sequence[Ad], bulk_action: str) -> str:
    """The page that led to a review."""
    if is_from_queue(request):
        return reverse("admin:ads_ad_queue")
    return reverse("admin:ads_ad_changelist") if bulk_action else reverse("admin:ads_ad_change", args=[ads[0].pk])


@admin.action(description="Approve selected ads", permissions=["moderate"])
def approve_selected(model_admin: StudioAdmin, request: HttpRequest, chosen: AdQuerySet) -> HttpResponse:
    """Ask for an optional note, then approve them."""
    return _review_selected(request, chosen, APPROVE, "approve_selected")


@admin.action(description="Reject selected ads", permissions=["moderate"])
def reject_selected(model_admin: StudioAdmin, request: HttpRequest, chosen: AdQuerySet) -> HttpResponse:
    """Ask for the reason, then reject them."""
    return _review_selected(request, chosen, REJECT, "reject_selected")


def _review_selected(request: HttpRequest, chosen: AdQuerySet, verdict: str, action: str) -> HttpResponse:
    ads = _with_rating(chosen)
    gone = len(request.POST.getlist(helpers.ACTION_CHECKBOX_NAME)) - len(ads)
    if gone > 0:
        verb = "is" if gone == 1 else "are"
        messages.warning(request, f"{gone} of the chosen ads {verb} no longer there.")
    if not ads:
        return HttpResponseRedirect(where_from(request, ads, action))
    return ReviewView.as_view(ads=ads, verdict=verdict, bulk_action=action)(request)


def give_verdicts(request: HttpRequest, ads: Sequence[Ad], verdict: str, note: str) -> list[Ad]:
    """Approve or reject each by itself; returns those that changed since they were shown, to be looked at again."""
    done = 0
    stale: list[Ad] = []
    # Whoever decides about several goes the same way, so that no two wait for each other.
    for ad in sorted(ads, key=lambda one: (one.campaign_id, one.pk)):
        try:
            with one_write():
                _give_verdict(request, ad, verdict, note)
            done += 1
        except StaleError:
            present = _with_rating(Ad.objects.all().visible_to(request.user).filter(pk=ad.pk))
            stale += present
            reader = signed_in(request)
            said = [_changed_meanwhile(one, reader) for one in present] or [f"“{ad}” was deleted meanwhile."]
            messages.error(request, said[0])
        except PermissionDenied as error:
            messages.error(request, f"{ad}: {error}")
        except REFUSALS as error:
            for message in as_validation_error(error).messages:
                messages.error(request, f"{ad}: {message}")
    if done:
        what = f"“{ads[0]}” was" if len(ads) == 1 else f"{done} {'ad was' if done == 1 else 'ads were'}"
        messages.success(request, f"{what} {DONE[verdict]}.")
    return stale


def _give_verdict(request: HttpRequest, ad: Ad, verdict: str, note: str) -> None:
    """Give it on the stored ad. Raises StaleError when that is no longer the one that the page showed."""
    stored = Ad.objects.for_change(ad.pk).select_related("campaign").first()
    if stored is None or request.POST.get(f"version_{ad.pk}", str(stored.version)) != str(stored.version):
        raise StaleError(ad)
    give = stored.approve if verdict == APPROVE else stored.reject
    give(request.user, at=timezone.now(), note=note, version=stored.version)


def _with_rating(ads: AdQuerySet) -> list[Ad]:
    """All that the page of a review shows, at once."""
    return list(ads.select_related("campaign", "content_rating"))


def _changed_meanwhile(ad: Ad, reader: User) -> str:
    """Who made what was looked at out of date; a change of its slots or its rating counts too."""
    last = AuditEntry.objects.about(ad, reader=reader).first()
    by = f" by {last.actor_name}" if last and last.actor_name else ""
    at = f" at {last.timestamp:%H:%M:%S} UTC" if last else ""
    return f"“{ad}” was changed{by}{at}. Look at it again."


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
