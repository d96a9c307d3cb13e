"""What a reader may do with a row. The rules decide; a table of their decisions answers for rows in the database.

The rules are asked about a specimen for each combination of the facts that they depend on, such as who created the row
and whether it has ended. What they say becomes an expression over these facts, so that lists need no rule per row.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import CASCADE, PROTECT, Case, Exists, Expression, ForeignObjectRel, OuterRef, Q, Value, When

# The name of a fact, and the condition under which a row has it.
Fact = tuple[str, Q]
Facts = Mapping[str, bool]
Decide = Callable[[Facts], Sequence[str]]
# The actions of rows with the condition, and of those without it.
Branch = tuple[Q, "Tree", "Tree"]
Tree = tuple[str, ...] | Branch

NAMES = ArrayField(models.CharField())


def decided(facts: Sequence[Fact], decide: Decide) -> Expression:
    """The actions that `decide` allows a row with its facts, as a list of names. A fact that never matters isn't asked.

    `decide` gets the truth of each fact by its name.
    """
    return _as_expression(_tree(list(facts), decide, {}))


def _tree(facts: list[Fact], decide: Decide, known: dict[str, bool]) -> Tree:
    if not facts:
        return tuple(decide(known))
    (name, condition), *rest = facts
    yes, no = (_tree(rest, decide, {**known, name: truth}) for truth in (True, False))
    return yes if yes == no else (condition, yes, no)


def _as_expression(tree: Tree) -> Expression:
    if tree and isinstance(tree[0], Q):
        condition, yes, no = tree
        return Case(When(condition, then=_as_expression(yes)), default=_as_expression(no), output_field=NAMES)
    return Value(list(tree), NAMES)


def is_protected(model: type[models.Model], path: str = "") -> Q:
    """The condition that a row can't be deleted, because a row that stays refers to it or to a part of it.

    It follows `on_delete` of each foreign key, as Django does when it deletes.
    """
    found = Q()
    for relation in model._meta.get_fields(include_hidden=True):
        if not isinstance(relation, ForeignObjectRel) or not relation.field.concrete or relation.many_to_many:
            continue
        other: Any = relation.related_model
        way = f"{relation.field.name}__{path}" if path else relation.field.name
        if relation.on_delete is PROTECT:
            found |= Q(Exists(other._base_manager.filter(**{way: OuterRef("pk")})))
        elif relation.on_delete is CASCADE:
            found |= is_protected(other, way)
    return found
