"""What a browser does with a page: the data that its form sends, and the errors and messages it shows."""

import re
from html.parser import HTMLParser
from typing import Any


class _Reader(HTMLParser):
    """Collects the successful controls of the page's main form, as defined by HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: dict[str, list[str]] = {}
        self.is_inside = False
        self.select: str | None = None
        self.first_option: str | None = None
        self.textarea: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name, value = given.get("name") or "", given.get("value") or ""
        if tag == "form":
            self.is_inside = (given.get("id") or "").endswith("_form")
        if not self.is_inside or "disabled" in given:
            return
        if tag == "input" and name:
            self._read_input(name, value, given)
        elif tag == "select":
            self.select, self.first_option = name, None
        elif tag == "option" and self.select:
            self.first_option = value if self.first_option is None else self.first_option
            if "selected" in given:
                self._send(self.select, value)
        elif tag == "textarea":
            self.textarea = name
            self._send(name, "")

    def _read_input(self, name: str, value: str, given: dict[str, str | None]) -> None:
        kind = given.get("type")
        if kind in ("checkbox", "radio"):
            if "checked" in given:
                self._send(name, value or "on")
        elif kind not in ("submit", "button", "reset"):
            # Browsers drop line breaks from the value of an input.
            self._send(name, re.sub("[\r\n]", "", value))

    def handle_data(self, data: str) -> None:
        if self.textarea:
            self.sent[self.textarea][-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.is_inside = False
        elif tag == "textarea" and self.textarea:
            # HTML ignores a line break after the opening tag.
            text = self.sent[self.textarea][-1].removeprefix("\r\n").removeprefix("\n")
            # Browsers send every line break of a text area as CRLF.
            self.sent[self.textarea][-1] = re.sub("\r\n|\r|\n", "\r\n", text)
            self.textarea = None
        elif tag == "select" and self.select:
            if self.select not in self.sent and self.first_option is not None:
                self._send(self.select, self.first_option)
            self.select = None

    def _send(self, name: str, value: str) -> None:
        self.sent.setdefault(name, []).append(value)


def form_data(page: Any, **typed: Any) -> dict[str, Any]:
    """What the page's form sends with the values in `typed`. None removes a field, like an unticked box."""
    reader = _Reader()
    reader.feed(page.content.decode())
    assert reader.sent, "The page has no form."
    return {name: value for name, value in (reader.sent | typed).items() if value is not None}


def errors_of(page: Any) -> list[str]:
    """All errors that the page's forms show."""
    shown = [str(text) for texts in page.context["adminform"].form.errors.values() for text in texts]
    for inline in page.context["inline_admin_formsets"]:
        shown += [str(text) for text in inline.formset.non_form_errors()]
        shown += [str(text) for form in inline.formset.forms for texts in form.errors.values() for text in texts]
    return shown


def error_codes_of(page: Any) -> list[str]:
    """The code of every error that the page's forms show, in the order of `errors_of`."""
    inlines = [inline.formset for inline in page.context["inline_admin_formsets"]]
    lists = [*page.context["adminform"].form.errors.values()]
    for formset in inlines:
        lists += [formset.non_form_errors(), *(texts for form in formset.forms for texts in form.errors.values())]
    return [str(error.code) for texts in lists for error in texts.as_data()]


def messages_of(page: Any) -> list[str]:
    """The messages at the top of the page."""
    return [str(message) for message in page.context["messages"]]
