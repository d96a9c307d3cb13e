"""The screen of a car: its device, the impressions it gets, and the views it reports."""

import itertools
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from rest_framework.test import APIClient

from ads.api.wording import refusal
from ads.delivery.opportunity import Opportunity
from ads.delivery.proofs import impression_of, prove
from ads.models import Ad, AdViewDay, CampaignViewTotals, Device
from ads.reporting.counting import CountResult, count_views
from ads.reporting.reports import Refusal, Rejection, ReportedView, proven

ADDRESS = "/api/delivery/views"
NOTHING = {"accepted": 0, "duplicates": 0, "rejected": []}
# The next sequence of each impression, by the id of its first view.
_sequences: defaultdict[Any, Iterator[int]] = defaultdict(itertools.count)


def car(device_id: str = "car-1", **values: Any) -> Device:
    """A device with this ID, whose key is in `new_key`."""
    device, _key = Device.create_with_key(device_id=device_id, **{"fleet": "Taxis", **values})
    return device


def driving(device: Device, **options: Any) -> APIClient:
    """A client that authenticates by the key of this new device."""
    client = APIClient(**options)
    client.credentials(HTTP_AUTHORIZATION=f"Device {device.pk}:{device.new_key}")
    return client


def impression(ad: Ad, at: datetime, country: str = "", city: str = "", postcode: str = "") -> str:
    """The impression that a screen gets with the ad at this local time."""
    here = Opportunity(country, at, city=city, postcode=postcode)
    return prove(impression_of(ad.pk, ad.ad_type_id, here))


def view(ad: Ad, **changes: Any) -> dict[str, Any]:
    """A report of a view of 10 seconds that has just ended, the next of its impression.

    `country`, `city` and `postcode` are those of the impression, which is delivered for the time of the view.
    """
    place = {name: changes.pop(name) for name in ("country", "city", "postcode") if name in changes}
    at = changes.pop("viewed_at", None) or timezone.now()
    moment = at if isinstance(at, datetime) else datetime.fromisoformat(at)
    proof = changes.pop("impression", None) or impression(ad, moment, **place)
    body = {"impression": proof, "viewed_at": moment.isoformat(), "duration_seconds": 10, **changes}
    return body if "sequence" in body else {**body, "sequence": next(_sequences[id_of({**body, "sequence": 0})])}


def report(client: APIClient, *views: Any) -> Any:
    """Report the views together and return the answer."""
    answer = client.post(ADDRESS, list(views))
    assert answer.status_code == 200, answer.content
    return answer.json()


def counters(ad: Ad) -> tuple[int, int, int, list[tuple[int, int]]]:
    """All sums of the ad's views: of the ad, of its campaign (views, seconds), and by day (views, seconds)."""
    totals = CampaignViewTotals.objects.get(campaign=ad.campaign_id)
    days = AdViewDay.objects.filter(ad=ad).order_by("day", "country", "city")
    in_ad = Ad.objects.values_list("ad_view_count", flat=True).get(pk=ad.pk)
    return in_ad, totals.view_count, totals.view_seconds, list(days.values_list("view_count", "view_seconds"))


def reasons(answer: dict[str, Any]) -> dict[int, str]:
    """The reason of each rejected view, by its index."""
    return {one["index"]: one["reason"] for one in answer["rejected"]}


def codes(answer: dict[str, Any]) -> dict[int, str]:
    """The code of each rejected view, by its index."""
    return {one["index"]: one["code"] for one in answer["rejected"]}


def refused(reason: Refusal, **params: object) -> str:
    """The API's sentence about a view that isn't counted."""
    return refusal(Rejection(reason, params))


def id_of(sent: dict[str, Any], device_id: str = "car-1") -> Any:
    """The id under which a reported view is stored; None if its impression is forged."""
    view = proven([_reported(0, sent)], device_id)[0]
    return UUID(view.view_id) if view else None


def count(device: Device, *views: dict[str, Any], now: datetime | None = None) -> CountResult:
    """Count the views as if they had been reported at that time, without HTTP."""
    reported = [_reported(index, sent) for index, sent in enumerate(views)]
    return count_views(reported, device=device, now=now or datetime.now(UTC))


def _reported(index: int, sent: dict[str, Any]) -> ReportedView:
    moment = datetime.fromisoformat(sent["viewed_at"])
    return ReportedView(index, sent["impression"], sent["sequence"], moment, int(sent["duration_seconds"]))
