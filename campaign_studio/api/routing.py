"""Finds the view of a URL under /api/ by its first word, instead of trying all patterns in turn."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property

from django.urls import ResolverMatch, URLPattern, URLResolver
from django.urls.exceptions import Resolver404
from django.urls.resolvers import RoutePattern

AnyPattern = URLPattern | URLResolver


class FirstWordResolver(URLResolver):
    """`path(route, include(patterns))`, for patterns that all begin with a word, such as `ads/<uuid:ad_id>`."""

    def __init__(self, route: str, patterns: list[AnyPattern]) -> None:
        super().__init__(RoutePattern(route, is_endpoint=False), patterns)

    def resolve(self, path: str) -> ResolverMatch:
        """The view and its arguments. Raises Resolver404."""
        matched = self.pattern.match(path)
        if matched:
            rest = matched[0]
            for pattern in self._by_word.get(_first_word(rest), ()):
                if found := pattern.resolve(rest):
                    return found
        raise Resolver404({"path": path, "tried": []})

    @cached_property
    def _by_word(self) -> dict[str, list[AnyPattern]]:
        found = defaultdict(list)
        for pattern in _flat(self.url_patterns):
            found[_first_word(str(pattern.pattern))].append(pattern)
        return dict(found)


def _first_word(path: str) -> str:
    return path.partition("/")[0]


def _flat(patterns: Iterable[AnyPattern]) -> Iterator[AnyPattern]:
    """The patterns, also those that are included without a prefix."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver) and not str(pattern.pattern):
            yield from _flat(pattern.url_patterns)
        else:
            yield pattern
