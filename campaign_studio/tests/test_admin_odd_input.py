"""Unexpected input in the admin console: no query string, key or search term may break a page."""

from collections.abc import Callable
from urllib.parse import quote

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import Cast
from ads.tests.factories import AdTimeSlotFactory
from campaign_studio.tests.browser import messages_of
from campaigns.models import Campaign
from campaigns.tests.factories import CampaignFactory

pytestmark = [pytest.mark.django_db, pytest.mark.matrix]

ConsoleFor = Callable[[User | None], Client]
LISTS = [
    "admin:campaigns_campaign_changelist",
    "admin:ads_ad_changelist",
    "admin:advertisers_advertiser_changelist",
    "admin:ads_device_changelist",
    "admin:accounts_user_changelist",
    "admin:accounts_role_changelist",
    "admin:accounts_auditentry_changelist",
]

HOSTILE = [
    "?campaign_status__regex=(((",
    "?created_at__year=99999999",
    "?campaign_start_date__year=99999999",
    f"?campaign_start_date__year={10**40}",
    "?campaign_start_date__year=2026&campaign_start_date__month=77",
    "?timestamp__year=0",
    "?timestamp_to=9999-12-31",
    "?created_at_to=9999-12-31",
    "?password__startswith=m",
    "?campaign_created_by__password__startswith=m",
    "?campaign_start_date_from=no-day",
    "?advertiser__advertiser_id__exact=no-uuid",
    "?campaign__campaign_id__exact=no-uuid",
    "?country=ZZ",
    "?is_active__exact=perhaps",
    "?key_hash__startswith=0",
    "?kind=99999999999999999999999",
    "?action=x",
    "?p=99999999999999999999",
    "?p=-1",
    "?p=x",
    "?o=99.-77.x",
    "?all=",
    "?e=1",
    "?_to_field=password",
    "?_popup=1&_to_field=nope",
    "?_facets=True",
    "?nope=1",
    "?q=" + "+".join("abcdefghijk"),
    "?q=%25_%5C",
    "?q=" + quote("'\"") + "&o=1",
]


@pytest.mark.parametrize("page", LISTS)
def test_no_query_string_breaks_a_list(page: str, cast: Cast, console_for: ConsoleFor) -> None:
    AdTimeSlotFactory()
    client = console_for(cast.system_admin)
    client.raise_request_exception = False

    answers = {query: client.get(reverse(page) + query) for query in HOSTILE}
    # Most queries redirect to the plain list, which is then requested once.
    led_to = {answer["Location"] for answer in answers.values() if answer.status_code == 302}
    ends = {address: client.get(address).status_code for address in led_to | {reverse(page)}}

    assert {
        query: answer.status_code for query, answer in answers.items() if answer.status_code not in (200, 302)
    } == {}
    assert set(ends.values()) == {200}, ends


@pytest.mark.parametrize(
    ("page", "query"),
    [
        ("admin:campaigns_campaign_changelist", "?campaign_status__regex=((("),
        ("admin:campaigns_campaign_changelist", "?campaign_start_date__year=99999999"),
        ("admin:campaigns_campaign_changelist", "?campaign_start_date_from=no-day"),
        ("admin:campaigns_campaign_changelist", "?country=ZZ"),
        ("admin:campaigns_campaign_changelist", "?q=" + "+".join("abcdefghijk")),
        ("admin:accounts_user_changelist", "?password__startswith=m"),
    ],
)
def test_an_invalid_query_shows_the_whole_list_and_a_message(
    page: str, query: str, cast: Cast, console_for: ConsoleFor
) -> None:
    answer = console_for(cast.system_admin).get(reverse(page) + query, follow=True)

    assert answer.redirect_chain == [(reverse(page), 302)]
    assert len(messages_of(answer)) == 1


@pytest.mark.parametrize("key", ["no-uuid", "00000000-0000-0000-0000-000000000000", "_3D", "1" * 400])
@pytest.mark.parametrize("view", ["change", "delete", "history"])
@pytest.mark.parametrize(
    "model", ["campaigns_campaign", "ads_ad", "ads_device", "advertisers_advertiser", "accounts_user"]
)
def test_a_missing_object_is_reported(model: str, view: str, key: str, cast: Cast, console_for: ConsoleFor) -> None:
    answer = console_for(cast.system_admin).get(reverse(f"admin:{model}_{view}", args=[key]), follow=True)

    assert answer.status_code == 200
    assert "exist" in messages_of(answer)[0]


@pytest.mark.parametrize("query", ["s=a&page=x", "s=a&page=0", "s=a&page=99", "s=", "s=" + "+".join("abcdefghijk")])
def test_no_search_breaks_the_search_box(query: str, cast: Cast, console_for: ConsoleFor) -> None:
    answer = console_for(cast.campaign_manager).get(f"{reverse('admin:search')}?{query}&extended=1")

    assert answer.status_code in (200, 404)


@pytest.mark.parametrize("query", [{"term": " ".join("abcdefghijk")}, {"term": "'"}, {"term": "%_\\"}])
def test_no_term_breaks_autocomplete(query: dict[str, str], cast: Cast, console_for: ConsoleFor) -> None:
    field = {"app_label": "ads", "model_name": "ad", "field_name": "campaign"}
    answer = console_for(cast.campaign_manager).get(reverse("admin:autocomplete"), field | query)

    assert answer.json()["results"] == []


@pytest.mark.parametrize(
    "page", ["admin:campaigns_campaign_add", "admin:ads_ad_add", "admin:advertisers_advertiser_add"]
)
def test_invalid_initial_values_are_ignored(page: str, cast: Cast, console_for: ConsoleFor) -> None:
    odd = "?campaign=no-uuid&advertiser=no-uuid&campaign_start_date=never&nope=1&ads=1&campaign_max_view_count=1e999"

    assert console_for(cast.campaign_manager).get(reverse(page) + odd).status_code == 200


@pytest.mark.parametrize("key", ["no-uuid", "\x00", "9" * 50])
def test_an_action_on_invalid_keys_changes_nothing(key: str, cast: Cast, console_for: ConsoleFor) -> None:
    CampaignFactory()
    chosen = {"action": "delete_selected", "_selected_action": key, "post": "yes"}
    answer = console_for(cast.system_admin).post(reverse("admin:campaigns_campaign_changelist"), chosen, follow=True)

    assert answer.status_code == 200
    assert Campaign.objects.count() == 1
