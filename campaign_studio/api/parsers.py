"""The parsers of request bodies: strict JSON."""

import json
import math
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import IO, TYPE_CHECKING, Any, ClassVar, NamedTuple, NoReturn

from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from rest_framework import status
from rest_framework.exceptions import APIException, ErrorDetail, ParseError, UnsupportedMediaType, ValidationError
from rest_framework.parsers import BaseParser

from campaign_studio.api.refusals import Path, first_of
from campaign_studio.faults import quoted

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


class BodyLimits(NamedTuple):
    """How many bytes and how many values a body may have. Every entry of a list or an object is a value."""

    size: int
    values: int


# The limits without a valid token, with one, and for the documents that contain long lists.
ANONYMOUS = BodyLimits(64 * 1024, 20_000)
SIGNED_IN = BodyLimits(1024 * 1024, 20_000)
LARGE = BodyLimits(12 * 1024 * 1024, 200_000)
# In the whole body: lists, objects, and keys of objects. They take more memory than other values.
MOST_PARTS = 20_000
MOST_KEYS = 1_000
DEEPEST = 20
# The largest window, and the header and the checksum of gzip.
GZIP = 16 + zlib.MAX_WBITS

# A string, which ends with the body if its closing quote is missing.
STRING = rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)'
HALF_CHARACTER = re.compile("[\ud800-\udfff]")
HALF_OF_A_PAIR = re.compile(rb"\\u[dD][89a-fA-F]")


@cache
def _many(characters: bytes, count: int) -> re.Pattern[bytes]:
    """Matches a body in which these characters occur at least `count` times outside strings.

    It takes linear time and no memory, because nothing in it can be retried (all quantifiers are possessive).
    """
    outside = rb'(?:[^"' + characters + rb"]++|" + STRING + rb")*+[" + characters + rb"]"
    return re.compile(rb"(?:" + outside + rb"){%d}+" % count, re.DOTALL)


class BodyTooLarge(APIException):
    """413: the body is longer than what this URL takes from this client."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"

    def __init__(self, limits: BodyLimits) -> None:
        message = gettext("The body is larger than %(limit)s. Split the request.")
        if limits == ANONYMOUS:
            message = gettext("The body is larger than %(limit)s, the limit without a token. Sign in first.")
        super().__init__(message % {"limit": filesizeformat(limits.size)})


class UnknownEncoding(UnsupportedMediaType):
    """415: the body is compressed in a way that isn't understood. `Accept-Encoding` says which is."""

    def __init__(self, encoding: str) -> None:
        message = gettext("“%(encoding)s” is not a known Content-Encoding. Send gzip, or the body as it is.")
        super().__init__(encoding, message % {"encoding": quoted(encoding)}, "unknown_encoding")
        self.headers = {"Accept-Encoding": "gzip"}


class StrictJSONParser(BaseParser):
    """JSON strictly as in RFC 8259: UTF-8, an object at the top, no NaN, no duplicate keys, no lone surrogates.

    A byte order mark at the beginning is ignored, as the standard allows. The limits hold for a compressed body too,
    and for what it contains.

    Raises BodyTooLarge (413) before it reads such a body, UnknownEncoding (415), ParseError (400) for what isn't JSON
    or has too many values, and ValidationError (400) naming the field for values that can't be stored. Values are
    counted before any is built, so a refused body costs at most three times as much as an accepted one of the same
    size.
    """

    media_type = "application/json"
    top: ClassVar[type] = dict
    not_at_top: ClassVar["StrPromise"] = _('Send a JSON object, such as {"field": "value"}.')

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, object] | None = None
    ) -> Any:
        limits = limits_of(parser_context or {})
        body = stream.read(limits.size + 1)
        if len(body) > limits.size:
            raise BodyTooLarge(limits)
        if isinstance(stream, HttpRequest):
            # A retried transaction reads the body again. Django's public `HttpRequest.body` would read a body of any
            # length.
            stream._body = body
        body = _inflated(body, parser_context or {}, limits)
        _check_counts(body, limits)
        try:
            data = json.loads(body.decode("utf-8-sig"), object_pairs_hook=_object, parse_constant=_refuse_constant)
        except RecursionError:
            raise ParseError(_too_deep()) from None
        except ValueError as error:
            raise ParseError(_not_json(error)) from error
        if not isinstance(data, self.top):
            raise ParseError(self.not_at_top)
        problems = first_of(_problems(data, (), has_halves=HALF_OF_A_PAIR.search(body) is not None))
        if problems:
            raise ValidationError(problems)
        return data


class StrictJSONListParser(StrictJSONParser):
    """StrictJSONParser for URLs that take many objects at once: a list is at the top, and errors are keyed by index."""

    top = list
    not_at_top = _('Send a JSON list, such as [{"field": "value"}].')


