"""A language of accents: what went through gettext is written in letters that nothing else is.

`Save “%(name)s”` becomes `Šàvé “%(name)s”`, so a plain letter on a page is a text that can't be translated, or data.
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

# One whose dates and times, in Django's formats, have no words of their own.
CODE = "pl"
ACCENTED = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "àƀćďéƒĝĥíĵķĺḿńóƥɋŕšťúṽŵẋýžÀƁĆĎÉƑĜĤÍĴĶĹḾŃÓƤɊŔŠŤÚṼŴẊÝŽ"
)
KEPT = re.compile(r"%\(\w+\)[-#0 +.\d]*[a-zA-Z]|%[sdrf%]|\{[^{}]*\}|<[^<>]+>|&\w+;")
# What is read to a person, apart from the text between the tags.
READ = {"title", "placeholder", "aria-label", "alt", "label"}
UNREAD = {"script", "style", "code", "template"}


def accented(text: str) -> str:
    """The text in this language. Placeholders, tags and entities stay."""
    kept = [*KEPT.findall(text), ""]
    return "".join(part.translate(ACCENTED) + keep for part, keep in zip(KEPT.split(text), kept, strict=True))


class Accents(NullTranslations):
    """The catalogue that translates everything."""

    domain = "django"

    def gettext(self, message: str) -> str:
        """A context stands before the message, as Django puts it there."""
        return accented(message.rpartition("\x04")[2])

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """As in English."""
        return self.gettext(msgid1 if n == 1 else msgid2)

    def language(self) -> str:
        """Its code."""
        return CODE

    def to_language(self) -> str:
        """Its code, as Django asks for it."""
        return CODE


@contextmanager
def spoken() -> Iterator[None]:
    """Everything inside is in this language."""
    with override_settings(LANGUAGE_CODE=CODE, LANGUAGES=[(CODE, "Accents")]):
        # Django has no public way to bring a catalogue that isn't a file; leaving these settings forgets it.
        catalogues: dict[str, Any] = trans_real._translations  # type: ignore[attr-defined]
        catalogues[CODE] = Accents()
        with translation.override(CODE):
            yield


class Reader(HTMLParser):
    """Lists what a person reads on a page."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.skipped: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Read its attributes."""
        named = dict(attrs)
        void = tag in ("input", "img", "br", "hr", "meta", "link", "path", "use", "source", "wbr", "col")
        if not void and (self.skipped or tag in UNREAD or "material-symbols" in (named.get("class") or "")):
            self.skipped.append(tag)
        if not self.skipped:
            self.texts += [value for name, value in attrs if name in READ and value]
            if tag == "input" and named.get("type") in ("submit", "button", "reset"):
                self.texts.append(named.get("value") or "")

    def handle_endtag(self, tag: str) -> None:
        """What was skipped ends."""
        if self.skipped and tag in self.skipped:
            while self.skipped.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        """Text between the tags."""
        if not self.skipped and data.strip():
            self.texts.append(data.strip())


def texts_of(page: str) -> list[str]:
    """What a person reads on an HTML page, piece by piece."""
    reader = Reader()
    reader.feed(page)
    return reader.texts
