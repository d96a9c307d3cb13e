"""What the console's sidebar and landing page are made of: links, each shown only to those who may follow it."""

from collections.abc import Callable
from typing import NotRequired, TypedDict

from django.http import HttpRequest
from django.urls import reverse_lazy
from django.utils.functional import Promise


class Link(TypedDict):
    """One page. `about` says on the landing page what people come for; `active` is asked instead of its address."""

    title: str
    icon: str
    link: Promise
    permission: Callable[[HttpRequest], bool]
    about: str
    active: NotRequired[Callable[[HttpRequest], bool]]


class Group(TypedDict):
    """A heading in the sidebar with the links below it."""

    title: str
    separator: bool
    items: list[Link]


def link(title: str, icon: str, view: str, permission: str, about: str) -> Link:
    """A link to the page with the name `view`."""
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(view),
        "permission": lambda request: request.user.has_perm(permission),
        "about": about,
    }