def limits_of(context: Mapping[str, Any]) -> BodyLimits:
    """The limits of this request. Raises BodyTooLarge if its `Content-Length` is larger: nothing is read then."""
    request, view = context.get("request"), context.get("view")
    if request is None:
        return SIGNED_IN
    limits: BodyLimits = getattr(view, "body_limits", SIGNED_IN) if request.user.is_authenticated else ANONYMOUS
    length = (request.META.get("CONTENT_LENGTH") or "0").lstrip("0")
    # Compared by its digits first: Python refuses to read a number of thousands of digits.
    if length.isdecimal() and (len(length) > len(str(limits.size)) or int(length) > limits.size):
        raise BodyTooLarge(limits)
    return limits


def _inflated(body: bytes, context: Mapping[str, Any], limits: BodyLimits) -> bytes:
    """The body as it was before it was compressed. Nothing is inflated beyond the limit."""
    request = context.get("request")
    encoding = request.META.get("HTTP_CONTENT_ENCODING", "").strip().lower() if request is not None else ""
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "x-gzip"):
        raise UnknownEncoding(encoding)
    inflating = zlib.decompressobj(GZIP)
    try:
        inflated = inflating.decompress(body, limits.size + 1)
    except zlib.error:
        inflated = b""
    if len(inflated) > limits.size:
        raise BodyTooLarge(limits)
    # What follows the end could be another compressed body, and there could be thousands of those.
    if not inflating.eof or inflating.unused_data:
        raise ParseError(gettext("The body is not valid gzip, or has more than one part."), "not_gzip")
    return inflated


def _check_counts(body: bytes, limits: BodyLimits) -> None:
    """Raise ParseError if the body contains too many values, lists, objects or keys.

    The characters are counted in strings too at first, which is faster, and exactly only if that isn't enough.
    """
    if body.count(b",") >= limits.values and _many(rb",", limits.values).match(body):
        message = gettext("The body contains more than %(limit)d values. Split the request.")
        raise ParseError(message % {"limit": limits.values}, "too_many_values")
    if sum(map(body.count, (b"[", b"{", b":"))) > MOST_PARTS and _many(rb"\[{:", MOST_PARTS + 1).match(body):
        message = gettext("The body contains more than %(limit)d lists, objects and keys. Split the request.")
        raise ParseError(message % {"limit": MOST_PARTS}, "too_many_values")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(pairs) > MOST_KEYS:
        message = gettext("An object in the body has more than %(limit)d keys.") % {"limit": MOST_KEYS}
        raise ParseError(message, "too_many_keys")
    data = dict(pairs)
    if len(data) < len(pairs):
        raise ValidationError(
            {_printable(_twice(pairs)): [ErrorDetail(gettext("This key appears more than once."), "repeated_key")]}
        )
    return data


def _twice(pairs: list[tuple[str, object]]) -> str:
    """The first of the keys that appear more than once. One of them does."""
    return next(key for key, times in Counter(key for key, _value in pairs).items() if times > 1)


def _refuse_constant(name: str) -> NoReturn:
    message = gettext("This is not valid JSON: %(name)s is not a number. Send null or a number.")
    raise ParseError(message % {"name": name})


def _not_json(error: ValueError) -> str:
    """What is wrong. Python's own messages exist only in English."""
    if isinstance(error, json.JSONDecodeError):
        message = gettext("This is not valid JSON: see line %(line)d, column %(column)d.")
        return message % {"line": error.lineno, "column": error.colno}
    if isinstance(error, UnicodeDecodeError):
        return gettext("The body is not encoded in UTF-8.")
    return gettext("This is not valid JSON: it contains a number with too many digits.")


def _too_deep() -> ErrorDetail:
    message = ngettext(
        "This is nested more than %(limit)d level deep.", "This is nested more than %(limit)d levels deep.", DEEPEST
    )
    return ErrorDetail(message % {"limit": DEEPEST}, "too_deep")


def _problems(value: Any, path: Path, *, has_halves: bool) -> Iterator[tuple[Path, Callable[[], ErrorDetail]]]:
    """What can't be stored in a list or an object, and where. `has_halves`: half of a surrogate pair may occur."""
    if len(path) >= DEEPEST:
        yield path, _too_deep
        return
    for key, entry in value.items() if isinstance(value, dict) else enumerate(value):
        if has_halves and isinstance(key, str) and HALF_CHARACTER.search(key):
            yield (*path, _printable(key)), _not_text
        elif isinstance(entry, dict | list):
            yield from _problems(entry, (*path, key), has_halves=has_halves)
        elif isinstance(entry, float) and not math.isfinite(entry):
            yield (*path, key), _too_large
        elif has_halves and isinstance(entry, str) and HALF_CHARACTER.search(entry):
            yield (*path, key), _not_text


def _not_text() -> ErrorDetail:
    return ErrorDetail(gettext("This is not valid text: it contains half of a surrogate pair."), "not_text")


def _too_large() -> ErrorDetail:
    return ErrorDetail(gettext("This number is too large."), "too_large")


def _printable(key: str) -> str:
    return key.encode(errors="replace").decode()
