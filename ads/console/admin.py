"""The console's ad pages. Importing this module also registers the pages of campaigns and devices."""

from typing import Any, ClassVar, cast

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import InlineModelAdmin
from django.contrib.admin.utils import flatten_fieldsets, unquote
from django.db import models
from django.forms import Field, ModelChoiceField
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminTextInputWidget

from ads.choices import MediaType, ModerationStatus
from ads.console import campaigns, devices  # noqa: F401 - imported for the pages they register
from ads.console.diagnosis import AdList, DiagnosisView, ListedAd
from ads.console.forms import CampaignPicker, show_rating_to
from ads.console.inlines import RatingInline, TimeSlotInline
from ads.console.moderation import (
    APPROVE,
    MODERATE,
    NOTHING_SELECTED,
    REJECT,
    ReviewView,
    approve_selected,
    reject_selected,
)
from ads.models import Ad, AdContentRating
from ads.moderation import FOUR_EYES
from ads.rules import NOT_OWN_CAMPAIGN
from campaign_studio.console.base import Fieldsets
from campaign_studio.console.forms import StudioFormSet
from campaign_studio.console.lists import DateRangeFilter
from campaign_studio.console.rows import label
from campaign_studio.console.views import Context
from campaigns.console.forms import STATUS_COLOURS, LifecycleForm
from campaigns.console.status import StatusActionsMixin
from campaigns.models import Campaign

MODERATION_COLOURS = {
    ModerationStatus.PENDING: "warning",
    ModerationStatus.APPROVED: "success",
    ModerationStatus.REJECTED: "danger",
}
PICTURES = (MediaType.IMAGE, MediaType.GIF, MediaType.VIDEO)


