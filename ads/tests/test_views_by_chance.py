"""No set of reports without valid proofs from active devices changes any sum."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as project
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from accounts.choices import RoleName
from accounts.tests.factories import Cast
from ads.delivery import proofs
from ads.models import Ad, AdView, AdViewDay, CampaignViewTotals, Device, ViewReceipt
from ads.tests.factories import AdFactory
from ads.tests.screens import ADDRESS, car, driving, impression
from campaign_studio.tests.bodies import bearing, tokens_of

pytestmark = pytest.mark.django_db

by_chance = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
SEQUENCES = st.integers(0, 20)
SECONDS = st.sampled_from([0, 1, 10, 10.5, 900])
MINUTES = st.integers(-10, 1)


@dataclass
class Attack:
    """Everybody who may try, and two ads with impressions of now in two places."""

    ads: list[Ad]
    active: APIClient
    strangers: dict[str, APIClient]
    valid: list[str]

    def proof(self, tamper: str, index: int, flip: int, other: int) -> str:
        """A text that is no valid proof, made from a valid one."""
        proof = self.valid[index % len(self.valid)]
        content = bytearray(urlsafe_b64decode(proof + "=" * (-len(proof) % 4)))
        body, key = content[: -proofs.SEAL_BYTES], proofs.Key.of("an-unlisted-key-" * 3)
        if tamper == "byte":
            content[flip % len(content)] ^= 1 + flip % 255
        elif tamper == "unlisted key":
            content = body + key.seal(bytes(body))
        elif tamper == "unlisted key and its number":
            body[1:5] = key.number.to_bytes(4, "big")
            content = body + key.seal(bytes(body))
        elif tamper == "version":
            body[0] = 2 + flip % 254
            content = body + proofs.Key.of(project.DELIVERY_KEYS[0]).seal(bytes(body))
        elif tamper == "place":
            content = content.replace(b"Berlin", b"Munich").replace(b"Paris", b"Lille")
        elif tamper == "seal of another":
            another = self.valid[(index + 1 + other % (len(self.valid) - 1)) % len(self.valid)]
            content[-proofs.SEAL_BYTES :] = urlsafe_b64decode(another + "=" * (-len(another) % 4))[-proofs.SEAL_BYTES :]
        elif tamper == "cut":
            content = content[: flip % len(content)]
        elif tamper == "ad":
            content[5:21] = bytes(16)
        return urlsafe_b64encode(bytes(content)).rstrip(b"=").decode() + ("=" if tamper == "padding" else "")


TAMPERS = st.sampled_from(
    [
        *("byte", "unlisted key", "unlisted key and its number", "version", "place", "seal of another", "cut", "ad"),
        "padding",
    ]
)
FORGERIES = st.tuples(TAMPERS, st.integers(0, 3), st.integers(0, 10_000), st.integers(0, 100)) | st.text(max_size=120)
STRANGERS = st.sampled_from(
    ["anonymous", "inactive", "wrong key", "another's key", *[role.value for role in RoleName], "inactive user"]
)
# Whoever it is, the views have valid proofs. The active device has forged ones only.
REPORTS = st.lists(
    st.tuples(STRANGERS, st.lists(st.tuples(st.integers(0, 3), SEQUENCES, SECONDS, MINUTES), min_size=1, max_size=4))
    | st.tuples(st.just("active"), st.lists(st.tuples(FORGERIES, SEQUENCES, SECONDS, MINUTES), min_size=1, max_size=6)),
    min_size=1,
    max_size=4,
)


@pytest.fixture
def attack(cast: Cast) -> Attack:
    now = timezone.now()
    ads = AdFactory.create_batch(2)
    places: list[dict[str, str]] = [{"country": "DE", "city": "Berlin"}, {"country": "FR", "city": "Paris"}]
    sleeping, first, second = car("sleeping"), car("first"), car("second")
    strangers = {"anonymous": APIClient(), "inactive": driving(sleeping)}
    Device.objects.filter(pk=sleeping.pk).update(is_active=False)
    for user in cast:
        strangers.setdefault(str(user.role_id), bearing(tokens_of(user)["access_token"]))
    strangers["inactive user"] = bearing(tokens_of(cast.other_app_admin)["access_token"])
    type(cast.other_app_admin).objects.filter(pk=cast.other_app_admin.pk).update(is_active=False)
    for name, key in (("wrong key", "x" * 43), ("another's key", second.new_key)):
        strangers[name] = APIClient()
        strangers[name].credentials(HTTP_AUTHORIZATION=f"Device {first.pk}:{key}")
    valid = [impression(ad, now, **place) for ad in ads for place in places]
    return Attack(ads, driving(car("active")), strangers, valid)


def sums() -> list[Any]:
    return [
        list(AdView.objects.order_by("view_id").values()),
        list(AdViewDay.objects.order_by("pk").values()),
        list(CampaignViewTotals.objects.order_by("pk").values()),
        list(ViewReceipt.objects.order_by("pk").values()),
        list(Ad.objects.order_by("pk").values_list("pk", "ad_view_count", "version")),
    ]


@by_chance
@given(reports=REPORTS)
def test_no_reports_without_valid_proofs_from_active_devices_change_any_sum(reports: Any, attack: Attack) -> None:
    assert_nothing_counts(reports, attack)


@pytest.mark.matrix
@settings(by_chance, max_examples=300)
@given(reports=REPORTS)
def test_a_long_time_of_such_reports_changes_nothing_either(reports: Any, attack: Attack) -> None:
    assert_nothing_counts(reports, attack)


def assert_nothing_counts(reports: Any, attack: Attack) -> None:
    before = sums()

    for who, views in reports:
        client = attack.active if who == "active" else attack.strangers[who]
        sent = [
            {
                "impression": _text(attack, what),
                "sequence": sequence,
                "viewed_at": (timezone.now() + timedelta(minutes=minutes)).isoformat(),
                "duration_seconds": seconds,
            }
            for what, sequence, seconds, minutes in views
        ]
        answer = client.post(ADDRESS, sent)
        if who == "active":
            assert answer.json()["accepted"] == answer.json()["duplicates"] == 0
            assert {one["code"] for one in answer.json()["rejected"]} == {"forged"}
        else:
            assert answer.status_code in (401, 403), who

    assert sums() == before


def _text(attack: Attack, what: Any) -> str:
    if isinstance(what, str):
        return what
    return attack.valid[what] if isinstance(what, int) else attack.proof(*what)


def test_control_the_same_views_count_from_an_active_device(attack: Attack) -> None:
    sent = [
        {
            "impression": proof,
            "sequence": 0,
            "viewed_at": timezone.now().isoformat(),
            "duration_seconds": 10,
        }
        for proof in attack.valid
    ]

    assert attack.active.post(ADDRESS, sent).json()["accepted"] == 4
