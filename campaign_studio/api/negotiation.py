"""What an answer is written in."""

from typing import Any

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request


class JSONNegotiation(BaseContentNegotiation):
    """Every address speaks one format, whatever `Accept` says: JSON, or a page for the documentation (R27)."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """The parser for the body's media type; None is answered 415."""
        sent = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == sent), None)

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> tuple[Any, str]:
        """The first, always."""
        return renderers[0], renderers[0].media_type
