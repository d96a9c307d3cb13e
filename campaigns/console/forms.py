"""The admin console's forms for campaigns."""

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib.postgres.forms import SimpleArrayField
from django.forms.renderers import BaseRenderer
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminExpandableTextareaWidget

from campaign_studio.console.forms import StudioForm
from campaigns.choices import Status
from campaigns.lifecycle import LifecycleModel
from campaigns.models import CampaignAudienceTargeting

# What people call the step into a status.
VERBS: dict[str, str] = {
    Status.ACTIVE: "Activate",
    Status.PAUSED: "Pause",
    Status.INACTIVE: "Deactivate",
    Status.EXPIRED: "Expire",
    Status.DRAFT: "Back to draft",
}
STATUS_COLOURS: dict[str, str] = {
    Status.ACTIVE: "success",
    Status.PAUSED: "warning",
    Status.INACTIVE: "info",
    Status.EXPIRED: "danger",
}
EXAMPLES = {"cities": "Berlin, Hamburg, Munich", "postcodes": "10115, 20095"}


class NameListFormField(SimpleArrayField):
    """Names separated by commas or line ends. What a list of names may be is for the model to say."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(forms.CharField(max_length=200, required=False), required=False, **kwargs)

    def to_python(self, value: object) -> Any:
        """Split; what stands between two separators may be nothing."""
        if isinstance(value, str):
            value = re.split(r"[,\r\n]+", value) if value.strip() else []
        return super().to_python(value)

    def prepare_value(self, value: object) -> object:
        return ", ".join(value) if isinstance(value, list) else value


class StatusButtons(forms.Widget):
    """The present status, and a button for each that may follow. Pressing one saves the page with that status.

    A page that is saved otherwise keeps the status it has.
    """

    def __init__(self, present: str, allowed: list[str]) -> None:
        self.present = present
        self.allowed = allowed
        super().__init__()

    def render(
        self,
        name: str,
        value: object,
        attrs: Mapping[str, object] | None = None,
        renderer: BaseRenderer | None = None,
    ) -> SafeString:
        """The stored status, whatever was asked for a moment ago and refused."""
        context = {
            "id": (attrs or {}).get("id", name),
            "name": name,
            "present": Status(self.present).label,
            "colour": STATUS_COLOURS.get(self.present, ""),
            "moves": [(status, VERBS[status]) for status in self.allowed],
        }
        return render_to_string("admin/campaigns/status_buttons.html", context)

    def value_from_datadict(self, data: Mapping[str, str], files: object, name: str) -> str:
        """What the button says, or what there is."""
        return data.get(name, self.present)

    def value_omitted_from_data(self, data: object, files: object, name: str) -> bool:
        """Never: there always is one."""
        return False

    def id_for_label(self, id_: str) -> str:
        """None: a label names one control, not several."""
        return ""


class LifecycleForm(StudioForm):
    """Offers the states that may follow the present one; the model refuses all others anyway."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        row: LifecycleModel = self.instance
        field = self.fields.get(row.status_field)
        present = row.stored(row.status_field)
        if isinstance(field, forms.ChoiceField):
            offered = {*row.allowed_next(), present}
            field.choices = [(status, label) for status, label in Status.choices if status in offered]
            if present is not None:
                field.widget = StatusButtons(present, row.allowed_next())


class TargetForm(StudioForm):
    """One audience target: a country and region, with lists of cities and postcodes."""

    cities = NameListFormField(
        widget=UnfoldAdminExpandableTextareaWidget(attrs={"rows": 2, "placeholder": EXAMPLES["cities"]}),
        help_text="Comma-separated. Empty: everywhere in the country.",
    )
    postcodes = NameListFormField(
        widget=UnfoldAdminExpandableTextareaWidget(attrs={"rows": 2, "placeholder": EXAMPLES["postcodes"]}),
        help_text="Comma-separated. Empty: everywhere in the cities.",
    )

    class Meta:
        model = CampaignAudienceTargeting
        fields = ("region", "country", "cities", "postcodes")
