"""Documents as the database wrote them, and the renderer that passes them on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rest_framework.renderers import JSONRenderer


@dataclass(frozen=True)
class Written:
    """JSON that is text already. `counters` is an object whose fields are part of the answer, but not of its ETag."""

    text: str
    counters: str | None = None

    @property
    def body(self) -> bytes:
        """The whole JSON text."""
        return (self.text if self.counters is None else f"{self.text[:-1]},{self.counters[1:]}").encode()


class StudioJSONRenderer(JSONRenderer):
    """DRF's JSON. What is written already is left as it is."""

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        if isinstance(data, Written):
            return data.body
        rendered: bytes = super().render(data, accepted_media_type, renderer_context)
        return rendered
