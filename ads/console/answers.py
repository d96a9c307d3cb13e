"""Explanations and findings as the console's templates need them: sentences, each with a link to what to change."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import TYPE_CHECKING, NotRequired, TypedDict

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from ads.choices import ModerationStatus
from ads.console.wording import DURATIONS, HEADINGS, LINKS, country_label, fix, message, not_checked, outcome
from ads.delivery.criteria import BY_CODE
from ads.delivery.explaining import Explanation
from ads.delivery.facts import Fact, Reason, ResourceType
from ads.delivery.readiness import Finding
from ads.models import Ad
from campaigns.choices import Status

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

CONFIRMED: Mapping[object, "StrPromise"] = {True: _("confirmed"), False: _("not confirmed"), None: _("no rating")}
# What a target must include if the screen's city or postcode is unknown.
WHOLE: Mapping[str, "StrPromise"] = {"city": _("all cities"), "postcode": _("all postcodes")}
NONE = _("none")
PAGES: Mapping[ResourceType, str] = {"campaign": "admin:campaigns_campaign_change", "ad": "admin:ads_ad_change"}


class Remedy(TypedDict):
    """What to do, with a link to the field."""

    fix: str
    link: str
    link_text: str


class ReasonRow(Remedy):
    """A problem and its remedy."""

    message: str


class FindingRow(ReasonRow):
    """A problem of a campaign or one of its ads, with its name."""

    name: str
    kind: ResourceType


class CriterionRow(TypedDict):
    """A row of the criteria table. Its state is `holds`, `fails`, or `open` if the criterion wasn't checked."""

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
    """Everything a page shows about one ad. `winner` is the name of the ad that shows in its place by rotation."""

    ad: Ad
    shown: bool
    eligible: bool
    outcome: str
    lost_to: str | None
    winner: str | None
    reasons: list[ReasonRow]
    holding: int
    considered: int
    rows: list[CriterionRow]


def answer(explained: Explanation, names: Mapping[str, str]) -> Answer:
    """The row of one ad. `names` has the names, by key, of the ads that may be named as showing instead."""
    considered, failing = explained.considered(), {one.code: one for one in explained.reasons}
    lost_to = explained.lost_to if explained.lost_to in names else None
    return {
        "ad": explained.ad,
        "shown": explained.shown,
        "eligible": explained.eligible,
        "outcome": outcome(explained),
        "lost_to": lost_to,
        "winner": names[lost_to] if lost_to else None,
        "reasons": [_reason_row(reason) for reason in explained.reasons],
        "holding": len(considered) - len(failing),
        "considered": len(considered),
        "rows": [_criterion_row(code, considered, failing) for code in BY_CODE],
    }


def finding(found: Finding) -> FindingRow:
    """The row of a problem of a campaign or one of its ads."""
    return {"name": found.resource_name, "kind": found.resource_type, **_reason_row(found)}


def _reason_row(fact: Fact) -> ReasonRow:
    return {"message": message(fact), **_remedy(fact)}


def _remedy(fact: Fact) -> Remedy:
    anchor, text = LINKS[fact.field]
    page = reverse(PAGES[fact.resource_type], args=[fact.resource_id])
    return {"fix": fix(fact), "link": f"{page}#{anchor}", "link_text": str(text)}


def _criterion_row(code: str, considered: Collection[str], failing: Mapping[str, Reason]) -> CriterionRow:
    row: CriterionRow = {"code": code, "sentence": str(HEADINGS[code]), "state": "holds"}
    if reason := failing.get(code):
        needed, actual = value_of(reason, reason.expected), value_of(reason, reason.actual)
        return {**row, "state": "fails", "needed": needed, "actual": actual, **_reason_row(reason)}
    if code not in considered:
        return {**row, "state": "open", "message": not_checked(_failing_outside(code, failing))}
    return row


def _failing_outside(code: str, failing: Mapping[str, Reason]) -> str:
    """The code of the failing criterion that this one depends on, or its own if there is none."""
    while code not in failing and BY_CODE[code].within:
        code = BY_CODE[code].within
    return code


def value_of(reason: Reason, value: object) -> str:
    """A criterion's value as people read it: labels, formatted dates, spelt-out units."""
    if reason.code == "rated":
        return str(CONFIRMED[value])
    if isinstance(value, list):
        return ", ".join(country_label(one) if reason.code == "country" else str(one) for one in value) or str(NONE)
    if isinstance(value, date):
        return date_format(value)
    if reason.code in ("campaign_active", "ad_active"):
        return str(Status(str(value)).label)
    if reason.code == "approved":
        return str(ModerationStatus(str(value)).label)
    if not value:
        return str(WHOLE.get(reason.code, NONE))
    if "unit" in reason.params:
        return DURATIONS[str(reason.params["unit"])] % {"count": value}
    return country_label(value) if reason.code == "country" else str(value)
