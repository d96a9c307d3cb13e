"""The screen as drivers see it, and what is booked on it: pages of the admin console."""

from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Case, F, Value, When
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path

from ads.choices import AdType
from ads.console.availability import clock, rows_of
from ads.console.creatives import as_data, creatives_of, placements
from ads.console.place_forms import FIRST_DAY, LAST_DAY, PlaceForm, ScreenForm, asked
from ads.console.wording import answer
from ads.delivery.criteria import BY_CODE
from ads.delivery.engine import decide, plan_of_day
from ads.delivery.explaining import explain, with_failures
from ads.delivery.opportunity import Opportunity
from ads.delivery.statement import Question
from campaigns.console.admin import MayExplain

MOST_EXPLAINED = 25
PLACE = ("country", "region", "city", "postcode")


class ScreenPages(MayExplain):
    """Adds the pages `preview/` and `board/`."""

    def get_urls(self) -> list[Any]:
        """The console's own addresses, and those of the screen."""
        view = self.admin_site.admin_view
        return [
            path("preview/", view(self.preview_view), name="ads_ad_preview"),
            path("preview/why/", view(self.preview_why_view), name="ads_ad_preview_why"),
            path("board/", view(self.board_view), name="ads_ad_board"),
            *super().get_urls(),
        ]

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """The screen of a place, with its whole day. Raises PermissionDenied for whoever may not ask why."""
        self._check_may_ask(request)
        form = asked(ScreenForm, request.GET)
        context = self._context(request, "Screen preview", form)
        if form.is_valid():
            context |= _screen(form)
            if form.cleaned_data["ad_type_id"]:
                context["why"] = self._why(request, form)
        return TemplateResponse(request, "admin/ads/preview.html", context)

    def preview_why_view(self, request: HttpRequest) -> HttpResponse:
        """Why a position shows what it shows: a part of the page. Raises PermissionDenied as that does."""
        self._check_may_ask(request)
        form = asked(ScreenForm, request.GET)
        is_valid = form.is_valid()
        context = {"form": form, "why": self._why(request, form) if is_valid else None}
        status = 400 if form.is_bound and not is_valid else 200
        return TemplateResponse(request, "admin/ads/includes/position_why.html", context, status=status)

    def board_view(self, request: HttpRequest) -> HttpResponse:
        """What is booked in a place during a day. Raises PermissionDenied for whoever may not ask why."""
        self._check_may_ask(request)
        form = asked(PlaceForm, request.GET)
        context = self._context(request, "Availability", form)
        if form.is_valid():
            opportunity = form.opportunity()
            rows = rows_of(plan_of_day(opportunity, anywhere_in_city=not opportunity.postcode))
            context |= {
                "rows": rows,
                "is_empty": not any(row.taken for row in rows),
                "hours": range(24),
                "place": form.place(),
                "day": opportunity.day,
                "before": _other_day(form, -1),
                "after": _other_day(form, 1),
                "query": form.query(),
            }
        return TemplateResponse(request, "admin/ads/board.html", context)

    def _check_may_ask(self, request: HttpRequest) -> None:
        if not self.has_explain_permission(request):
            raise PermissionDenied

    def _context(self, request: HttpRequest, title: str, form: PlaceForm) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "title": title, "opts": self.opts, "form": form}

    def _why(self, request: HttpRequest, form: ScreenForm) -> dict[str, Any]:
        """The ads of a position: what shows, whoever waits for its turn, then the nearest of those that can't."""
        opportunity = form.opportunity()
        position = AdType(form.cleaned_data["ad_type_id"] or AdType.TOP_BAR)
        decision = decide(opportunity)
        turn = {key: place for place, key in enumerate(decision.eligible[position])}
        ads = self.get_queryset(request).filter(ad_type_id=position)
        # What is aimed at another country is only counted: to judge all there is takes seconds.
        here = ads.filter(BY_CODE["country"].holds(Question(opportunity)))
        first = Case(When(pk__in=decision.shown[position], then=Value(0)), default=Value(1))
        nearest = with_failures(here, opportunity).order_by(first, F("failing"), "ad_id")[:MOST_EXPLAINED]
        explained = explain(nearest, opportunity, decision)
        explained.sort(key=lambda one: (turn.get(str(one.ad.pk), len(turn)), len(one.reasons)))
        names = {str(one.ad.pk): one.ad.ad_name for one in explained}
        return {
            "position": position,
            "time": clock(opportunity.quarter),
            "explained": [answer(one, names) for one in explained],
            "more": max(ads.count() - len(explained), 0),
        }


def _screen(form: ScreenForm) -> dict[str, Any]:
    """The screen at the moment that was asked about, and all that it shows during the day."""
    opportunity: Opportunity = form.opportunity()
    plan = plan_of_day(opportunity)
    creatives = creatives_of(plan, opportunity.quarter)
    placed = placements(plan[opportunity.quarter], creatives)
    return {
        "placements": placed,
        "creatives": creatives,
        "plan": as_data(plan),
        # How much of the screen is filled in each quarter hour.
        "filled": [sum(map(bool, decision.eligible.values())) for decision in plan],
        "filled_now": sum(bool(one.of) for one in placed),
        "is_empty": not any(decision.keys() for decision in plan),
        "quarter": opportunity.quarter,
        "time": clock(opportunity.quarter),
        "place": form.place(),
        "day": opportunity.day,
        "query": form.query(*[name for name in form.fields if name not in ("quarter", "ad_type_id")]),
        "board_query": form.query(*PLACE, "day"),
    }


def _other_day(form: PlaceForm, days: int) -> dict[str, Any] | None:
    """The same board on a day before or after; None past the ends of the calendar."""
    day = form.cleaned_data["day"] + timedelta(days=days)
    return {"day": day, "query": form.query(day=day)} if FIRST_DAY <= day <= LAST_DAY else None
