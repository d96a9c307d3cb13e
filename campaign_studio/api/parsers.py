"""The one way JSON comes in."""

import json
import math
from collections.abc import Mapping
from typing import IO, Any, ClassVar, NoReturn, TypeAlias

from django.http import HttpRequest
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError, ValidationError
from rest_framework.parsers import BaseParser

# Messages, nested as the body is, in the framework's types; None for nothing.
Problems: TypeAlias = Any

LARGEST_BODY = 12 * 1024 * 1024
DEEPEST = 20
TOO_DEEP = f"This is nested more than {DEEPEST} levels deep."


class BodyTooLarge(APIException):
    """Answered 413: the body is longer than any document of ours."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = f"The body is larger than {LARGEST_BODY // 1024 // 1024} MiB. Send less at once."
    default_code = "too_large"


class StrictJSONParser(BaseParser):
    """JSON as RFC 8259 means it: UTF-8, an object at the top, no NaN, no duplicate keys, no lone surrogates.

    Raises ParseError (400) for what isn't JSON, ValidationError (400) naming the field for values nobody can store,
    and BodyTooLarge (413).
    """

    media_type = "application/json"
    top: ClassVar[type] = dict
    not_at_top = 'Send a JSON object, like {"field": "value"}.'

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, object] | None = None
    ) -> Any:
        body = stream.read(LARGEST_BODY + 1)
        if len(body) > LARGEST_BODY:
            raise BodyTooLarge
        if isinstance(stream, HttpRequest):
            # A transaction that is tried again reads it again. `HttpRequest.body` is the public way, but it would read
            # a body of any length.
            stream._body = body
        try:
            data = json.loads(body.decode("utf-8"), object_pairs_hook=_object, parse_constant=_refuse_constant)
        except RecursionError:
            raise ParseError(TOO_DEEP) from None
        except ValueError as error:
            raise ParseError(f"This is not valid JSON: {error}") from error
        if not isinstance(data, self.top):
            raise ParseError(self.not_at_top)
        problems = _problems(data, 1)
        if problems:
            raise ValidationError(problems)
        return data


class StrictJSONListParser(StrictJSONParser):
    """The same for the few addresses that take many things at once: a list at the top, problems by place in it."""

    top = list
    not_at_top = 'Send a JSON list, like [{"field": "value"}].'


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    data = dict(pairs)
    if len(data) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValidationError({_printable(twice): ["This key appears more than once."]})
    return data


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _problems(value: object, depth: int) -> Problems:
    """What can't be stored in `value`, nested as the value is; None when all is well."""
    if depth > DEEPEST:
        return [TOO_DEEP]
    if isinstance(value, str):
        return None if _is_text(value) else ["This is not valid text: it contains half of a surrogate pair."]
    if isinstance(value, float):
        return None if math.isfinite(value) else ["This number is too large."]
    if isinstance(value, list):
        listed = {index: _problems(entry, depth + 1) for index, entry in enumerate(value)}
        return {index: problem for index, problem in listed.items() if problem} or None
    if isinstance(value, dict):
        nested = {_printable(key): _key_problem(key) or _problems(entry, depth + 1) for key, entry in value.items()}
        return {key: problem for key, problem in nested.items() if problem} or None
    return None


def _key_problem(key: str) -> list[str] | None:
    return None if _is_text(key) else ["This key is not valid text."]


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _printable(key: str) -> str:
    return key.encode(errors="replace").decode()
