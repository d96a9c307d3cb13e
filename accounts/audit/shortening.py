"""Changes in short, as histories show them. The database shortens them, so long values never reach this process."""

from typing import Any

from django.db import models

# How many names of a list are shown, and how many characters of a name and of a text.
NAMES_SHOWN = 10
LONGEST_NAME = 100
LONGEST_TEXT = 300
TEXT_SHOWN = 100


def _names(place: int) -> str:
    """The names in the old (0) or the new (1) list."""
    return (
        f"SELECT jsonb_array_elements_text(CASE jsonb_typeof(pair -> {place}) WHEN 'array' THEN pair -> {place} "
        "ELSE '[]' END) AS name"
    )


def _only_in(place: int, other: int) -> str:
    """The number of names that are in one list only, and the first of them in alphabetical order."""
    return (
        "SELECT count(*) AS number, "  # noqa: S608 - our own numbers
        f"coalesce(jsonb_agg(left(name, {LONGEST_NAME}) ORDER BY place) "
        f"FILTER (WHERE place <= {NAMES_SHOWN}), '[]') AS names "
        "FROM (SELECT name, row_number() OVER (ORDER BY name) AS place "
        f"FROM ({_names(place)} EXCEPT {_names(other)}) AS differing) AS placed"
    )


def _short(place: int) -> str:
    """The old (0) or the new (1) value, or the beginning of a long text."""
    text = f"pair ->> {place}"
    return (
        f"CASE WHEN length({text}) <= {LONGEST_TEXT} THEN pair -> {place} WHEN {text} IS NOT NULL THEN "
        f"jsonb_build_object('start', left({text}, {TEXT_SHOWN}), 'count', length({text})) END"
    )


class ShortChanges(models.Func):
    """`changes` by field: `[old, new]`; for a list `{"added": […], "removed": […], "added_count", "removed_count"}`.

    In place of a long text stands `{"start", "count"}`: its beginning and the number of its characters.
    """

    template = (
        "(SELECT jsonb_object_agg(field, "  # noqa: S608 - our own numbers
        "CASE WHEN 'array' IN (jsonb_typeof(pair -> 0), jsonb_typeof(pair -> 1)) "
        "THEN jsonb_build_object('added', added.names, 'removed', removed.names, "
        "'added_count', added.number, 'removed_count', removed.number) "
        f"ELSE jsonb_build_array({_short(0)}, {_short(1)}) END) "
        "FROM jsonb_each(%(expressions)s) AS change(field, pair), "
        f"LATERAL ({_only_in(1, 0)}) AS added, LATERAL ({_only_in(0, 1)}) AS removed)"
    )
    output_field: Any = models.JSONField()
