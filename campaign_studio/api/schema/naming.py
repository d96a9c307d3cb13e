"""Tags, ids and summaries of operations, derived from their URLs. `extend_schema()` overrides ids and summaries."""

from typing import TYPE_CHECKING

from django.utils.text import camel_case_to_spaces
from django.utils.translation import gettext_lazy as _
from inflection import camelize

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

# In the order of work.
TAGS: dict[str, "StrPromise"] = {
    "auth": _("Sign in, keep the session alive, and manage your own account, password and sessions."),
    "advertisers": _("The customers, with their contacts and bank accounts."),
    "campaigns": _("Campaigns with their targeting, and what changes a campaign together with its ads."),
    "ads": _("The ads of campaigns, with their media, time slots and content ratings."),
    "delivery": _("What shows at a place and time, and why. The devices that ask for it and report views."),
    "reports": _("Views and viewing time of campaigns, and what is left of their caps."),
    "moderation": _("The ads that are pending review, content ratings, and the decisions of moderators."),
    "people": _("Users and their roles."),
    "audit": _("Who changed what and when, and the security events."),
    "system": _("What forms need to know, and the health of the server."),
}
# By the last word of a URL, else by its first one.
TAGS_BY_LAST_WORD = {
    "approve": "moderation",
    "content-rating": "moderation",
    "performance": "reports",
    "reject": "moderation",
}
TAGS_BY_FIRST_WORD = {
    "audit-log": "audit",
    "change-sets": "campaigns",
    "devices": "delivery",
    "health": "system",
    "live": "system",
    "media": "ads",
    "meta": "system",
    "moderation-queue": "moderation",
    "ready": "system",
    "roles": "people",
    "security-events": "audit",
    "users": "people",
}
VERBS = {
    "list": "list",
    "retrieve": "get",
    "create": "create",
    "update": "replace",
    "partial_update": "update",
    "destroy": "delete",
}
BY_METHOD = {"GET": "get", "POST": "create", "PUT": "replace", "PATCH": "update", "DELETE": "delete"}
SUMMARIES: dict[str, "StrPromise"] = {
    "list": _("List %(objects)s"),
    "get": _("Get %(object)s"),
    "create": _("Create %(object)s"),
    "replace": _("Replace %(object)s"),
    "update": _("Update %(object)s"),
    "delete": _("Delete %(object)s"),
}


def tag_of(path: str) -> str:
    """The tag of a URL: `/api/campaigns/…` is `campaigns`."""
    words = _words(path)
    return TAGS_BY_LAST_WORD.get(words[-1]) or TAGS_BY_FIRST_WORD.get(words[0], words[0])


def verb_of(path: str, method: str, action: str | None) -> str | None:
    """What an operation does to the objects of its URL, if it is one of the usual six."""
    if path.endswith("}"):
        return BY_METHOD[method]
    return action if action in ("list", "create") else None


def operation_id(path: str, method: str, action: str | None, *, is_list: bool) -> str:
    """The name that a client's method should have.

    The usual six are named for the last collection of the URL (`listCampaigns`, `getContact`), everything else for
    what it is about: `approveAd`, `rotateDeviceKey`, `getCampaignReadiness`, `listAdHistory`, `setAdContentRating`.
    """
    words = _words(path)
    last, one = _camel(words[-1]), _singular(words[-1])
    verb = verb_of(path, method, action)
    if verb is not None:
        return f"{verb}{last if verb == 'list' else one}"
    owner = _singular(words[-2]) if len(words) > 1 else ""
    if method == "GET":
        return f"{'list' if is_list else 'get'}{owner}{last}"
    if method == "PUT":
        return f"set{owner}{last}"
    first, _hyphen, rest = words[-1].partition("-")
    return f"{first}{owner}{_camel(rest)}"


def pascal_case(name: str) -> str:
    """`listAds` and `ad_status` as the names of schemas: `ListAds`, `AdStatus`."""
    return str(camelize(camel_case_to_spaces(name).replace(" ", "_")))


def _words(path: str) -> list[str]:
    """The parts of a URL that aren't parameters."""
    return [part for part in path.removeprefix("/api/").split("/") if not part.startswith("{")]


def _camel(word: str) -> str:
    return str(camelize(word.replace("-", "_").replace(".", "_")))


def _singular(word: str) -> str:
    return _camel(word.removesuffix("s"))
