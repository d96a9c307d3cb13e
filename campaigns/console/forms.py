"""The console's forms for campaigns and targets, and the status buttons that ads share."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.postgres.forms import SimpleArrayField
from django.core.exceptions import ValidationError
from django.forms.renderers import BaseRenderer
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.widgets import UnfoldAdminExpandableTextareaWidget

from campaign_studio.console.forms import StudioForm
from campaign_studio.places.lists import join_names, split_names
from campaigns.choices import Status
from campaigns.fields import MAX_NAMES, too_many_names
from campaigns.lifecycle import LifecycleModel
from campaigns.models import CITIES_HELP, POSTCODES_HELP, CampaignAudienceTargeting

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

# The button that changes to each status.
BUTTON_LABELS: dict[str, "StrPromise"] = {
    Status.ACTIVE: _("Activate"),
    Status.PAUSED: _("Pause"),
    Status.INACTIVE: _("Deactivate"),
    Status.EXPIRED: _("Expire"),
    Status.DRAFT: _("Return to draft"),
}
STATUS_COLOURS: dict[str, str] = {
    Status.ACTIVE: "success",
    Status.PAUSED: "warning",
    Status.INACTIVE: "info",
    Status.EXPIRED: "danger",
}
CITIES_EXAMPLE = _("Berlin\nHamburg")
POSTCODES_EXAMPLE = "10115\n20095"
MESSAGES_SHOWN = 20


class NameListFormField(SimpleArrayField):
    """Names as people paste them, shown one in each line. The model field validates the list."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(forms.CharField(max_length=200, required=False), required=False, **kwargs)

    def to_python(self, value: object) -> Any:
        """The list. Separators alone are a list of a blank name, which the model field refuses."""
        if isinstance(value, str):
            value = split_names(value) or ([""] if value.strip() else [])
            if len(value) > MAX_NAMES:
                raise too_many_names()
        return super().to_python(value)

    def clean(self, value: object) -> Any:
        """Refuse the list with the first 20 messages, and the number of the others."""
        try:
            return super().clean(value)
        except ValidationError as error:
            first, left = error.error_list[:MESSAGES_SHOWN], len(error.error_list) - MESSAGES_SHOWN
            more = ngettext("%(count)d more name can't be used.", "%(count)d more names can't be used.", left)
            raise ValidationError([*first, *([more % {"count": left}] if left > 0 else [])]) from error

    def prepare_value(self, value: object) -> object:
        return join_names(value) if isinstance(value, list) else value


class StatusButtons(forms.Widget):
    """The current status, and a submit button for each status that may follow.

    A button saves the page with its status; any other way of saving keeps the current one.
    """

    def __init__(self, current: str, allowed: list[str]) -> None:
        self.current = current
        self.allowed = allowed
        super().__init__()

    def render(
        self,
        name: str,
        value: object,
        attrs: Mapping[str, object] | None = None,
        renderer: BaseRenderer | None = None,
    ) -> SafeString:
        """Show the stored status, even after another one was submitted and refused."""
        context = {
            "id": (attrs or {}).get("id", name),
            "name": name,
            "current": Status(self.current).label,
            "colour": STATUS_COLOURS.get(self.current, ""),
            "buttons": [(status, BUTTON_LABELS[status]) for status in self.allowed],
        }
        return render_to_string("admin/campaigns/status_buttons.html", context)

    def value_from_datadict(self, data: Mapping[str, str], files: object, name: str) -> str:
        """The value of the button that was pressed, or the current status."""
        return data.get(name, self.current)

    def value_omitted_from_data(self, data: object, files: object, name: str) -> bool:
        """Never: there is always a current status."""
        return False

    def id_for_label(self, id_: str) -> str:
        """Empty: a label can't refer to several buttons."""
        return ""


class LifecycleForm(StudioForm):
    """Offers only the statuses that may follow the current one. The model refuses all others anyway."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        row: LifecycleModel = self.instance
        field = self.fields.get(row.status_field)
        current = row.stored(row.status_field)
        if isinstance(field, forms.ChoiceField):
            offered = {*row.allowed_next(), current}
            field.choices = [(status, label) for status, label in Status.choices if status in offered]
            if current is not None:
                field.widget = StatusButtons(current, row.allowed_next())


class TargetForm(StudioForm):
    """One target: a region and country, with lists of cities and postcodes."""

    cities = NameListFormField(
        label=_("Cities"),
        widget=UnfoldAdminExpandableTextareaWidget(attrs={"rows": 2, "placeholder": CITIES_EXAMPLE}),
        help_text=CITIES_HELP,
    )
    postcodes = NameListFormField(
        label=_("Postcodes"),
        widget=UnfoldAdminExpandableTextareaWidget(attrs={"rows": 2, "placeholder": POSTCODES_EXAMPLE}),
        help_text=POSTCODES_HELP,
    )

    class Meta:
        model = CampaignAudienceTargeting
        fields = ("region", "country", "cities", "postcodes")
