"""`?dry_run=true`: every write can be tried, is answered as it would be, and leaves the database byte for byte."""

import json
import re
from functools import cache
from typing import Any

import pytest
from django.core import mail
from django.db import connection, transaction
from django.test import TestCase
from django.urls import resolve
from rest_framework.test import APIClient

from accounts.choices import RoleName
from accounts.models import User
from accounts.tests.factories import Cast, UserFactory
from ads.models import Ad
from ads.tests.factories import AdFactory
from campaign_studio.tests import bodies
from campaign_studio.tests.attackers import client_of, send
from campaign_studio.tests.scenes import scene
from campaign_studio.tests.test_permission_table import LINES, body_for
from campaigns.models import Campaign
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z")
# Refusals are in the log of security events, dry or not.
LOGS = {"security_events", "audit_entries_to_seal"}
# Thousands of rows that a package brings.
GAZETTEER = ("gazetteer_cities", "gazetteer_names")
WRITES = [line for line in LINES if line[0] != "GET"]
ROLES = ["system_admin", "campaign_manager", "user"]


def can_be_dry(method: str, address: str) -> bool:
    """Whether the view of this URL takes `dry_run`."""
    match = resolve(re.sub(r"\{\w+\}", "00000000-0000-4000-8000-000000000000", address))
    view: Any = match.func
    shown = view.view_class if hasattr(view, "view_class") else view.cls
    action = getattr(view, "actions", {}).get(method.lower())
    made = shown(**getattr(view, "initkwargs", {}))
    made.action = action
    return bool(made.atomic and not made.no_store)


@cache
def _whole_database() -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_stat_user_tables WHERE relname != ALL(%s) ORDER BY relname", [list(GAZETTEER)]
        )
        names = [name for (name,) in cursor.fetchall()]
    return " UNION ALL ".join(
        f"SELECT '{name}', md5(coalesce(string_agg(one::text, E'\\n' ORDER BY one::text), '')) FROM {name} one"  # noqa: S608 - our names
        for name in names
    )


def whole_database() -> dict[str, str]:
    """A hash of the rows of each table."""
    with connection.cursor() as cursor:
        cursor.execute(_whole_database())
        return dict(cursor.fetchall())


def lasting(text: str, known: set[str]) -> str:
    """An answer without what differs each time: new keys, and the time."""
    text = UUID.sub(lambda key: key[0] if key[0] in known else "*", text)
    return MOMENT.sub("now", re.sub(r'"version": \d+', "", text))


@pytest.mark.matrix
@pytest.mark.parametrize("line", WRITES, ids=lambda line: " ".join(line[:3]))
def test_a_dry_run_is_answered_like_the_write_and_leaves_the_database_as_it_was(cast: Cast, line: list[str]) -> None:
    method, address, whose = line[:3]
    for role in ROLES:
        with transaction.atomic():
            try_line(cast, method, address, whose, role)
            transaction.set_rollback(True)


def try_line(cast: Cast, method: str, address: str, whose: str, role: str) -> None:
    actor = cast.in_role(role)
    keys = scene(actor if whose == "own" else cast.colleague)
    target = cast.other_system_admin if whose == "system_admin" else UserFactory(role=RoleName.GUEST)
    keys["user_id"] = actor.pk if whose == "own" else target.pk
    keys["session_id"] = bodies.session_of(actor if whose == "own" else target).pk
    keys["uid"], keys["token"] = bodies.reset_of(target)
    keys["email_token"] = bodies.confirmation_of(target)[1]
    tokens = bodies.tokens_of(actor)
    client = bodies.bearing(tokens["access_token"])
    body = body_for(method, address, keys, tokens)
    if not isinstance(body, bodies.Form):
        body = bodies.Form(b"" if body is None else json.dumps(body).encode(), "application/json")
    url = address.format(**keys)
    # What the token's first use writes, such as when its session was last seen, is no part of the write.
    send(client, "GET", "/api/auth/me")
    before, mails = whole_database(), len(mail.outbox)

    with TestCase.captureOnCommitCallbacks() as callbacks:
        dry = bodies.send_bytes(client, method, f"{url}?dry_run=true", *body)

    after = whole_database()
    changed = {name for name in before if before[name] != after[name]}
    if not can_be_dry(method, address):
        assert dry.status_code in (400, 401, 403), (role, dry.status_code)
        assert "Dry-Run" not in dry
        return
    assert changed <= (LOGS if dry.status_code >= 400 else set()), (role, dry.status_code, changed)
    assert dry["Dry-Run"] == "true"
    assert callbacks == [] or dry.status_code >= 400
    assert len(mail.outbox) == mails

    real = bodies.send_bytes(client, method, url, *body)
    known = {str(key) for key in keys.values()} | {str(actor.pk)}
    assert dry.status_code == real.status_code, (role, dry.content, real.content)
    assert lasting(dry.content.decode(), known) == lasting(real.content.decode(), known), role
    assert set(dry.headers) - {"Dry-Run"} == set(real.headers), role
    assert "Dry-Run" not in real
    assert ("Location" in real) is (real.status_code == 201), role


