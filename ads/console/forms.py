"""The console's forms for ads, content ratings and reviews."""

from django import forms
from django.contrib.admin.widgets import AutocompleteSelect
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSingleTimeWidget,
    UnfoldAdminTextareaWidget,
)

from ads.choices import CONTENT_WARNING_CHOICES
from ads.models import Ad, AdContentRating, AdTimeSlot
from ads.moderation import NOTE_MISSING
from campaign_studio.console.forms import StudioForm, StudioFormSet
from campaigns.models import LONGEST_TEXT


class CampaignPicker(AutocompleteSelect):
    """Offers the campaigns to which the user may add ads."""

    def get_url(self) -> str:
        return f"{super().get_url()}?changeable"


class TimeSlotForm(StudioForm):
    """A time slot, with its times as `HH:MM`."""

    class Meta:
        model = AdTimeSlot
        fields = ("time_slot_start", "time_slot_end")
        widgets = {name: UnfoldAdminSingleTimeWidget(format="%H:%M") for name in ("time_slot_start", "time_slot_end")}


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
