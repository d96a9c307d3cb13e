"""The links of the console's sidebar and home page. Each is shown only to users with its permission."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NotRequired, TypedDict

from django.http import HttpRequest
from django.urls import reverse_lazy
from django.utils.functional import Promise

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class Link(TypedDict):
    """A link to a page. `about` describes it on the home page; `active` decides whether it is the current page."""

    title: "StrOrPromise"
    icon: str
    link: Promise
    permission: Callable[[HttpRequest], bool]
    about: "StrOrPromise"
    active: NotRequired[Callable[[HttpRequest], bool]]


class Group(TypedDict):
    """A sidebar heading with its links."""

    title: "StrOrPromise"
    separator: bool
    items: list[Link]


def link(title: "StrOrPromise", icon: str, view: str, permission: str, about: "StrOrPromise") -> Link:
    """A link to the page with the URL name `view`, for users with `permission`."""
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(view),
        "permission": lambda request: request.user.has_perm(permission),
        "about": about,
    }
