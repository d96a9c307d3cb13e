"""The admin console's forms for ads, their ratings and their review."""

from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSingleTimeWidget,
    UnfoldAdminTextareaWidget,
)

from ads.choices import CONTENT_WARNING_CHOICES
from ads.models import Ad, AdContentRating, AdTimeSlot
from campaign_studio.console.forms import StudioForm
from campaigns.console.forms import LifecycleForm
from campaigns.models import LONGEST_TEXT

NOT_YOURS = "You may add ads to campaigns of your own only."


class AdForm(LifecycleForm):
    """An ad. `user` is whoever fills the form in."""

    user: Any = None

    def clean(self) -> dict[str, Any] | None:
        """Ask the rules about the ad to be: the list of campaigns offered is a convenience, not a check."""
        cleaned = super().clean()
        campaign = self.cleaned_data.get("campaign")
        if campaign is not None and not self.user.has_perm("ads.add_ad", Ad(campaign=campaign)):
            self.add_error("campaign", NOT_YOURS)
        return cleaned


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

    def __init__(self, *args: Any, needs_note: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["note"].required = needs_note
        self.fields["note"].help_text = "The creator reads it." if needs_note else "Optional. The creator reads it."
        self.fields["note"].error_messages["required"] = "Say why: the creator reads this note."
