"""The kinds of objects that change sets are about. Each app registers its own, so that lower apps needn't know them."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from django.db import models

from campaign_studio.models.stamped import StampedModel

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

    from accounts.models import User

# Rows by their key.
Keys = Collection[Any]


@dataclass(frozen=True)
class Verb:
    """Something else than a change of fields that a change set can do to a row, such as the approval of an ad.

    `carry_out` gets the locked row, the values, and who does it. It raises what the verb of the model raises.
    """

    permission: str
    carry_out: Callable[[Any, Mapping[str, Any], "User"], None]


@dataclass(frozen=True)
class Resource:
    """A kind of objects. `name` is also the name of its model, as in the audit log.

    `parts` are the relations whose rows are written with a row, and `movable` the columns that say where it belongs.
    `addition_refusal` is the message for those who may add such objects, but not this one. `prepare` gives a row what
    its rules need besides its columns.
    """

    model: type[StampedModel]
    parts: tuple[str, ...] = ()
    movable: frozenset[str] = frozenset()
    verbs: Mapping[str, Verb] = field(default_factory=dict)
    addition_refusal: "str | StrPromise" = ""
    prepare: Callable[[Any, Mapping[str, Any]], None] = lambda row, parts: None

    @property
    def name(self) -> str:
        return str(self.model._meta.model_name)

    def permission(self, action: str) -> str:
        """The name of the permission to `add`, `change` or `delete` a row."""
        return f"{self.model._meta.app_label}.{action}_{self.name}"


# In the order in which they are locked: each before those that belong to it.
_resources: dict[str, Resource] = {}
# The names of the ads that show, by key, among those of these rows: labels such as `campaign/…` and `ad/…`.
Showing = Callable[[set[str]], dict[str, str]]
_showing: list[Showing] = []


def register(resource: Resource) -> None:
    """Let change sets be about this kind of objects. What they belong to must have been registered before."""
    _resources[resource.name] = resource


def add_verbs(model: type[StampedModel], verbs: Mapping[str, Verb]) -> None:
    """Add what a higher app can do to rows of a lower one, such as moving a campaign with its ads."""
    resource = _resources[str(model._meta.model_name)]
    _resources[resource.name] = replace(resource, verbs={**resource.verbs, **verbs})


def register_showing(find: Showing) -> None:
    """Let plans say what starts and stops showing."""
    _showing.append(find)


def all_resources() -> list[Resource]:
    """All kinds, each before those that belong to it."""
    return list(_resources.values())


def resource_named(name: str) -> Resource:
    """The kind with this name. Raises LookupError."""
    return _resources[name]


def resource_of(model: type[models.Model] | None) -> Resource | None:
    """The kind of rows of this model, if change sets can be about them."""
    return next((one for one in _resources.values() if one.model is model), None)


def belonging_to(resource: Resource, keys: Keys) -> Iterable[StampedModel]:
    """The rows of other kinds that are deleted with these rows, such as the ads of a campaign."""
    for other in _resources.values():
        for relation in other.model._meta.concrete_fields:
            remote = relation.remote_field
            if remote is not None and remote.model is resource.model and remote.on_delete is models.CASCADE:
                yield from other.model._default_manager.filter(**{f"{relation.name}__in": keys}).order_by("pk")


def showing(labels: set[str]) -> dict[str, str]:
    """What shows today of these rows: names by key."""
    found: dict[str, str] = {}
    for find in _showing:
        found |= find(labels)
    return found
