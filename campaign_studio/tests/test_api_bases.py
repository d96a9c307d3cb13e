"""The order in which requests are checked is defined in a single place."""

from collections.abc import Iterator

from django.urls import get_resolver
from rest_framework.views import APIView

from campaign_studio.api.base import StudioView
from campaign_studio.api.etags import ETagMixin


def subclasses(base: type) -> Iterator[type]:
    children: list[type] = base.__subclasses__()
    for child in children:
        yield child
        yield from subclasses(child)


def test_every_view_checks_requests_in_the_same_order() -> None:
    assert get_resolver().url_patterns
    outside = ("rest_framework", "drf_spectacular")
    views = {kind for kind in subclasses(APIView) if not kind.__module__.startswith(outside)} - {ETagMixin}

    assert len(views) > 30
    assert [kind.__name__ for kind in views if not issubclass(kind, StudioView)] == []
    assert [kind.__name__ for kind in views if getattr(kind, "initial", None) is not StudioView.initial] == []
