"""What the console's pages say about ads and campaigns, with a link to what to change."""

from collections.abc import Collection, Mapping
from typing import NotRequired, TypedDict

from django.urls import reverse

from ads.console.wording import HEADINGS, LINKS, fix, message, not_asked, outcome, value_of
from ads.delivery.criteria import BY_CODE
from ads.delivery.explaining import Explanation
from ads.delivery.facts import Fact, Reason, ResourceType
from ads.delivery.readiness import Finding
from ads.models import Ad

PAGES: Mapping[ResourceType, str] = {"campaign": "admin:campaigns_campaign_change", "ad": "admin:ads_ad_change"}


class ToDo(TypedDict):
    """What to do, and where."""

    fix: str
    link: str
    link_text: str


class Told(ToDo):
    """What is wrong, and what to do about it."""

    message: str


class ToldOf(Told):
    """The same of a campaign or one of its ads."""

    name: str
    kind: ResourceType


class Row(TypedDict):
    """A criterion in the table: it `holds`, `fails`, or is `open` because it wasn't asked."""

    code: str
    sentence: str
    state: str
    message: NotRequired[str]
    needed: NotRequired[str]
    actual: NotRequired[str]
    fix: NotRequired[str]
    link: NotRequired[str]
    link_text: NotRequired[str]


class Answer(TypedDict):
    """What a page says about one ad. `winner` is the name of the ad that shows in its place."""

    ad: Ad
    shown: bool
    eligible: bool
    outcome: str
    lost_to: str | None
    winner: str | None
    reasons: list[Told]
    holding: int
    asked: int
    rows: list[Row]


def answer(explained: Explanation, names: Mapping[str, str]) -> Answer:
    """What to say of one ad; `names` are those of the ads that show in bars."""
    asked, failing = explained.asked(), {one.code: one for one in explained.reasons}
    lost_to = explained.lost_to if explained.lost_to in names else None
    return {
        "ad": explained.ad,
        "shown": explained.shown,
        "eligible": explained.eligible,
        "outcome": outcome(explained),
        "lost_to": lost_to,
        "winner": names[lost_to] if lost_to else None,
        "reasons": [_told(reason) for reason in explained.reasons],
        "holding": len(asked) - len(failing),
        "asked": len(asked),
        "rows": [_row(code, asked, failing) for code in BY_CODE],
    }


def finding(found: Finding) -> ToldOf:
    """One of the things to do about a campaign."""
    return {"name": found.resource_name, "kind": found.resource_type, **_told(found)}


def _told(fact: Fact) -> Told:
    return {"message": message(fact), **_to_do(fact)}


def _to_do(fact: Fact) -> ToDo:
    anchor, text = LINKS[fact.field]
    page = reverse(PAGES[fact.resource_type], args=[fact.resource_id])
    return {"fix": fix(fact), "link": f"{page}#{anchor}", "link_text": str(text)}


def _row(code: str, asked: Collection[str], failing: Mapping[str, Reason]) -> Row:
    row: Row = {"code": code, "sentence": str(HEADINGS[code]), "state": "holds"}
    if reason := failing.get(code):
        needed, actual = value_of(reason, reason.expected), value_of(reason, reason.actual)
        return {**row, "state": "fails", "needed": needed, "actual": actual, **_told(reason)}
    if code not in asked:
        return {**row, "state": "open", "message": not_asked(_failing_outside(code, failing))}
    return row


def _failing_outside(code: str, failing: Mapping[str, Reason]) -> str:
    """Of the criteria that this one is a part of, the one that fails; itself where none does."""
    while code not in failing and BY_CODE[code].within:
        code = BY_CODE[code].within
    return code
