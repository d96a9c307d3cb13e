"""What change sets can do with ads, and with campaigns together with their ads."""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ads.actions.publishing import publish
from ads.actions.shifting import shift, shift_to
from ads.delivery.criteria.limits import within_caps
from ads.models import Ad, DeliverableAd, DeliverablePlace
from ads.models.parts import expect_rating
from ads.rules import NOT_OWN_CAMPAIGN
from campaign_studio.places.clock import already_today, still_today
from campaigns.changesets.resources import Resource, Verb, add_verbs, register, register_showing
from campaigns.models import Campaign

if TYPE_CHECKING:
    from accounts.models import User

Values = Mapping[str, Any]
NOT_PUBLISHED = _("%(ad)s: %(reason)s")


def register_ads() -> None:
    """Let change sets be about ads."""
    register(
        Resource(
            Ad,
            parts=("time_slots", "content_rating"),
            movable=frozenset({"ad_type_id"}),
            verbs={"approve": Verb("ads.moderate_ad", _approve), "reject": Verb("ads.moderate_ad", _reject)},
            addition_refusal=NOT_OWN_CAMPAIGN,
            prepare=_prepare,
        )
    )
    change = "campaigns.change_campaign"
    add_verbs(Campaign, {"shift": Verb(change, _shift), "publish": Verb(change, _publish)})
    register_showing(showing_today)


def showing_today(labels: set[str]) -> dict[str, str]:
    """The names of the ads that may show today at some place and time, by key, among those of these rows.

    By the tables of delivery: approved, active, within dates and below caps, with a target. Whether it is the hour of
    one of its time slots doesn't matter.
    """
    keys: dict[str, list[UUID]] = {}
    for label in labels:
        kind, _slash, key = label.partition("/")
        keys.setdefault(kind, []).append(UUID(key))
    among = Q(campaign__in=keys.get("campaign", [])) | Q(pk__in=keys.get("ad", []))
    placed = Exists(DeliverablePlace.objects.filter(campaign=OuterRef("campaign")))
    rows = DeliverableAd.objects.filter(among, placed, within_caps())
    rows = rows.filter(first_day__lte=already_today(), last_day__gte=still_today())
    return {str(key): name for key, name in rows.values_list("pk", "ad__ad_name")}


def _prepare(ad: Ad, parts: Values) -> None:
    if "content_rating" in parts:
        expect_rating(ad, parts["content_rating"])


def _approve(ad: Ad, values: Values, by: "User") -> None:
    ad.approve(by, at=timezone.now(), note=values.get("note") or "", version=values.get("version"))


def _reject(ad: Ad, values: Values, by: "User") -> None:
    ad.reject(by, at=timezone.now(), note=values.get("note") or "", version=values.get("version"))


def _shift(campaign: Campaign, values: Values, by: "User") -> None:
    if values.get("days") is not None:
        shift(campaign, values["days"])
    else:
        shift_to(campaign, date.fromisoformat(values["campaign_start_date"]))


def _publish(campaign: Campaign, values: Values, by: "User") -> None:
    """Publish all of it, or refuse all of it: in a plan, a part that can't be published must not go unnoticed."""
    refused = publish(campaign, ads=values.get("ads", True))
    if refused:
        texts = [NOT_PUBLISHED % {"ad": one.ad, "reason": one.message} for one in refused]
        raise ValidationError([ValidationError(text, code=one.code) for text, one in zip(texts, refused, strict=True)])
