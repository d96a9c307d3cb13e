"""Documents as the database wrote them, and the renderer that passes them on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rest_framework.renderers import JSONRenderer


@dataclass(frozen=True)
class Written:
    """JSON that is text already: objects that together are one. Each second one contains what isn't edited."""

    pieces: tuple[str, ...]

    @property
    def body(self) -> bytes:
        """The whole JSON text."""
        if len(self.pieces) == 1:
            return self.pieces[0].encode()
        return f"{{{','.join(piece[1:-1] for piece in self.pieces if piece != '{}')}}}".encode()

    @property
    def tagged(self) -> bytes:
        """What the first part of the ETag is made of."""
        return "".join(self.pieces[::2]).encode()

    @property
    def counted(self) -> bytes:
        """What the second part of the ETag is made of."""
        return "".join(self.pieces[1::2]).encode()


class StudioJSONRenderer(JSONRenderer):
    """DRF's JSON. What is written already is left as it is."""

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        if isinstance(data, Written):
            return data.body
        rendered: bytes = super().render(data, accepted_media_type, renderer_context)
        return rendered
