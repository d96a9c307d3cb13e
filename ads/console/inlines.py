"""The time slots and the content rating on the page of their ad."""

from typing import Any

from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from ads.console.forms import WEEKDAYS_LABEL, RatingForm, TimeSlotForm, TimeSlotFormSet
from ads.models import AdContentRating, AdTimeSlot
from ads.time_slots import words_of_days
from campaign_studio.console.inlines import StudioStackedInline, StudioTabularInline


class TimeSlotInline(StudioTabularInline):
    """When the ad may show on which days of the week."""

    model = AdTimeSlot
    form = TimeSlotForm
    formset = TimeSlotFormSet
    readonly_fields = ["days"]
    verbose_name_plural = _("time slots (any time if there are none)")

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[Any]:
        """The days in words for users who may not change them."""
        days = "weekdays" if self.has_change_permission(request, obj) else "days"
        return [days, "time_slot_start", "time_slot_end"]

    @display(description=WEEKDAYS_LABEL)
    def days(self, slot: AdTimeSlot) -> str:
        return words_of_days(slot.weekdays, separator=", ")


class RatingInline(StudioStackedInline):
    """The content rating: at most one per ad."""

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
