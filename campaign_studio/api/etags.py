"""`ETag` and `If-Match`: a client can't overwrite changes it hasn't seen (RFC 9110, section 13)."""

import hashlib
from collections.abc import Callable, Mapping
from typing import ClassVar

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

    `counters` names fields that the ETag leaves out, because views reported by vehicles don't conflict with edits.
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
        if named != ["*"] and tag not in named:
            raise Stale(tag)


def etag_of(document: Document, *, counters: tuple[str, ...] = ()) -> str:
    """The strong ETag of a document with its nested rows, without `counters`."""
    if isinstance(document, Written):
        text = document.tagged
    else:
        text = StudioJSONRenderer().render({name: one for name, one in document.items() if name not in counters})
    return f'"{hashlib.sha256(text).hexdigest()[:32]}"'
