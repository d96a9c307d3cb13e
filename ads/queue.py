"""The moderators' queue in the admin console: what goes live soonest comes first."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.contrib.admin import helpers
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone

from ads.reviewing import Reviewing, preview

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
