"""The base classes of inlines: the rows of a part on the page of its parent."""

from django.contrib.admin.options import InlineModelAdmin
from unfold.admin import StackedInline, TabularInline

from campaign_studio.console.forms import StudioForm, StudioFormSet
from campaign_studio.console.permissions import RulesPermissionMixin


class _StudioInline(RulesPermissionMixin, InlineModelAdmin):
    """The rows of a part on the page of its parent."""

    form = StudioForm
    formset = StudioFormSet
    extra = 0


class StudioTabularInline(_StudioInline, TabularInline):
    """An inline that shows each row as a table row."""


class StudioStackedInline(_StudioInline, StackedInline):
    """An inline that shows each row as a block of fields."""

    template_before = "admin/includes/row_errors.html"
