"""A pseudo-language for tests: every text that goes through gettext comes out with accents.

`Save “%(name)s”` becomes `Šàvé “%(name)s”`. Plain letters on a page are therefore data, or a text that gettext missed.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from gettext import NullTranslations
from html.parser import HTMLParser
from typing import Any

from django.test import override_settings
from django.utils import translation
from django.utils.translation import trans_real

# A real language is needed. The date and time formats that Django has for this one contain no words.
CODE = "pl"
ACCENTED = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "àƀćďéƒĝĥíĵķĺḿńóƥɋŕšťúṽŵẋýžÀƁĆĎÉƑĜĤÍĴĶĹḾŃÓƤɊŔŠŤÚṼŴẊÝŽ"
)
KEPT = re.compile(r"%\(\w+\)[-#0 +.\d]*[a-zA-Z]|%[sdrf%]|\{[^{}]*\}|<[^<>]+>|&\w+;")
# Attributes that are shown or read aloud.
READ = {"title", "placeholder", "aria-label", "alt", "label"}
UNREAD = {"script", "style", "code", "template"}


def accented(text: str) -> str:
    """The text with accents. Placeholders, tags and entities stay as they are."""
    kept = [*KEPT.findall(text), ""]
    return "".join(part.translate(ACCENTED) + keep for part, keep in zip(KEPT.split(text), kept, strict=True))


class Accents(NullTranslations):
    """The catalogue that translates everything."""

    domain = "django"

    def gettext(self, message: str) -> str:
        # Django puts the context before the message.
        return accented(message.rpartition("\x04")[2])

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)

    def language(self) -> str:
        return CODE

    def to_language(self) -> str:
        return CODE


@contextmanager
def activated() -> Iterator[None]:
    """Activate the pseudo-language inside the block."""
    with override_settings(LANGUAGE_CODE=CODE, LANGUAGES=[(CODE, "Accents")]):
        # Django has no public way to add a catalogue that isn't a file. Restoring the settings removes it.
        catalogues: dict[str, Any] = trans_real._translations  # type: ignore[attr-defined]
        catalogues[CODE] = Accents()
        with translation.override(CODE):
            yield


class Reader(HTMLParser):
    """Collects the texts that a person reads on a page."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.skipped: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        void = tag in ("input", "img", "br", "hr", "meta", "link", "path", "use", "source", "wbr", "col")
        if not void and (self.skipped or tag in UNREAD or "material-symbols" in (named.get("class") or "")):
            self.skipped.append(tag)
        if not self.skipped:
            self.texts += [value for name, value in attrs if name in READ and value]
            if tag == "input" and named.get("type") in ("submit", "button", "reset"):
                self.texts.append(named.get("value") or "")

    def handle_endtag(self, tag: str) -> None:
        if self.skipped and tag in self.skipped:
            while self.skipped.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if not self.skipped and data.strip():
            self.texts.append(data.strip())


def texts_of(page: str) -> list[str]:
    """The texts that a person reads on an HTML page, in order."""
    reader = Reader()
    reader.feed(page)
    return reader.texts