@admin.register(Ad)
class AdAdmin(StatusActionsMixin):
    """Ads with their time slots and content rating. Moderators review them here."""

    form = LifecycleForm
    change_form_outer_before_template = "admin/ads/notices.html"
    actions = [approve_selected, reject_selected, *StatusActionsMixin.actions]
    actions_detail = ["why", "approve", "reject"]
    list_display = [
        "ad_name",
        "campaign",
        "ad_type_id",
        "media_type",
        "status_badge",
        "moderation_badge",
        "light",
        "ad_start_date",
        "ad_end_date",
    ]
    list_filter = [
        ("ad_status", ChoicesDropdownFilter),
        ("moderation_status", ChoicesDropdownFilter),
        ("campaign", AutocompleteSelectFilter),
        ("ad_type_id", ChoicesDropdownFilter),
        ("media_type", ChoicesDropdownFilter),
        ("ad_start_date", DateRangeFilter),
        ("created_at", DateRangeFilter),
    ]
    list_select_related = ["campaign"]
    search_fields = ["ad_name__matches"]
    search_help_text = _("Ad name")
    ordering = ["-created_at", "-ad_id"]
    autocomplete_fields = ["campaign"]
    inlines = [TimeSlotInline, RatingInline]
    readonly_fields = [
        "media_link",
        "ad_view_count",
        "review_state",
        "reviewer",
        "moderated_at",
        "moderation_note",
        "creator",
        "created_at",
        "last_editor",
        "updated_at",
    ]
    fieldsets: ClassVar[Fieldsets] = [
        (_("Details"), {"fields": ["campaign", ("ad_name", "ad_status"), "ad_description"]}),
        (
            _("On the screen"),
            {
                "fields": [
                    ("ad_type_id", "media_type"),
                    "media_url",
                    "media_link",
                    "media_content",
                    "ad_advertiser_forwarding_url",
                ]
            },
        ),
        (
            _("Dates and durations"),
            {
                "fields": [
                    ("ad_start_date", "ad_end_date", "ad_expiry_date"),
                    ("ad_impression_duration_value", "ad_impression_duration_unit"),
                    ("ad_in_view_duration_value", "ad_in_view_duration_unit"),
                ]
            },
        ),
        (
            _("Review"),
            {"fields": [("review_state", "reviewer", "moderated_at"), "moderation_note", "ad_view_count"]},
        ),
        (_("Created and updated"), {"fields": [("creator", "created_at"), ("last_editor", "updated_at")]}),
    ]

    class Media:
        css = {"all": ["admin_console/why.css"]}

    def get_changelist(self, request: HttpRequest, **kwargs: object) -> type[AdList]:
        return AdList

    def changelist_view(self, request: HttpRequest, extra_context: Context | None = None) -> HttpResponse:
        """The list, which also runs bulk actions. The review queue is shown again if it sent one without ads."""
        if "queue" in request.POST and ACTION_CHECKBOX_NAME not in request.POST:
            self.message_user(request, NOTHING_SELECTED, messages.WARNING)
            return HttpResponseRedirect(reverse("admin:ads_ad_queue"))
        return super().changelist_view(request, extra_context)

    @display(description=_("Status"), ordering="ad_status", label=STATUS_COLOURS)
    def status_badge(self, ad: Ad) -> tuple[str, str]:
        return ad.ad_status, ad.get_ad_status_display()

    @display(description=_("Review"), ordering="moderation_status", label=MODERATION_COLOURS)
    def moderation_badge(self, ad: Ad) -> tuple[str, str]:
        return ad.moderation_status, ad.get_moderation_status_display()

    @display(description=_("Review status"))
    def review_state(self, ad: Ad) -> str:
        return ad.get_moderation_status_display()

    @display(description=_("Readiness"))
    def light(self, ad: ListedAd) -> str:
        """Whether the ad can still show anywhere at any time, with a link to the reasons."""
        text, tone = (gettext("Can show"), "success") if ad.is_able_to_show else (gettext("Can't show"), "danger")
        return label(text, tone, url=reverse("admin:ads_ad_why", args=[ad.pk]))

    @display(description=_("Media link"))
    def media_link(self, ad: Ad) -> str | None:
        """A link for the user's own browser: the server doesn't fetch the media."""
        if ad.media_type not in PICTURES or not ad.media_url:
            return None
        link = '<a href="{}" class="text-link" target="_blank" rel="noopener noreferrer">{}</a>'
        return format_html(link, ad.media_url, gettext("Open the media"))

    @display(description=_("Reviewed by"))
    def reviewer(self, ad: Ad) -> str | None:
        return ad.moderated_by.display_name if ad.moderated_by else None

    def has_explain_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.has_perm("ads.explain_delivery")

    def has_moderate_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.has_perm(MODERATE)

    def get_actions_detail(self, request: HttpRequest, object_id: str) -> list[UnfoldAction]:
        """The buttons; “Approve” only for users who may approve this ad."""
        buttons = super().get_actions_detail(request, object_id)
        ad = self.get_object(request, unquote(str(object_id)))
        may_approve = ad is not None and ad.may_be_approved_by(request.user)
        return [one for one in buttons if may_approve or not one.action_name.endswith("_approve")]

    def render_change_form(
        self, request: HttpRequest, context: Context, *args: Any, obj: models.Model | None = None, **kwargs: Any
    ) -> HttpResponse:
        """The ad's page. Tells moderators who may not approve the ad why that button is missing."""
        if isinstance(obj, Ad) and self.has_moderate_permission(request) and not obj.may_be_approved_by(request.user):
            context["four_eyes"] = FOUR_EYES if obj.moderation_status != ModerationStatus.APPROVED else ""
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    @action(description=_("Check delivery"), icon="help", permissions=["explain"])
    def why(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Every criterion at a place and time, and what would make the ad show."""
        ad = self.get_object(request, unquote(object_id))
        return DiagnosisView.as_view(ad=ad)(request) if ad else self.not_found(request, object_id)

    @action(description=_("Approve"), icon="check_circle", variant=ActionVariant.SUCCESS, permissions=["moderate"])
    def approve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for an optional note, then approve the ad."""
        ad = self.get_object(request, unquote(object_id))
        return ReviewView.as_view(ads=[ad], outcome=APPROVE)(request) if ad else self.not_found(request, object_id)

    @action(description=_("Reject"), icon="cancel", variant=ActionVariant.DANGER, permissions=["moderate"])
    def reject(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for the reason, then reject the ad."""
        ad = self.get_object(request, unquote(object_id))
        return ReviewView.as_view(ads=[ad], outcome=REJECT)(request) if ad else self.not_found(request, object_id)

    def formfield_for_foreignkey(
        self, db_field: models.ForeignKey, request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField | None:
        """Offer only the campaigns to which the user may add ads."""
        if db_field.name == "campaign":
            kwargs["widget"] = CampaignPicker(db_field, self.admin_site)
            kwargs["queryset"] = Campaign.objects.all().changeable_by(request.user)
            kwargs["error_messages"] = {"invalid_choice": NOT_OWN_CAMPAIGN}
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> Field | None:
        """URLs get a one-line input instead of a text area."""
        if db_field.name in ("media_url", "ad_advertiser_forwarding_url"):
            kwargs["widget"] = UnfoldAdminTextInputWidget(attrs={"inputmode": "url"})
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Users who may rate an ad may save its page, on which everything else is read-only for them."""
        return super().has_change_permission(request, obj) or self.may(request, "rate", obj)

    def _may_edit(self, request: HttpRequest, ad: Ad | None) -> bool:
        return self.may(request, "add" if ad is None else "change", ad)

    def get_readonly_fields(self, request: HttpRequest, obj: Ad | None = None) -> list[str]:
        """The campaign can't be changed later; moderators may only change the content rating."""
        if obj is None:
            return self.readonly_fields
        if self._may_edit(request, obj):
            return [*self.readonly_fields, "campaign"]
        return flatten_fieldsets(self.fieldsets)

    def get_fieldsets(self, request: HttpRequest, obj: Ad | None = None) -> Fieldsets:
        """The add page leaves out the media link, the review, and who created and updated the ad."""
        if obj:
            return self.fieldsets
        fresh: Fieldsets = [
            (title, {"fields": [field for field in options["fields"] if field != "media_link"]})
            for title, options in self.fieldsets
        ]
        return fresh[:3]

    def _create_formsets(
        self, request: HttpRequest, obj: Ad, change: bool
    ) -> tuple[list[StudioFormSet], list[InlineModelAdmin]]:
        """Validate the content rating first: without a confirmed content declaration the ad can't be activated.

        Django has no public step between creating the formsets and validating the form itself.
        """
        formsets, inlines = super()._create_formsets(request, obj, change)
        if request.method == "POST":
            for formset in formsets:
                if formset.model is AdContentRating:
                    show_rating_to(obj, formset)
        return formsets, inlines

    def may_save(self, request: HttpRequest, obj: models.Model | None) -> bool:
        """Not if the user may only change the ad's content rating."""
        return self._may_edit(request, cast("Ad | None", obj))
