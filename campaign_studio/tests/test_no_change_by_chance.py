"""Whatever can be stored survives its way to a client or a page and back, and leaves no trace."""

from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from accounts.audit.models import AuditEntry
from accounts.models import User
from accounts.tests.factories import Cast
from accounts.validators import validate_title
from ads.choices import CONTENT_WARNING_CHOICES
from campaign_studio.models.base import one_line
from campaign_studio.tests.bodies import ad_body, advertiser_body, campaign_body, contact_body
from campaign_studio.tests.browser import form_data

pytestmark = [pytest.mark.django_db, pytest.mark.matrix]

by_chance = settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def is_title(text: str) -> bool:
    """Whether it can be the name of a campaign."""
    try:
        validate_title(text)
    except ValidationError:
        return False
    return True


# Separators, quotation marks, line breaks, formulas, markup, letters of every kind.
LETTERS = st.one_of(
    st.sampled_from("\"“”„«»,;'.-=+@<>&{}% \t\n\u00a0\u200b，、\u0308\u202eéßİıאあ🚗"),
    st.characters(exclude_categories=("Cs", "Cc")),
)
names = st.text(LETTERS, min_size=1, max_size=20).filter(lambda text: text.strip() != "")
titles = names.filter(lambda text: is_title(one_line(text)))
texts = st.text(LETTERS, max_size=60)

campaigns = st.fixed_dictionaries(
    {
        "campaign_name": titles,
        "audience_targeting": st.lists(
            st.fixed_dictionaries(
                {
                    "region": st.one_of(names, st.just("Europe")),
                    "country": st.just("US"),
                    "cities": st.lists(names, max_size=4),
                    "postcodes": st.lists(st.sampled_from(["10001", "10002-1234", "10003"]), max_size=3),
                }
            ),
            max_size=1,
        ),
    },
    optional={
        "campaign_max_view_count": st.one_of(st.none(), st.integers(1, 2**31 - 1)),
        "campaign_expiry_date": st.one_of(st.none(), st.just("2099-12-31")),
        "campaign_status": st.sampled_from(["draft", "active", "paused", "inactive"]),
    },
)
slots = st.lists(
    st.integers(0, 23).map(lambda hour: {"time_slot_start": f"{hour:02}:15", "time_slot_end": f"{hour:02}:45"}),
    max_size=4,
    unique_by=lambda slot: slot["time_slot_start"],
)
ads = st.fixed_dictionaries(
    {
        "ad_name": titles,
        "media_type": st.just("text"),
        "media_content": st.one_of(names, st.just("Two\nlines")),
        "time_slots": slots,
    },
    optional={
        "ad_advertiser_forwarding_url": st.sampled_from([None, "https://example.com/?a=[CACHEBUSTER]&b={x}%20|"]),
        "content_rating": st.fixed_dictionaries(
            {
                "warning_required": st.booleans(),
                "no_prohibited_content": st.booleans(),
                "content_warnings": st.lists(
                    st.sampled_from([value for value, _ in CONTENT_WARNING_CHOICES]), unique=True, max_size=3
                ),
            }
        ),
    },
)
advertisers = st.fixed_dictionaries(
    {"advertiser_name": titles},
    optional={
        "address_line_1": texts,
        "city": texts,
        "postal_code": st.sampled_from([None, "SW1A 1AA"]),
        "country": st.sampled_from([None, "GB"]),
        "contacts": st.just([contact_body(contact_phone="+1 415 555 2671"), contact_body(contact_name="Zoë")]),
    },
)
# How each kind is created, and its page.
KINDS: dict[str, tuple[Any, Callable[..., dict[str, Any]], str, str]] = {
    "campaign": (campaigns, campaign_body, "/api/campaigns", "/admin/campaigns/campaign/{}/change/"),
    "ad": (ads, ad_body, "/api/ads", "/admin/ads/ad/{}/change/"),
    "advertiser": (advertisers, advertiser_body, "/api/advertisers", "/admin/advertisers/advertiser/{}/change/"),
}


@contextmanager
def undone() -> Any:
    """Roll back what is stored inside."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.parametrize("kind", KINDS)
@by_chance
@given(data=st.data())
def test_storable_values_survive_a_page_and_a_client(
    kind: str,
    data: st.DataObject,
    cast: Cast,
    client_for: Callable[[User | None], APIClient],
    console_for: Callable[[User | None], Client],
) -> None:
    values, body, address, page = KINDS[kind]
    client, browser = client_for(cast.system_admin), console_for(cast.system_admin)
    with undone():
        if kind == "ad":
            body = with_campaign(body, client)
        made = client.post(address, body(**data.draw(values)))
        event(f"{kind}: {made.status_code}")
        assert made.status_code in (201, 400)
        if made.status_code == 400:
            return
        key = made.json()[f"{kind}_id"]
        before, entries = client.get(f"{address}/{key}"), AuditEntry.objects.count()

        answers = [client.put(f"{address}/{key}", before.json()), client.patch(f"{address}/{key}", before.json())]
        opened = browser.get(page.format(key))
        saved = browser.post(page.format(key), form_data(opened) | {"_save": "Save"})

        assert [answer.status_code for answer in answers] == [200, 200], [answer.content for answer in answers]
        assert saved.status_code == 302, saved.context["errors"]
        after = client.get(f"{address}/{key}")
        assert after.json() == before.json()
        assert after["ETag"] == before["ETag"]
        assert AuditEntry.objects.count() == entries


def with_campaign(body: Callable[..., dict[str, Any]], client: APIClient) -> Callable[..., dict[str, Any]]:
    """The bodies of ads in a new campaign."""
    campaign = client.post("/api/campaigns", campaign_body()).json()["campaign_id"]
    return lambda **changes: body(campaign_id=campaign, **changes)
