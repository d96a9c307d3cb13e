"""The admin console's forms for ads, their ratings and their review."""

from django import forms
from django.contrib.admin.widgets import AutocompleteSelect
from django.http import QueryDict
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSingleTimeWidget,
    UnfoldAdminTextareaWidget,
)

from ads.choices import CONTENT_WARNING_CHOICES
from ads.models import Ad, AdContentRating, AdTimeSlot
from campaign_studio.console.forms import StudioForm, StudioFormSet
from campaigns.models import LONGEST_TEXT


class CampaignPicker(AutocompleteSelect):
    """Offers campaigns that the user may put ads into."""

    def get_url(self) -> str:
        return f"{super().get_url()}?changeable"


class TimeSlotForm(StudioForm):
    """From one quarter hour to another."""

    class Meta:
        model = AdTimeSlot
        fields = ("time_slot_start", "time_slot_end")
        widgets = {name: UnfoldAdminSingleTimeWidget(format="%H:%M") for name in ("time_slot_start", "time_slot_end")}


class RatingForm(StudioForm):
    """A content rating, its warnings as check boxes by theme."""

    content_warnings = forms.MultipleChoiceField(
        choices=CONTENT_WARNING_CHOICES, required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget
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
    """What a moderator has to say."""

    note = forms.CharField(max_length=LONGEST_TEXT, required=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}))

    def __init__(self, sent: QueryDict | None, *, needs_note: bool) -> None:
        super().__init__(sent)
        self.fields["note"].required = needs_note
        self.fields["note"].help_text = "The creator reads it." if needs_note else "Optional. The creator reads it."
        self.fields["note"].error_messages["required"] = "Say why: the creator reads this note."


def show_rating_to(ad: Ad, formset: StudioFormSet) -> None:
    """Make `ad.content_rating` the rating as the form has it: typed, changed, or about to be deleted."""
    for form in formset.forms:
        # Validating the form ties its rating to the ad.
        form.is_valid()
        if form in formset.initial_forms and formset._should_delete_form(form):
            ad._state.fields_cache["content_rating"] = None
