"""Check delivery: the page that says why an ad shows or doesn't."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from django import forms
from django.db.models import Exists, OuterRef, QuerySet
from django.http import QueryDict
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from ads.console.answers import Answer, answer, finding
from ads.console.place_forms import INVALID_QUARTER, ScreenForm, asked, clock, first_place, now_in
from ads.delivery.criteria import able_to_show
from ads.delivery.engine import decide
from ads.delivery.explaining import explain, with_failures
from ads.delivery.readiness import readiness_of
from ads.models import Ad
from ads.querysets import AdQuerySet
from ads.time_slots import QUARTERS_OF_A_DAY
from campaign_studio.console.lists import StudioChangeList
from campaign_studio.console.views import ConsoleView, Context
from campaign_studio.places.clock import still_today
from campaigns.models import Campaign

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

# The label and colour of each readiness light.
LIGHTS: "Mapping[str, tuple[StrPromise, str]]" = {
    "green": (_("Ready"), "success"),
    "amber": (_("Has warnings"), "warning"),
    "red": (_("Not ready"), "danger"),
}


class ListedAd(Protocol):
    """An ad in the list."""

    pk: UUID
    is_able_to_show: bool


class AdList(StudioChangeList):
    """One page of ads, each with `is_able_to_show`: whether it can still show anywhere at any time."""

    def page_rows(self, keys: list[object]) -> QuerySet:
        """The rows of the page. The criteria are checked only for these."""
        this_one = Ad.objects.filter(pk=OuterRef("pk"))
        able = Exists(able_to_show(this_one, on=still_today()))
        return super().page_rows(keys).annotate(is_able_to_show=able)


class MomentForm(ScreenForm):
    """One screen at one moment. The URL says which ads to explain."""

    field_order = ("country", "region", "city", "postcode", "day", "quarter", "device_id", "max_rating")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["ad_type_id"]
        self.fields["quarter"] = forms.TypedChoiceField(
            label=_("Time"),
            choices=[(quarter, clock(quarter)) for quarter in range(QUARTERS_OF_A_DAY)],
            coerce=int,
            widget=UnfoldAdminSelectWidget(),
            error_messages={"required": INVALID_QUARTER, "invalid_choice": INVALID_QUARTER},
        )


class DiagnosisView(ConsoleView):
    """Why the ads of a campaign show or don't at a moment, and what would make them show; with `ad`, only that one."""

    model = Ad
    template_name = "admin/ads/why.html"
    permission_required = "ads.explain_delivery"
    title = _("Check delivery")
    ad: Ad | None = None

    def get_context_data(self, **kwargs: object) -> Context:
        """The form, the campaign's readiness, and the explanations, in a constant number of queries."""
        user = self.request.user
        campaign = self.ad.campaign if self.ad else self._campaign()
        form = moment_of(campaign, self.request.GET)
        readiness = readiness_of([campaign], at=timezone.now())[campaign.pk]
        context = super().get_context_data(
            campaign=campaign,
            ad=self.ad,
            form=form,
            light=LIGHTS[readiness.light],
            blockers=[finding(one) for one in readiness.blockers],
            warnings=[finding(one) for one in readiness.warnings],
            **kwargs,
        )
        if form.is_valid():
            ads = Ad.objects.all().visible_to(user)
            these = ads.filter(pk=self.ad.pk) if self.ad else ads.filter(campaign=campaign)
            context |= {"place": form.place(), "answers": _answers(these, ads, form), **form.cleaned_data}
            context |= {"time": clock(form.cleaned_data["quarter"]), "query": form.query()}
        return context

    def _campaign(self) -> Campaign:
        rows = Campaign.objects.all().visible_to(self.request.user)
        return get_object_or_404(rows, pk=self.kwargs["campaign_id"])


def _answers(ads: AdQuerySet, visible: AdQuerySet, form: MomentForm) -> list[Answer]:
    """The rows of the ads, closest to being eligible first. Only ads in `visible` are named as showing instead."""
    opportunity = form.opportunity()
    explained = explain(with_failures(ads, opportunity), opportunity, decide(opportunity))
    winners = visible.filter(pk__in={one.lost_to for one in explained if one.lost_to})
    names = {str(key): name for key, name in winners.values_list("pk", "ad_name")}
    return [answer(one, names) for one in explained]


def moment_of(campaign: Campaign, query: QueryDict) -> MomentForm:
    """The form from the query string. The default is the first place that the campaign targets, now."""
    given = asked(query)
    if "country" in given:
        return MomentForm(now_in(given) | given)
    target = campaign.audience_targeting.first()
    if target is None:
        return MomentForm(initial=now_in(given) | given)
    place = first_place(target) | given
    return MomentForm(now_in(place) | place)
