"""The console's forms for ads, content ratings and reviews."""

from collections.abc import Sequence
from datetime import time
from typing import Any, cast

from django import forms
from django.contrib.admin.widgets import AutocompleteSelect
from django.http import QueryDict
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSingleTimeWidget,
    UnfoldAdminTextareaWidget,
)

from ads.choices import CONTENT_WARNING_CHOICES, EVERY_DAY
from ads.models import Ad, AdContentRating, AdTimeSlot
from ads.moderation import NOTE_MISSING
from ads.time_slots import MIDNIGHT, NO_WEEKDAYS, Slot, is_end_of_day
from campaign_studio.console.fields import TimeOfDayField
from campaign_studio.console.forms import StudioForm, StudioFormSet, refusals_of_row
from campaigns.models import LONGEST_TEXT

WEEKDAYS_LABEL = _("Days of the week")
SLOT_FIELDS = ("weekdays", "time_slot_start", "time_slot_end")


class CampaignPicker(AutocompleteSelect):
    """Offers the campaigns to which the user may add ads."""

    def get_url(self) -> str:
        return f"{super().get_url()}?changeable"


class WeekdaysWidget(UnfoldAdminCheckboxSelectMultipleWidget):
    """A check box for each day of the week, side by side."""

    template_name = "admin/ads/includes/weekdays.html"

    def get_context(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return super().get_context(*args, **kwargs) | {"label": WEEKDAYS_LABEL}


class SlotEndField(TimeOfDayField):
    """The end of a time slot, where 24:00 is understood as 00:00."""

    def to_python(self, value: Any) -> time | None:
        return MIDNIGHT if isinstance(value, str) and is_end_of_day(value) else super().to_python(value)


class TimeSlotForm(StudioForm):
    """A time slot, with its times as `HH:MM`. `after_midnight` has the values of a second row if it needs one."""

    weekdays = forms.TypedMultipleChoiceField(
        label=WEEKDAYS_LABEL,
        choices=[(number + 1, name) for number, name in WEEKDAYS_ABBR.items()],
        coerce=int,
        initial=EVERY_DAY,
        widget=WeekdaysWidget,
        error_messages={"required": NO_WEEKDAYS},
    )
    after_midnight: Sequence[dict[str, Any]] = ()

    class Meta:
        model = AdTimeSlot
        fields = SLOT_FIELDS
        field_classes = {"time_slot_end": SlotEndField}
        widgets = {name: UnfoldAdminSingleTimeWidget(format="%H:%M") for name in ("time_slot_start", "time_slot_end")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The cells of a table have no labels of their own.
        for name in self.fields.keys() & {"time_slot_start", "time_slot_end"}:
            self.fields[name].widget.attrs["aria-label"] = self.fields[name].label

    def clean(self) -> dict[str, Any] | None:
        """End a slot that runs past midnight there. The rest is in `after_midnight`."""
        cleaned = super().clean() or {}
        typed = {name: cleaned[name] for name in SLOT_FIELDS if name in cleaned}
        until_midnight, *self.after_midnight = AdTimeSlot.as_stored(typed)
        return cleaned | until_midnight

    def slots(self) -> list[Slot]:
        """The slots that will be stored; none if the form is invalid."""
        if self.errors:
            return []
        return [self.instance.slot, *(AdTimeSlot(**values).slot for values in self.after_midnight)]


class TimeSlotFormSet(StudioFormSet):
    """The time slots of an ad. Overlapping ones are refused at the second row, with both slots and the day."""

    def clean(self) -> None:
        super().clean()
        earlier: list[Slot] = []
        for form in cast("list[TimeSlotForm]", self.remaining()):
            slots = form.slots()
            if refusal := next(filter(None, (slot.refusal(earlier) for slot in slots)), None):
                form.add_error(None, refusal)
            earlier += slots

    def save(self, commit: bool = True) -> list[AdTimeSlot]:
        """Save the rows, then what runs past midnight. Raises RowRefusedError if the database refuses a row."""
        saved = super().save(commit)
        for form in cast("list[TimeSlotForm]", self.remaining()):
            for values in form.after_midnight:
                with refusals_of_row(form.prefix):
                    AdTimeSlot.objects.create(ad=self.instance, **values)
        return saved


class RatingForm(StudioForm):
    """A content rating. The content warnings are check boxes, grouped by theme."""

    content_warnings = forms.MultipleChoiceField(
        label=_("Content warnings"),
        choices=CONTENT_WARNING_CHOICES,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )

    class Meta:
        model = AdContentRating
        fields = (
            "rating_system",
            "rating_label",
            "content_warnings",
            "warning_required",
            "no_prohibited_content",
        )


class ReviewForm(forms.Form):
    """The moderator's note: required for a rejection, optional for an approval."""

    note = forms.CharField(
        label=_("Note"), max_length=LONGEST_TEXT, required=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 4})
    )

    def __init__(self, sent: QueryDict | None, *, needs_note: bool) -> None:
        super().__init__(sent)
        self.fields["note"].required = needs_note
        self.fields["note"].help_text = (
            gettext("The ad's creator will read it.")
            if needs_note
            else gettext("Optional. The ad's creator will read it.")
        )
        self.fields["note"].error_messages["required"] = NOTE_MISSING


def show_rating_to(ad: Ad, formset: StudioFormSet) -> None:
    """Set `ad.content_rating` to the rating as the form will save it, or to none if it will be deleted."""
    for form in formset.forms:
        # Validating the form sets the rating on the ad.
        form.is_valid()
        if form in formset.initial_forms and formset._should_delete_form(form):
            ad._state.fields_cache["content_rating"] = None
