"""`/api/meta`: everything that forms need, as the rules have it, and `permissions` in `/api/auth/me`."""

from collections.abc import Callable
from typing import Any

import pytest
import rules
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import get_language, gettext, override
from rest_framework.test import APIClient

from accounts.choices import RoleName
from accounts.models import User
from accounts.tests.factories import Cast
from ads import media
from ads.api import meta
from ads.choices import ALL_CONTENT_WARNINGS, RATING_LABELS, AdType, MediaType
from ads.tests.test_media import ACCEPTS
from advertisers.models import Advertiser, AdvertiserBankAccount, AdvertiserContact
from campaign_studio.tests.bodies import bearing, tokens_of
from campaigns.choices import Status
from campaigns.lifecycle import TRANSITIONS

pytestmark = pytest.mark.django_db
ClientFor = Callable[[User | None], APIClient]


@pytest.fixture
def told(cast: Cast, client_for: ClientFor) -> dict[str, Any]:
    """The answer to a guest."""
    found: dict[str, Any] = client_for(cast.guest).get("/api/meta").json()
    return found


def values(choices: list[dict[str, Any]]) -> list[Any]:
    return [choice["value"] for choice in choices]


def test_it_says_what_goes_with_what(told: dict[str, Any]) -> None:
    assert {status["value"]: status["next"] for status in told["statuses"]} == {
        str(status): [one.value for one in allowed] for status, allowed in TRANSITIONS.items()
    }
    assert [one["value"] for one in told["statuses"] if not one["is_initial"]] == ["expired"]
    assert {one["value"]: set(one["media_types"]) for one in told["positions"]} == {
        position: {kind for kind in MediaType.values if kind in ACCEPTS[position]} for position in AdType.values
    }
    top = next(one for one in told["positions"] if one["value"] == "top_bar_ad")
    assert (top["largest_width"], top["largest_height"]) == tuple(media.LARGEST[AdType.TOP_BAR])
    uploaded = {one["value"]: one["largest_bytes"] for one in told["media_types"] if one["largest_bytes"]}
    assert uploaded == media.MOST_BYTES
    assert {one["value"]: one["needs"] for one in told["media_types"]}["news_rss"] == "media_url"
    assert {one["value"]: tuple(values(one["labels"])) for one in told["rating_systems"]} == RATING_LABELS
    assert [warning for group in told["content_warnings"] for warning in values(group["warnings"])] == (
        ALL_CONTENT_WARNINGS
    )
    germany = next(one for one in told["countries"] if one["value"] == "DE")
    assert germany == {"value": "DE", "label": "Germany", "continent": "Europe", "postcode_example": "26133"}


@pytest.mark.parametrize(
    ("model", "field", "name"),
    [
        (Advertiser, "advertiser_type", "advertiser_types"),
        (Advertiser, "country", "countries"),
        (AdvertiserContact, "contact_type", "contact_types"),
        (AdvertiserBankAccount, "bank_account_currency", "currencies"),
        (User, "role", "roles"),
    ],
)
def test_the_values_are_those_that_fields_take(told: dict[str, Any], model: Any, field: str, name: str) -> None:
    expected = RoleName.choices if field == "role" else model._meta.get_field(field).flatchoices

    assert [(one["value"], one["label"]) for one in told[name]] == [(value, str(label)) for value, label in expected]


def test_time_zones_are_those_that_an_advertiser_can_have(told: dict[str, Any]) -> None:
    assert told["timezones"] == [value for value, _label in Advertiser._meta.get_field("timezone").flatchoices]


def test_labels_are_in_the_language_of_the_request(
    cast: Cast, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made once for each language, and never mixed up."""
    made: list[str | None] = []
    describe = meta._described

    def watched() -> dict[str, Any]:
        made.append(get_language())
        return describe()

    monkeypatch.setattr(meta, "_described", watched)
    meta._meta.cache_clear()
    with override("en"):
        labels = [gettext(str(label)) for label in Status.labels]

    client = client_for(cast.user)
    answers = [client.get("/api/meta", headers={"Accept-Language": language}) for language in ("en", "en-GB", "en")]

    assert [one["label"] for one in answers[0].json()["statuses"]] == labels
    assert answers[0].content == answers[2].content
    assert len(made) == len(set(made)) == len({answer["Content-Language"] for answer in answers})


def test_it_takes_no_query_and_is_not_sent_again(cast: Cast) -> None:
    client = bearing(tokens_of(cast.guest)["access_token"])
    first = client.get("/api/meta")

    with CaptureQueriesContext(connection) as seen:
        again = client.get("/api/meta", headers={"If-None-Match": first["ETag"]})

    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    # That of the session.
    assert len(seen) == 1
    assert client.get("/api/meta?page=1").status_code == 400
    assert APIClient().get("/api/meta").status_code == 401


@pytest.mark.parametrize("role", RoleName.values)
def test_a_user_is_told_their_permissions(cast: Cast, role: str) -> None:
    user = cast.in_role(role)
    client = bearing(tokens_of(user)["access_token"])

    told = client.get("/api/auth/me").json()["permissions"]

    assert told == sorted(told)
    # `app` alone is only about the console.
    assert set(told) == {name for name in rules.permissions.permissions if "." in name and rules.has_perm(name, user)}
    assert ("campaigns.add_campaign" in told) is (role in ("system_admin", "app_admin", "campaign_manager"))
    assert "ads.report_views" not in told
    kept = client.patch("/api/auth/me", {"permissions": ["accounts.delete_user"]})
    assert (kept.status_code, kept.json()["permissions"]) == (200, told)
