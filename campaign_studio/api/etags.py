"""`ETag`, `If-Match` and `If-None-Match` (RFC 9110, section 13).

A client can't overwrite changes it hasn't seen, and doesn't get again what it has. The tag of an object has two parts:
the first changes with every edit, the second with what isn't an edit, such as a counter. `If-Match` compares the first.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import ClassVar

from django.http import HttpRequest, HttpResponse
from django.utils.http import parse_etags
from django.utils.translation import gettext_lazy as _
from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from campaign_studio.api.documents.written import StudioJSONRenderer, Written

STALE = _("This object has been changed since you read it. Read it again and send your change with its new ETag.")

# An object as the client sees it.
Document = Mapping[str, object] | Written


class Stale(APIException):
    """412. `headers` carries the ETag of the current representation."""

    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_detail = STALE
    default_code = "stale"

    def __init__(self, etag: str, detail: str | None = None) -> None:
        super().__init__(detail)
        self.headers = {"ETag": etag}


class ETagMixin(APIView):
    """A view of one object, which is returned with its `ETag` and changed only if `If-Match` matches.

    `counters` names fields that `If-Match` leaves out, because what changes them doesn't conflict with edits: views
    reported by vehicles, the name of another object, or what the reader may do.
    """

    counters: ClassVar[tuple[str, ...]] = ()

    def document_answer(self, document: Document, code: int = status.HTTP_200_OK) -> Response:
        """A response with the document and its ETag."""
        return Response(document, status=code, headers={"ETag": etag_of(document, counters=self.counters)})

    def check_match(self, request: Request, present: Callable[[], Document]) -> None:
        """Raise Stale (412) if `If-Match` doesn't match the current version. The caller has locked the row."""
        if request.method in SAFE_METHODS or "If-Match" not in request.headers:
            return
        tag = etag_of(present(), counters=self.counters)
        named = parse_etags(request.headers["If-Match"])
        if named != ["*"] and _edit_of(tag) not in map(_edit_of, named):
            raise Stale(tag)


def etag_of(document: Document, *, counters: tuple[str, ...] = ()) -> str:
    """The strong ETag of a document with its nested rows. Its second part is that of `counters`."""
    if isinstance(document, Written):
        edited, counted = document.tagged, document.counted if counters else b""
    else:
        render = StudioJSONRenderer().render
        edited = render({name: one for name, one in document.items() if name not in counters})
        counted = render({name: document[name] for name in counters if name in document}) if counters else b""
    return f'"{_hash(edited)}-{_hash(counted)[:16]}"' if counted else f'"{_hash(edited)}"'


def answer_once(request: Request | HttpRequest, response: HttpResponse, *, by_text: bool) -> None:
    """Turn a rendered answer into a 304 if the client has it already. `by_text` adds an ETag if there is none."""
    if response.status_code != status.HTTP_200_OK:
        return
    if "ETag" not in response:
        if not by_text or "no-store" in response.get("Cache-Control", ""):
            return
        response["ETag"] = f'"{_hash(response.content)}"'
    sent = request.META.get("HTTP_IF_NONE_MATCH")
    known = [tag.removeprefix("W/") for tag in parse_etags(sent)] if sent else []
    if known == ["*"] or response["ETag"].removeprefix("W/") in known:
        response.status_code = status.HTTP_304_NOT_MODIFIED
        response.content = b""
        del response["Content-Type"]


def _hash(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()[:32]


def _edit_of(tag: str) -> str:
    """The part of a strong tag that changes with every edit."""
    return tag.strip('"').partition("-")[0] if tag.startswith('"') else tag
