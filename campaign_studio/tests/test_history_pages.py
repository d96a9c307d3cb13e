"""The history of an object in the admin console, and the page that shows the object as it was."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.audit.as_of import IN_FUTURE, NOT_A_MOMENT
from accounts.models import User
from accounts.tests.factories import Cast
from ads.tests.factories import AdContentRatingFactory, AdFactory, AdTimeSlotFactory
from advertisers.tests.factories import IBAN, AdvertiserBankAccountFactory, AdvertiserFactory
from campaign_studio.acting import acting_as
from campaign_studio.console.lists import NOT_UNDERSTOOD
from campaigns.tests.factories import AudienceTargetingFactory, CampaignFactory

pytestmark = pytest.mark.django_db

ConsoleFor = Callable[[User | None], Client]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def page_of(row: Any) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_history", args=[row.pk])


def text_of(answer: Any) -> str:
    """The text of the page."""
    assert answer.status_code == 200
    body = answer.content.decode().partition('id="content"')[2] or answer.content.decode()
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))


def refusal(client: Client, row: Any, **query: str) -> str:
    """The error message that an invalid query shows on the full history."""
    answer = client.get(page_of(row), query)
    assert (answer.status_code, answer.headers.get("Location")) == (302, page_of(row))
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


@pytest.fixture
def browser(cast: Cast, console_for: ConsoleFor) -> Client:
    """The browser of a system administrator."""
    return console_for(cast.system_admin)


# --- The history -----------------------------------------------------------------------------------------------------


def test_a_history_is_shown_in_readable_form(browser: Client, cast: Cast) -> None:
    with acting_as(cast.owner):
        campaign = CampaignFactory(campaign_name="Spring", advertiser=AdvertiserFactory(advertiser_name="ACME"))
        target = AudienceTargetingFactory(campaign=campaign)
        target.country = "FR"
        target.save()

    text = text_of(browser.get(page_of(campaign)))

    assert "Campaign “Spring” › Target “France, Europe”" in text
    assert "Country Germany France" in text
    assert "Advertiser – ACME" in text
    assert "Status – Draft" in text


def test_changes_are_in_the_order_of_the_fields(browser: Client) -> None:
    slot: Any = AdTimeSlotFactory()

    (entry,) = [row for row in browser.get(page_of(slot.ad)).context["rows"] if row.kind == "time slot"]

    assert [change.label for change in entry.changes] == ["ad", "from", "until", "days of the week"]


def test_a_changed_list_is_shown_by_what_was_removed_and_added(browser: Client) -> None:
    slot: Any = AdTimeSlotFactory(weekdays=[1, 2, 3])
    made = text_of(browser.get(page_of(slot.ad)))
    slot.weekdays = [2, 3, 6]
    slot.save()
    changed = text_of(browser.get(page_of(slot.ad)))

    assert "Days of the week – Monday, Tuesday, Wednesday" in made
    assert "Days of the week Removed: Monday Added: Saturday" in changed


def test_the_filters_offer_the_users_and_fields_that_occur(browser: Client, cast: Cast) -> None:
    with acting_as(cast.owner):
        ad = AdFactory()
    with acting_as("expire_campaigns"):
        AdTimeSlotFactory(ad=ad)

    form = browser.get(page_of(ad)).context["form"]

    assert form.fields["actor"].choices == [
        ("", "Everyone"),
        (str(cast.owner.pk), "campaign_manager"),
        ("expire_campaigns", "expire_campaigns"),
    ]
    everything, (of_ads, ads), (of_slots, slots) = form.fields["field"].choices
    assert (everything, of_ads, of_slots) == (("", "All fields"), "Ad", "Time slot")
    assert ("ad_name", "Name") in ads
    assert slots == [("weekdays", "Days of the week"), ("time_slot_start", "From"), ("time_slot_end", "Until")]


def test_a_history_can_be_filtered_by_user_and_field(browser: Client, cast: Cast) -> None:
    with acting_as(cast.owner):
        campaign = CampaignFactory(campaign_name="Spring")
    with acting_as(cast.app_admin):
        campaign.campaign_name = "Summer"
        campaign.save()
        campaign.campaign_description = "Warm"
        campaign.save()

    def shown(**query: str) -> list[tuple[str, str]]:
        rows = browser.get(page_of(campaign), query).context["rows"]
        return [(row.entry.actor_name, row.verb) for row in rows]

    manager, admin = str(cast.owner.pk), str(cast.app_admin.pk)
    assert shown(actor=manager) == [("campaign_manager", "created")]
    assert shown(field="campaign_name") == [("app_admin", "changed"), ("campaign_manager", "created")]
    assert shown(field="campaign_description", actor=admin) == [("app_admin", "changed")]
    assert shown(field="campaign_description", actor=manager) == []
    nothing = browser.get(page_of(campaign), {"field": "campaign_description", "actor": manager})
    assert "No entries match these filters." in text_of(nothing)


def test_the_next_page_keeps_the_filter(browser: Client, cast: Cast) -> None:
    campaign = CampaignFactory()
    for number in range(51):
        campaign.campaign_name = f"Name {number}"
        campaign.save()

    first = browser.get(page_of(campaign), {"field": "campaign_name"})
    second = browser.get(page_of(campaign), {"field": "campaign_name", "p": "2"})

    assert "?field=campaign_name&amp;p=2" in first.content.decode()
    assert (len(first.context["rows"]), len(second.context["rows"])) == (50, 2)


@pytest.mark.parametrize("query", [{"actor": "nobody"}, {"field": "password"}, {"actor": "'"}], ids=str)
def test_an_invalid_filter_leads_to_the_full_history_with_a_message(query: dict[str, str], browser: Client) -> None:
    assert refusal(browser, CampaignFactory(), **query) == str(NOT_UNDERSTOOD)


def test_a_field_of_hidden_parts_is_not_offered(cast: Cast, console_for: ConsoleFor) -> None:
    account = AdvertiserBankAccountFactory(advertiser__contact=True, bank_account_iban=IBAN)

    def kinds(user: User) -> list[str]:
        choices = console_for(user).get(page_of(account.advertiser)).context["form"].fields["field"].choices
        return [str(kind) for kind, _ in choices[1:]]

    assert kinds(cast.campaign_manager) == ["Advertiser", "Bank account", "Contact"]
    assert kinds(cast.content_moderator) == ["Advertiser", "Contact"]


def test_users_have_a_history_but_can_not_be_shown_as_they_were(browser: Client, cast: Cast) -> None:
    answer = browser.get(page_of(cast.guest), {"as_of": "2026-03-01"})

    assert "History: guest" in text_of(answer)
    assert 'name="as_of"' not in answer.content.decode()


# --- Earlier states --------------------------------------------------------------------------------------------------


def test_an_object_is_shown_as_it_was_with_its_parts(browser: Client, cast: Cast) -> None:
    with time_machine.travel(NOON, tick=False), acting_as(cast.owner):
        campaign = CampaignFactory(campaign_name="Spring", advertiser=AdvertiserFactory(advertiser_name="ACME"))
        AudienceTargetingFactory(campaign=campaign, cities=["Berlin"])
        AdFactory(campaign=campaign, ad_name="Coffee")
    with time_machine.travel(NOON + timedelta(hours=2), tick=False), acting_as(cast.app_admin):
        campaign.campaign_name = "Summer"
        campaign.save()
        campaign.audience_targeting.get().delete()
        campaign.ads.get().delete()

    text = text_of(browser.get(page_of(campaign), {"as_of": "2026-03-01T13:00"}))

    assert "Campaign “Spring” as of 1 Mar 2026, 13:00:00 UTC" in text
    assert "Advertiser ACME" in text
    assert "Last changed by campaign_manager on 1 Mar 2026, 12:00:00 UTC" in text
    assert "Germany, Europe Region Europe Country Germany Cities Berlin" in text
    assert "Coffee" in text
    assert "Summer" not in text.partition("as of")[2]
    later = text_of(browser.get(page_of(campaign), {"as_of": "2026-03-02"}))
    assert "Campaign “Summer” as of 1" not in later
    assert "Targets None Ads None" in later


def test_an_ad_is_shown_with_the_rating_and_time_slots_it_had(browser: Client) -> None:
    with time_machine.travel(NOON, tick=False):
        ad = AdFactory()
        AdTimeSlotFactory(ad=ad)
        unrated = AdFactory()
    with time_machine.travel(NOON + timedelta(hours=2), tick=False):
        AdContentRatingFactory(ad=ad)

    before, after = (text_of(browser.get(page_of(ad), {"as_of": day})) for day in ("2026-03-01T13:00", "2026-03-02"))

    assert "Time slots 07:00–09:00 From 07:00 Until 09:00" in before
    assert "Content ratings None" in before
    assert "Content ratings MPAA G Warning required yes" in after
    assert "Content ratings None" in text_of(browser.get(page_of(unrated), {"as_of": "2026-03-02"}))


def test_bank_numbers_are_masked_and_hidden_from_moderators(cast: Cast, console_for: ConsoleFor) -> None:
    with time_machine.travel(NOON, tick=False):
        account = AdvertiserBankAccountFactory(advertiser__contact=True, bank_account_iban=IBAN, bank_name="Gold")

    def shown(user: User) -> str:
        return text_of(console_for(user).get(page_of(account.advertiser), {"as_of": "2026-03-01"}))

    assert "IBAN ••••3000" in shown(cast.campaign_manager)
    assert IBAN not in shown(cast.system_admin)
    assert not re.search("Bank|Gold|3000", shown(cast.content_moderator))


@pytest.mark.parametrize(
    ("as_of", "message"),
    [("yesterday", NOT_A_MOMENT), ("2999-01-01", IN_FUTURE), ("1999-01-01", "1 Mar 2026, 12:00:00 UTC")],
)
def test_an_unusable_time_leads_to_the_full_history_with_the_reason(as_of: str, message: str, browser: Client) -> None:
    with time_machine.travel(NOON, tick=False):
        campaign = CampaignFactory()

    assert str(message) in refusal(browser, campaign, as_of=as_of)


def test_the_history_and_the_page_for_an_earlier_time_link_to_each_other(browser: Client) -> None:
    campaign = CampaignFactory()

    there = browser.get(page_of(campaign)).content.decode()
    past = browser.get(page_of(campaign), {"as_of": f"{datetime.now(UTC):%Y-%m-%d}"}).content.decode()

    assert re.search(r'<input type="datetime-local" name="as_of"', there)
    assert 'href="?">Back to history' in past


def test_the_number_of_queries_does_not_depend_on_the_number_of_parts(browser: Client) -> None:
    campaign = CampaignFactory()
    AudienceTargetingFactory(campaign=campaign)
    AdFactory(campaign=campaign)

    def cost() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert browser.get(page_of(campaign), {"as_of": datetime.now(UTC).isoformat()}).status_code == 200
        return len(seen)

    cost()
    for_one = cost()
    for number in range(4):
        AudienceTargetingFactory(campaign=campaign, region=f"Region {number}")
        AdFactory(campaign=campaign)

    assert cost() == for_one
