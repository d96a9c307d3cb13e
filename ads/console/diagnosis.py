"""Why an ad shows or not: pages of the admin console, and the light in the list of ads."""

from typing import Any

from django import forms
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSelectWidget

from ads.console.availability import clock
from ads.console.place_forms import ODD_QUARTER, ScreenForm, first_place
from ads.console.wording import Answer, answer, finding
from ads.delivery.criteria import able_to_show
from ads.delivery.engine import decide
from ads.delivery.explaining import explain, with_failures
from ads.delivery.opportunity import QUARTERS_OF_A_DAY, quarter_of
from ads.delivery.readiness import readiness_of
from ads.models import Ad
from campaign_studio.console.lists import StudioChangeList
from campaigns.console.admin import LIGHTS, MayExplain, linked_label
from campaigns.models import Campaign


class MomentForm(ScreenForm):
    """One screen at one moment. What is explained is in the address already."""

    field_order = ("country", "region", "city", "postcode", "day", "quarter", "device_id", "max_rating")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["ad_type_id"]
        self.fields["quarter"] = forms.TypedChoiceField(
            label="Time",
            choices=[(quarter, clock(quarter)) for quarter in range(QUARTERS_OF_A_DAY)],
            coerce=int,
            widget=UnfoldAdminSelectWidget(),
            error_messages={"required": ODD_QUARTER, "invalid_choice": ODD_QUARTER},
        )


class AdList(StudioChangeList):
    """One page of ads, each knowing whether it can still show."""

    def get_results(self, request: HttpRequest) -> None:
        """Ask the criteria about these rows alone."""
        super().get_results(request)
        shown = Ad.objects.filter(pk__in=[ad.pk for ad in self.result_list])
        able = set(able_to_show(shown, on=timezone.localdate()).order_by().values_list("pk", flat=True))
        for ad in self.result_list:
            ad.is_able_to_show = ad.pk in able


class AsksWhy(MayExplain):
    """Adds the page `<ad>/why/`, `why/<campaign>/` for all ads of a campaign, and a light in the list."""

    actions_detail = ["why"]

    class Media:
        css = {"all": ["admin_console/why.css"]}

    def get_urls(self) -> list[Any]:
        """The console's own addresses, and the one for a campaign. An ad's is its button's."""
        view = self.admin_site.admin_view(self.why_campaign_view)
        return [path("why/<uuid:campaign_id>/", view, name="ads_ad_why_campaign"), *super().get_urls()]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[AdList]:
        """With lights."""
        return AdList

    @display(description="Delivery")
    def light(self, ad: Any) -> str:
        """Whether it can still show, somewhere, at some time. Leads to the reasons."""
        text, tone = ("Can show", "success") if ad.is_able_to_show else ("Can't show", "danger")
        return linked_label(self.address("why", ad), text, tone)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """The button, for whoever may ask, before all others."""
        why = self.get_unfold_action("why")
        others = super().get_actions_detail(request, object_id)
        return [
            *self._filter_unfold_actions_by_permissions(request, [why], object_id),
            *[one for one in others if one.action_name != why.action_name],
        ]

    @action(description="Why (not)?", icon="help", permissions=["explain"])
    def why(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """One ad: every criterion at a moment, and what would make it show."""
        ad = self.get_object(request, unquote(object_id))
        if ad is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return self._explained(request, ad.campaign, self.get_queryset(request).filter(pk=ad.pk), ad)

    def why_campaign_view(self, request: HttpRequest, campaign_id: Any) -> HttpResponse:
        """Each ad of a campaign. Raises PermissionDenied for whoever may not ask."""
        if not self.has_explain_permission(request):
            raise PermissionDenied
        campaign = get_object_or_404(Campaign.objects.all().visible_to(request.user), pk=campaign_id)
        return self._explained(request, campaign, self.get_queryset(request).filter(campaign=campaign))

    def _explained(self, request: HttpRequest, campaign: Campaign, ads: Any, ad: Any = None) -> HttpResponse:
        """The page. A constant number of questions to the database."""
        form = moment_of(campaign, request.GET)
        today = timezone.localdate()
        readiness = readiness_of([campaign], on=today)[campaign.pk]
        context = {
            **self.admin_site.each_context(request),
            "title": "Why (not)?",
            "opts": self.opts,
            "campaign": campaign,
            "ad": ad,
            "form": form,
            "light": LIGHTS[readiness.light],
            "blockers": [finding(one) for one in readiness.blockers],
            "warnings": [finding(one) for one in readiness.warnings],
        }
        if form.is_valid():
            context |= {"place": form.place(), "answers": self._answers(request, ads, form), **form.cleaned_data}
            context |= {"time": clock(form.cleaned_data["quarter"]), "query": form.query()}
        return TemplateResponse(request, "admin/ads/why.html", context)

    def _answers(self, request: HttpRequest, ads: Any, form: MomentForm) -> list[Answer]:
        """What to say of each, what comes nearest to showing first."""
        opportunity = form.opportunity()
        explained = explain(with_failures(ads, opportunity), opportunity, decide(opportunity))
        winners = self.get_queryset(request).filter(pk__in={one.lost_to for one in explained if one.lost_to})
        names = {str(key): name for key, name in winners.order_by().values_list("pk", "ad_name")}
        return [answer(one, names) for one in explained]


def moment_of(campaign: Campaign, query: QueryDict) -> MomentForm:
    """The form as the address fills it in; what the address leaves out begins with the campaign's first place, now."""
    now = timezone.now()
    given = {name: value for name, value in query.dict().items() if value or name not in ("day", "quarter")}
    moment = {"day": str(now.date()), "quarter": quarter_of(now)}
    if "country" in given:
        return MomentForm(moment | given)
    target = campaign.audience_targeting.first()
    if target is None:
        return MomentForm(initial=moment | given)
    return MomentForm(moment | first_place(target) | given)
