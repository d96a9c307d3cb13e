"""The screen preview: the screen as passengers see it, and why a position shows what it shows."""

from csp.constants import SELF
from csp.decorators import csp_replace
from django.db.models import Case, F, Value, When
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _

from ads.choices import AdType
from ads.console.answers import answer
from ads.console.creatives import as_data, creatives_of, placements
from ads.console.place_forms import ScreenForm, bound_form, clock
from ads.delivery.criteria import BY_CODE
from ads.delivery.engine import decide, plan_of_day
from ads.delivery.explaining import explain, with_failures
from ads.delivery.statement import Question
from ads.models import Ad
from campaign_studio.console.views import ConsoleView, Context

MEDIA = [SELF, "data:", "http:", "https:"]
MOST_EXPLAINED = 25
PLACE = ("country", "region", "city", "postcode")


# The ads' images and videos are on the advertisers' own hosts.
@method_decorator(csp_replace({"img-src": MEDIA, "media-src": MEDIA}), name="dispatch")
class PreviewView(ConsoleView):
    """The screen in a place, with its whole day to play through."""

    model = Ad
    template_name = "admin/ads/preview.html"
    permission_required = "ads.explain_delivery"
    title = _("Screen preview")

    def get_context_data(self, **kwargs: object) -> Context:
        """The form, the screen if the form is valid, and the explanation of a position if one was chosen."""
        form = bound_form(ScreenForm, self.request.GET)
        context = super().get_context_data(form=form, **kwargs)
        if form.is_valid():
            context |= _screen(form)
            if form.cleaned_data["ad_type_id"]:
                context["why"] = _why(form, self.request)
        return context


class PositionView(ConsoleView):
    """Why a position shows what it shows: a fragment that the preview's script loads."""

    model = Ad
    template_name = "admin/ads/includes/position_why.html"
    permission_required = "ads.explain_delivery"

    def get(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        """The fragment, with status 400 for an invalid query string."""
        form = bound_form(ScreenForm, request.GET)
        is_valid = form.is_valid()
        context = {"form": form, "why": _why(form, request) if is_valid else None}
        return self.render_to_response(context, status=400 if form.is_bound and not is_valid else 200)


def _why(form: ScreenForm, request: HttpRequest) -> dict[str, object]:
    """The ads of a position: what shows, then what takes turns with it, then those closest to being eligible."""
    opportunity = form.opportunity()
    position = AdType(form.cleaned_data["ad_type_id"] or AdType.TOP_BAR)
    decision = decide(opportunity)
    turn = {key: place for place, key in enumerate(decision.eligible[position])}
    ads = Ad.objects.all().visible_to(request.user).filter(ad_type_id=position)
    # Ads that target other countries are only counted: checking every ad would take seconds.
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


def _screen(form: ScreenForm) -> dict[str, object]:
    """The screen at the chosen moment, and everything that it shows during the day."""
    opportunity = form.opportunity()
    plan = plan_of_day(opportunity)
    creatives = creatives_of(plan, opportunity.quarter)
    placed = placements(plan[opportunity.quarter], creatives)
    return {
        "placements": placed,
        "creatives": creatives,
        "plan": as_data(plan),
        # The number of positions with an ad, for each quarter hour.
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
