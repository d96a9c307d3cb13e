"""The admin console's pages on ads."""

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets
from django.contrib.admin.widgets import AutocompleteSelect
from django.db import models
from django.http import HttpRequest
from django.utils.html import format_html
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from ads.choices import MediaType, ModerationStatus
from ads.console.diagnosis import AsksWhy
from ads.console.forms import AdForm, RatingForm, TimeSlotForm
from ads.console.moderation import ReviewQueue
from ads.console.preview import ScreenPages
from ads.models import Ad, AdContentRating, AdTimeSlot
from campaign_studio.console.base import StudioStackedInline, StudioTabularInline
from campaign_studio.console.lists import DateRangeFilter
from campaigns.console.forms import STATUS_COLOURS
from campaigns.console.status import StatusActionsMixin

MODERATION_COLOURS = {
    ModerationStatus.PENDING: "warning",
    ModerationStatus.APPROVED: "success",
    ModerationStatus.REJECTED: "danger",
}
PICTURES = (MediaType.IMAGE, MediaType.GIF, MediaType.VIDEO)


class CampaignPicker(AutocompleteSelect):
    """Offers campaigns that the user may put ads into."""

    def get_url(self) -> str:
        """The look-up, narrowed."""
        return f"{super().get_url()}?changeable"


class TimeSlotInline(StudioTabularInline):
    """When in the day it may show."""

    model = AdTimeSlot
    form = TimeSlotForm
    fields = ["time_slot_start", "time_slot_end"]
    verbose_name_plural = "time slots: none means all day"


class RatingInline(StudioStackedInline):
    """For whom it is fit."""

    model = AdContentRating
    form = RatingForm
    max_num = 1
    extra = 1
    fields = [
        ("rating_system", "rating_label"),
        "content_warnings",
        "warning_required",
        "no_prohibited_content",
    ]


@admin.register(Ad)
class AdAdmin(StatusActionsMixin, ScreenPages, AsksWhy, ReviewQueue):
    """Ads with slots and rating; moderators review them here."""

    form = AdForm
    change_form_outer_before_template = "admin/ads/notices.html"
    actions = ReviewQueue.actions + StatusActionsMixin.actions
    actions_detail = AsksWhy.actions_detail + ReviewQueue.actions_detail
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
    ]
    list_select_related = ["campaign"]
    search_fields = ["ad_name__ilike"]
    search_help_text = "Ad name"
    date_hierarchy = "created_at"
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
    fieldsets: ClassVar[Any] = [
        ("What", {"fields": ["campaign", ("ad_name", "ad_status"), "ad_description"]}),
        (
            "On the screen",
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
            "When and how long",
            {
                "fields": [
                    ("ad_start_date", "ad_end_date", "ad_expiry_date"),
                    ("ad_impression_duration_value", "ad_impression_duration_unit"),
                    ("ad_in_view_duration_value", "ad_in_view_duration_unit"),
                ]
            },
        ),
        (
            "Review",
            {"fields": [("review_state", "reviewer", "moderated_at"), "moderation_note", "ad_view_count"]},
        ),
        ("Who", {"fields": [("creator", "created_at"), ("last_editor", "updated_at")]}),
    ]

    @display(description="Status", ordering="ad_status", label=STATUS_COLOURS)
    def status_badge(self, ad: Ad) -> tuple[str, str]:
        """Where it stands."""
        return ad.ad_status, ad.get_ad_status_display()

    @display(description="Review", ordering="moderation_status", label=MODERATION_COLOURS)
    def moderation_badge(self, ad: Ad) -> tuple[str, str]:
        """What the moderators made of it."""
        return ad.moderation_status, ad.get_moderation_status_display()

    @display(description="State")
    def review_state(self, ad: Ad) -> str:
        """The same, in words alone."""
        return ad.get_moderation_status_display()

    @display(description="Look at it")
    def media_link(self, ad: Ad) -> str | None:
        """A link for the reader's own browser; the server fetches nothing."""
        if ad.media_type not in PICTURES or not ad.media_url:
            return None
        link = '<a href="{0}" class="text-link" target="_blank" rel="noopener noreferrer">Open the {1}</a>'
        return format_html(link, ad.media_url, ad.get_media_type_display().lower())

    @display(description="Reviewed by")
    def reviewer(self, ad: Ad) -> str | None:
        """The moderator's name."""
        return ad.moderated_by.display_name if ad.moderated_by else None

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """The campaign by our picker."""
        if db_field.name == "campaign":
            kwargs["widget"] = CampaignPicker(db_field, self.admin_site)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Addresses fit on one line."""
        if db_field.name in ("media_url", "ad_advertiser_forwarding_url"):
            kwargs["widget"] = UnfoldAdminTextInputWidget(attrs={"inputmode": "url"})
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Whoever may rate an ad may save its page; what they may not change is read-only on it."""
        return super().has_change_permission(request, obj) or self.may(request, "rate", obj)

    def _may_edit(self, request: HttpRequest, ad: Ad | None) -> bool:
        return self.may(request, "add" if ad is None else "change", ad)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """The campaign is chosen once; moderators change nothing here but the rating."""
        if obj is None:
            return self.readonly_fields
        if self._may_edit(request, obj):
            return [*self.readonly_fields, "campaign"]
        return flatten_fieldsets(self.fieldsets)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """A new ad has no review and no history yet, and no picture to open."""
        if obj:
            return self.fieldsets
        fresh = [
            (title, {"fields": [field for field in options["fields"] if field != "media_link"]})
            for title, options in self.fieldsets
        ]
        return fresh[:3]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form, knowing who fills it in."""
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.user = request.user
        return form

    def _create_formsets(self, request: HttpRequest, obj: Any, change: bool) -> tuple[list[Any], list[Any]]:
        """Judge the rating first: whether the ad may go active depends on the one that is being typed."""
        formsets, inlines = super()._create_formsets(request, obj, change)
        if request.method == "POST":
            for formset in formsets:
                if formset.model is AdContentRating:
                    _show_rating_to(obj, formset)
        return formsets, inlines

    def save_model(self, request: HttpRequest, obj: Ad, form: Any, change: Any) -> None:
        """Write the ad, unless its page was saved for the rating alone."""
        if self._may_edit(request, obj if change else None):
            super().save_model(request, obj, form, change)


def _show_rating_to(ad: Ad, formset: Any) -> None:
    """Make `ad.content_rating` the rating as the form has it: typed, changed, or about to be deleted."""
    for form in formset.forms:
        # Validating the form ties its rating to the ad.
        form.is_valid()
        if form in formset.initial_forms and formset._should_delete_form(form):
            ad._state.fields_cache["content_rating"] = None
