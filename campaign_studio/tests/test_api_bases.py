"""Views have few bases, so that what happens to a request can be read in one place."""

from collections.abc import Iterator

from django.urls import get_resolver
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from campaign_studio.api.base import StudioView
from campaign_studio.api.etags import ETagMixin

OURS = ("campaign_studio.", "accounts.", "advertisers.", "campaigns.", "ads.")
MOST_BASES = 5


def subclasses(base: type) -> Iterator[type]:
    children: list[type] = base.__subclasses__()
    for child in children:
        yield child
        yield from subclasses(child)


def our_bases(kind: type) -> list[str]:
    return [base.__name__ for base in kind.__mro__[1:] if base.__module__.startswith(OURS)]


def test_no_view_and_no_serializer_has_more_than_five_of_our_bases() -> None:
    assert get_resolver().url_patterns
    ours = {kind for base in (APIView, BaseSerializer) for kind in subclasses(base) if kind.__module__.startswith(OURS)}

    assert len(ours) > 50
    assert {kind.__name__: our_bases(kind) for kind in ours if len(our_bases(kind)) > MOST_BASES} == {}


def test_every_view_judges_requests_in_the_same_order() -> None:
    assert get_resolver().url_patterns
    views = [kind for kind in subclasses(APIView) if kind.__module__.startswith(OURS) and kind is not ETagMixin]

    assert [kind.__name__ for kind in views if not issubclass(kind, StudioView)] == []
    assert [kind.__name__ for kind in views if getattr(kind, "initial", None) is not StudioView.initial] == []
