"""The admin console's forms for campaigns."""

import re
from typing import Any

from django import forms
from django.contrib.postgres.forms import SimpleArrayField
from unfold.widgets import UnfoldAdminExpandableTextareaWidget

from campaign_studio.admin_forms import StudioForm
from campaigns.lifecycle import HasLifecycle
from campaigns.models import CampaignAudienceTargeting

EXAMPLES = {"cities": "Berlin, Hamburg, Munich", "postcodes": "10115, 20095"}


class NameListFormField(SimpleArrayField):
    """Names separated by commas or line ends; blank ones don't count."""

    def to_python(self, value: Any) -> Any:
        """Split; what stands between two commas may be nothing."""
        if isinstance(value, str):
            value = [name.strip() for name in re.split(r"[,\r\n]+", value) if name.strip()]
        return super().to_python(value)

    def prepare_value(self, value: Any) -> Any:
        """As people write lists."""
        return ", ".join(value) if isinstance(value, list) else value


class LifecycleForm(StudioForm):
    """Offers the states that may follow the present one; the model refuses all others anyway."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        row: HasLifecycle = self.instance
        field: Any = self.fields.get(row.status_field)
        if field is not None:
            offered = {*row.allowed_next(), row.stored(row.status_field)}
            field.choices = [choice for choice in field.choices if choice[0] in offered]


class TargetForm(StudioForm):
    """One place."""

    cities = NameListFormField(
        forms.CharField(max_length=200),
        required=False,
        widget=UnfoldAdminExpandableTextareaWidget(attrs={"rows": 2, "placeholder": EXAMPLES["cities"]}),
        help_text="Comma-separated. Empty: everywhere in the country.",
    )
    postcodes = NameListFormField(
        forms.CharField(max_length=200),
        required=False,
        widget=UnfoldAdminExpandableTextareaWidget(attrs={"rows": 2, "placeholder": EXAMPLES["postcodes"]}),
        help_text="Comma-separated. Empty: everywhere in the cities.",
    )

    class Meta:
        model = CampaignAudienceTargeting
        fields = ("region", "country", "cities", "postcodes")