def test_a_dry_run_keeps_no_idempotency_key(cast: Cast) -> None:
    client, body = client_of(cast, "app_admin"), bodies.campaign_body()
    key = {"Idempotency-Key": "one"}

    first = send(client, "POST", "/api/campaigns?dry_run=true", body, **key)
    again = send(client, "POST", "/api/campaigns?dry_run=true", body, **key)
    kept = send(client, "POST", "/api/campaigns", body, **key)
    replayed = send(client, "POST", "/api/campaigns", body, **key)

    assert [answer.status_code for answer in (first, again, kept, replayed)] == [201] * 4
    assert [answer.get("Idempotency-Replayed") for answer in (first, again, kept, replayed)] == [None] * 3 + ["true"]
    assert replayed["Location"] == kept["Location"] == f"/api/campaigns/{Campaign.objects.get().pk}"


@pytest.mark.django_db(transaction=True)
def test_a_dry_run_makes_the_checks_of_commit(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """A foreign key is checked at COMMIT: what the models' checks overlook is refused all the same."""
    campaign = CampaignFactory(campaign_created_by=cast.campaign_manager)
    client = client_of(cast, "campaign_manager")
    nobody = "00000000-0000-4000-8000-000000000000"
    real_save = Ad.save

    def save(ad: Ad, **kwargs: Any) -> None:
        ad.ad_created_by_id = nobody
        real_save(ad, **kwargs)

    monkeypatch.setattr(Ad, "save", save)
    body = bodies.ad_body(campaign_id=str(campaign.pk))
    answers = [send(client, "POST", f"/api/ads{query}", body) for query in ("", "?dry_run=true")]

    assert [answer.status_code for answer in answers] == [400, 400]
    assert answers[0].content == answers[1].content
    assert answers[1]["Dry-Run"] == "true"


@pytest.mark.parametrize(
    ("query", "code"),
    [("dry_run=1", 400), ("dry_run=", 400), ("dry_run=true&dry_run=true", 400), ("dry_run=false", 200)],
)
def test_dry_run_is_true_or_false(cast: Cast, query: str, code: int) -> None:
    ad = AdFactory(campaign__campaign_created_by=cast.campaign_manager)

    answer = send(client_of(cast, "campaign_manager"), "PATCH", f"/api/ads/{ad.pk}?{query}", {"ad_name": "Changed"})

    assert answer.status_code == code
    assert ("Dry-Run" in answer) is (query.count("true") == 2)
    assert code == 200 or list(answer.json()) == ["dry_run"]


def test_what_can_not_be_taken_back_can_not_be_tried(cast: Cast) -> None:
    keys = scene(cast.colleague)
    client: APIClient = client_of(cast, "app_admin")
    reveal = f"/api/advertisers/{keys['advertiser_id']}/bank-accounts/{keys['bank_id']}/reveal"
    person: User = UserFactory()
    login = {"username": person.username, "password": "x"}

    for method, url, body in (
        ("POST", reveal, None),
        ("POST", "/api/auth/login", login),
        ("GET", f"/api/ads/{keys['ad_id']}", None),
    ):
        answer = send(client, method, f"{url}?dry_run=true", body)
        assert (answer.status_code, list(answer.json())) == (400, ["dry_run"]), url


def test_a_refused_dry_run_says_so_in_the_same_words(cast: Cast) -> None:
    client = client_of(cast, "campaign_manager")
    body = json.loads(json.dumps(bodies.campaign_body(campaign_end_date="2000-01-01")))

    dry, real = (send(client, "POST", f"/api/campaigns{query}", body) for query in ("?dry_run=true", ""))

    assert (dry.status_code, dry.content) == (400, real.content)
    assert dry["Dry-Run"] == "true"
