"""The parsers of request bodies: strict JSON."""

import json
import math
from collections.abc import Mapping
from typing import IO, TYPE_CHECKING, Any, ClassVar, NoReturn, TypeAlias

from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from rest_framework import status
from rest_framework.exceptions import APIException, ErrorDetail, ParseError, ValidationError
from rest_framework.parsers import BaseParser

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

# Messages nested like the body, in DRF's types; None if there are none.
Problems: TypeAlias = Any

LARGEST_BODY = 12 * 1024 * 1024
DEEPEST = 20


def _too_deep() -> ErrorDetail:
    message = ngettext(
        "This is nested more than %(limit)d level deep.", "This is nested more than %(limit)d levels deep.", DEEPEST
    )
    return ErrorDetail(message % {"limit": DEEPEST}, "too_deep")


class BodyTooLarge(APIException):
    """413: the body is longer than any document of this API."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"

    def __init__(self) -> None:
        message = gettext("The body is larger than %(limit)s. Split the request.")
        super().__init__(message % {"limit": filesizeformat(LARGEST_BODY)})


class StrictJSONParser(BaseParser):
    """JSON strictly as in RFC 8259: UTF-8, an object at the top, no NaN, no duplicate keys, no lone surrogates.

    Raises ParseError (400) for what isn't JSON, ValidationError (400) naming the field for values that can't be stored,
    and BodyTooLarge (413).
    """

    media_type = "application/json"
    top: ClassVar[type] = dict
    not_at_top: ClassVar["StrPromise"] = _('Send a JSON object, such as {"field": "value"}.')

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, object] | None = None
    ) -> Any:
        body = stream.read(LARGEST_BODY + 1)
        if len(body) > LARGEST_BODY:
            raise BodyTooLarge
        if isinstance(stream, HttpRequest):
            # A retried transaction reads the body again. Django's public `HttpRequest.body` would read a body of any
            # length.
            stream._body = body
        try:
            data = json.loads(body.decode("utf-8"), object_pairs_hook=_object, parse_constant=_refuse_constant)
        except RecursionError:
            raise ParseError(_too_deep()) from None
        except ValueError as error:
            raise ParseError(_not_json(error)) from error
        if not isinstance(data, self.top):
            raise ParseError(self.not_at_top)
        problems = _problems(data, 1)
        if problems:
            raise ValidationError(problems)
        return data


class StrictJSONListParser(StrictJSONParser):
    """StrictJSONParser for URLs that take many objects at once: a list is at the top, and errors are keyed by index."""

    top = list
    not_at_top = _('Send a JSON list, such as [{"field": "value"}].')


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    data = dict(pairs)
    if len(data) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValidationError(
            {_printable(twice): [ErrorDetail(gettext("This key appears more than once."), "repeated_key")]}
        )
    return data


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


def _problems(value: object, depth: int) -> Problems:
    """Messages about what can't be stored, nested as `value` is; None if everything can be stored."""
    if depth > DEEPEST:
        return [_too_deep()]
    if isinstance(value, str):
        return None if _is_text(value) else [_not_text()]
    if isinstance(value, float):
        return None if math.isfinite(value) else [ErrorDetail(gettext("This number is too large."), "too_large")]
    if isinstance(value, list):
        listed = {index: _problems(entry, depth + 1) for index, entry in enumerate(value)}
        return {index: problem for index, problem in listed.items() if problem} or None
    if isinstance(value, dict):
        nested = {_printable(key): _key_problem(key) or _problems(entry, depth + 1) for key, entry in value.items()}
        return {key: problem for key, problem in nested.items() if problem} or None
    return None


def _not_text() -> ErrorDetail:
    return ErrorDetail(gettext("This is not valid text: it contains half of a surrogate pair."), "not_text")


def _key_problem(key: str) -> list[ErrorDetail] | None:
    return None if _is_text(key) else [_not_text()]


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _printable(key: str) -> str:
    return key.encode(errors="replace").decode()
