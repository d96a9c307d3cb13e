"""The rows of a list's table, drawn by `static/admin_console/lists.css`.

Unfold's own rows repeat thirty classes in each cell, and its headings are worked out anew for each row. These have what
our lists use: check boxes, links, labels, and the values of fields and methods.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.contrib.admin.utils import lookup_field
from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.urls import NoReverseMatch
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _
from unfold.utils import display_for_field, display_for_value

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise
    from unfold.views import ChangeList

CHECK_BOX = "action_checkbox"
SELECT_RECORD = _("Select record")
LINK = '<a href="{}"{}>{}</a>'


def label(text: "StrOrPromise", colour: str = "", *, url: str = "") -> SafeString:
    """A label in a list: `success`, `info`, `warning`, `danger`, `primary` or grey. With `url` it is a link."""
    if url:
        return format_html('<a href="{}" class="row-label {}">{}</a>', url, colour, text)
    return format_html('<span class="row-label {}">{}</span>', colour, text)


class Column:
    """One column of a list."""

    def __init__(self, changes: "ChangeList", name: str, heading: "StrOrPromise", *, is_first: bool) -> None:
        self.changes = changes
        self.name = name
        self.heading = heading
        links = changes.list_display_links
        self.is_linked = links is not None and (name in links or (is_first and not links))
        self.is_heading = self.is_linked and is_first

    @cached_property
    def start(self) -> SafeString:
        """What each cell starts with."""
        if self.name == CHECK_BOX:
            return format_html('<td class="action-checkbox" data-label="{}">', SELECT_RECORD)
        tag = "th" if self.is_heading else "td"
        return format_html('<{} class="field-{}" data-label="{}">', mark_safe(tag), self.name, self.heading)  # noqa: S308

    def cell(self, row: models.Model) -> SafeString:
        """The cell of a row."""
        content = self._linked(row, self.content(row)) if self.is_linked else self.content(row)
        return format_html("{}{}</{}>", self.start, content, "th" if self.is_heading else "td")

    def content(self, row: models.Model) -> Any:
        """What a cell shows, without its link."""
        if self.name == CHECK_BOX:
            box = '<input type="checkbox" name="{}" value="{}" class="action-select" aria-label="{}">'
            return format_html(box, ACTION_CHECKBOX_NAME, row.pk, SELECT_RECORD)
        admin = self.changes.model_admin
        empty = admin.get_empty_value_display()
        try:
            field, method, value = lookup_field(self.name, row, admin)
        except ObjectDoesNotExist:
            return empty
        if field is None or field.auto_created:
            empty = getattr(method, "empty_value_display", empty)
            colours = getattr(method, "label", None)
            if colours:
                return _label(value, colours)
            return display_for_value(value, empty, boolean=getattr(method, "boolean", False))
        if isinstance(field, models.ForeignKey):
            found = getattr(row, field.name)
            return empty if found is None else found
        return display_for_field(value, field, empty)

    def _linked(self, row: models.Model, content: Any) -> Any:
        try:
            url = self.changes.url_for_result(row)
        except NoReverseMatch:
            return content
        kept = {"preserved_filters": self.changes.preserved_filters, "opts": self.changes.opts}
        chosen = row.serializable_value(str(self.changes.to_field or self.changes.pk_attname))
        # The script of the page that opened this one as a popup reads the key from here.
        opener = format_html(' data-popup-opener="{}"', chosen) if self.changes.is_popup else ""
        return format_html(LINK, add_preserved_filters(kept, url), opener, content)


def rows_of(changes: "ChangeList", headings: list["StrOrPromise"]) -> Iterator[SafeString]:
    """The cells of each row of the page. `headings` are those of the columns."""
    names = changes.list_display
    first = next((name for name in names if name != CHECK_BOX), None)
    columns = [
        Column(changes, name, heading, is_first=name == first) for name, heading in zip(names, headings, strict=True)
    ]
    for row in changes.result_list:
        yield format_html_join("", "{}", ((column.cell(row),) for column in columns))


def _label(value: Any, colours: Mapping[Any, str]) -> SafeString | str:
    """The label of a value and its name, with the colour of the value."""
    key, text = value if isinstance(value, tuple) else (value, value)
    return label(text, colours.get(key, "")) if text else "-"
