"""`ETag` and `If-Match`: nobody overwrites what they have not seen (2-api "Headers", RFC 9110 section 13)."""

import hashlib
from collections.abc import Mapping
from typing import Any

from django.utils.http import parse_etags
from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

STALE = "This was changed since you read it. Read it again, look at what is new, and send your change with its ETag."


class Stale(APIException):
    """412. `headers` carries the ETag of the present representation."""

    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_detail = STALE
    default_code = "stale"

    def __init__(self, etag: str, detail: str | None = None) -> None:
        super().__init__(detail)
        self.headers = {"ETag": etag}


def etag_of(document: Mapping[str, Any], *, counters: tuple[str, ...] = ()) -> str:
    """The strong tag of a document: another one as soon as anything in it differs, nested rows included.

    `counters` names fields that count by themselves: what vehicles report is no change that an editor could undo.
    """
    told = {name: value for name, value in document.items() if name not in counters}
    return f'"{hashlib.sha256(JSONRenderer().render(told)).hexdigest()[:32]}"'


def asks_for_match(request: Request) -> bool:
    """Whether the client has named the version that it wants to change."""
    return "If-Match" in request.headers


def check_match(request: Request, present: str) -> None:
    """Raise Stale unless `If-Match` names the present tag, or `*`."""
    named = parse_etags(request.headers["If-Match"])
    if named != ["*"] and present not in named:
        raise Stale(present)
