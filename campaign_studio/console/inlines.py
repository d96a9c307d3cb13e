"""The base classes of inlines: the rows of a part on the page of its parent."""

from typing import ClassVar

from django.contrib.admin.options import InlineModelAdmin
from unfold.admin import StackedInline, TabularInline
from unfold.overrides import FORMFIELD_OVERRIDES_INLINE

from campaign_studio.console.fields import FORM_FIELDS
from campaign_studio.console.forms import StudioForm, StudioFormSet
from campaign_studio.console.permissions import RulesPermissionMixin


class _StudioInline(RulesPermissionMixin, InlineModelAdmin):
    """The rows of a part on the page of its parent."""

    form = StudioForm
    formfield_overrides: ClassVar = FORMFIELD_OVERRIDES_INLINE | {
        kind: FORMFIELD_OVERRIDES_INLINE[kind] | field for kind, field in FORM_FIELDS.items()
    }
    formset = StudioFormSet
    extra = 0

    class Media:
        js = ("admin_console/forms.js",)


class StudioTabularInline(_StudioInline, TabularInline):
    """An inline that shows each row as a table row."""


class StudioStackedInline(_StudioInline, StackedInline):
    """An inline that shows each row as a block of fields."""

    template_before = "admin/includes/row_errors.html"
