"""A refused date, time or number is refused for what is wrong with it, in the API and the console."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import Cast
from ads.tests.factories import AdFactory
from campaign_studio.places import timezone_choices
from campaign_studio.tests.bodies import advertiser_body, campaign_body, send_bytes
from campaign_studio.tests.browser import errors_of, form_data
from campaigns.models import Campaign
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db

ClientFor = Callable[[User | None], APIClient]
ConsoleFor = Callable[[User | None], Client]
ADD_CAMPAIGN = "/admin/campaigns/campaign/add/"
ADD_ADVERTISER = "/admin/advertisers/advertiser/add/"


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ("2027-02-29", "“2027-02-29” doesn't exist: February 2027 has 28 days."),
        ("2027-04-31T10:00", "“2027-04-31T10:00” doesn't exist: April 2027 has 30 days."),
        (
            "2027-13-01",
            "“2027-13-01” has no month from 01 to 12. Send the year, the month and the day, as in 2027-01-31.",
        ),
        (
            "2027-01-05T00:00:00.000Z",
            "“2027-01-05T00:00:00.000Z” has a time of day. Send the date alone, such as 2027-01-31.",
        ),
        ("5.1.2027", "“5.1.2027” is not in the form YYYY-MM-DD. Send 2027-01-05."),
        ("31/01/2027", "“31/01/2027” is not in the form YYYY-MM-DD. Send 2027-01-31."),
        # Either the first of February or the second of January.
        ("01/02/2027", "“01/02/2027” is not a date in the form YYYY-MM-DD, such as 2027-01-31."),
        ("0000-01-01", "“0000-01-01” is not a date in the form YYYY-MM-DD, such as 2027-01-31."),
        (20270105, "“20270105” is not a date in the form YYYY-MM-DD, such as 2027-01-31."),
        ("x" * 9999, f"“{'x' * 59}…” is not a date in the form YYYY-MM-DD, such as 2027-01-31."),
        ("", "This field is required."),
    ],
)
def test_a_refused_date_is_told_what_is_wrong(sent: object, message: str, cast: Cast, client_for: ClientFor) -> None:
    answer = client_for(cast.owner).post("/api/campaigns", campaign_body(campaign_start_date=sent))

    assert answer.status_code == 400
    assert answer.json() == {"campaign_start_date": [message]}


@pytest.mark.parametrize(
    ("verb", "field"),
    [
        ("shift", "campaign_start_date"),
        ("duplicate", "campaign_start_date"),
        ("duplicate", "campaign_end_date"),
    ],
)
def test_a_refused_date_in_an_action_is_told_what_is_wrong(
    verb: str, field: str, cast: Cast, client_for: ClientFor
) -> None:
    campaign = CampaignFactory(campaign_created_by=cast.owner)
    answer = client_for(cast.owner).post(f"/api/campaigns/{campaign.pk}/{verb}", {field: "2027-02-29"})

    assert answer.status_code == 400
    assert answer.json() == {field: ["“2027-02-29” doesn't exist: February 2027 has 28 days."]}


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("running_on=2027-02-29", "“2027-02-29” doesn't exist: February 2027 has 28 days."),
        ("running_on=31.01.2027", "“31.01.2027” is not in the form YYYY-MM-DD. Send 2027-01-31."),
        # In the language of the request it would be a date.
        ("campaign_start_date_after=31/01/2027", "“31/01/2027” is not in the form YYYY-MM-DD. Send 2027-01-31."),
        ("campaign_end_date_before=100%25", "“100%” is not a date in the form YYYY-MM-DD, such as 2027-01-31."),
    ],
)
def test_a_refused_date_in_a_filter_is_told_what_is_wrong(
    query: str, message: str, cast: Cast, client_for: ClientFor
) -> None:
    answer = client_for(cast.owner).get(f"/api/campaigns?{query}")

    assert answer.status_code == 400
    assert answer.json() == {query.partition("=")[0]: [message]}


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ("2027-02-29T10:00:00Z", "“2027-02-29T10:00:00Z” doesn't exist: February 2027 has 28 days."),
        (
            "2027-02-28T25:00:00Z",
            "“2027-02-28T25:00:00Z” is not a date and time in ISO 8601, such as 2027-01-31T08:15:00Z.",
        ),
        ("yesterday", "“yesterday” is not a date and time in ISO 8601, such as 2027-01-31T08:15:00Z."),
    ],
)
def test_a_refused_moment_in_a_filter_is_told_what_is_wrong(
    sent: str, message: str, cast: Cast, client_for: ClientFor
) -> None:
    answer = client_for(cast.system_admin).get("/api/audit-log", {"from": sent})

    assert answer.json() == {"from": [message]}


def test_a_time_at_a_screen_on_a_day_that_does_not_exist_is_told_so(cast: Cast, client_for: ClientFor) -> None:
    answer = client_for(cast.owner).get("/api/delivery", {"country": "DE", "at": "2027-02-29T08:15:00+01:00"})

    assert answer.json() == {"at": ["“2027-02-29T08:15:00+01:00” doesn't exist: February 2027 has 28 days."]}


@pytest.mark.parametrize("sent", ["2027-01-05", "2027-1-5", "20270105", " 2027-01-05 "])
def test_a_date_may_be_written_in_every_form_of_iso_8601(sent: str, cast: Cast, client_for: ClientFor) -> None:
    dates = {"campaign_start_date": sent, "campaign_end_date": "2027-01-31"}
    answer = client_for(cast.owner).post("/api/campaigns", campaign_body(**dates))

    assert answer.json()["campaign_start_date"] == "2027-01-05"


def typed_campaign(client: Client, day: str) -> Any:
    page = client.get(ADD_CAMPAIGN)
    typed = {"campaign_name": "Summer", "campaign_start_date": day, "campaign_end_date": "31/12/2027"}
    return client.post(ADD_CAMPAIGN, form_data(page, **typed))


@pytest.mark.parametrize("typed", ["05/01/2027", "5.1.2027", "2027-01-05", "5 Jan 2027", "5 January 2027"])
def test_the_console_takes_dates_as_people_type_them(typed: str, cast: Cast, console_for: ConsoleFor) -> None:
    answer = typed_campaign(console_for(cast.owner), typed)

    assert answer.status_code == 302, errors_of(answer)
    assert str(Campaign.objects.get().campaign_start_date) == "2027-01-05"


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("29.02.2027", "“29.02.2027” doesn't exist: February 2027 has 28 days."),
        ("01/31/2027", "“01/31/2027” has no month from 1 to 12. Enter the date like 31/01/2027."),
        ("2027-01-05T00:00", "“2027-01-05T00:00” has a time of day. Enter the date alone, like 31/01/2027."),
        ("next Monday", "“next Monday” is not a date. Enter it like 31/01/2027."),
        ("05-01-2027", "“05-01-2027” is not a date. Enter it like 31/01/2027."),
    ],
)
def test_the_console_says_what_is_wrong_with_a_date(
    typed: str, message: str, cast: Cast, console_for: ConsoleFor
) -> None:
    assert message in errors_of(typed_campaign(console_for(cast.owner), typed))


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ("52,52", "“52,52” has a decimal comma. {} it with a point: 52.52."),
        ("52°31'N", "“52°31'N” is not a number. {} degrees with a decimal point, such as 52.52 or -13.4."),
        ("1,000,000", "“1,000,000” is not a number. {} degrees with a decimal point, such as 52.52 or -13.4."),
    ],
)
def test_both_doors_say_what_is_wrong_with_a_latitude(
    written: str, fault: str, cast: Cast, client_for: ClientFor, console_for: ConsoleFor
) -> None:
    answer = client_for(cast.owner).post("/api/advertisers", advertiser_body(latitude=written, longitude=13.4))
    assert answer.json() == {"latitude": [fault.format("Send")]}

    console = console_for(cast.owner)
    typed = form_data(console.get(ADD_ADVERTISER), latitude=written, longitude="13.4")
    assert fault.format("Enter") in errors_of(console.post(ADD_ADVERTISER, typed))


def test_the_console_says_what_is_wrong_with_a_time(cast: Cast, console_for: ConsoleFor) -> None:
    console = console_for(cast.owner)
    ad = AdFactory(ad_created_by=cast.owner, campaign__campaign_created_by=cast.owner)
    page = f"/admin/ads/ad/{ad.pk}/change/"
    slot = {"time_slots-0-time_slot_start": "25:00", "time_slots-0-time_slot_end": "09:00"}
    answer = console.post(page, form_data(console.get(page), **slot, **{"time_slots-TOTAL_FORMS": "1"}))

    assert "“25:00” is not a time of day. Enter hours and minutes, from 00:00 to 23:59." in errors_of(answer)


def test_a_byte_order_mark_before_json_is_ignored(cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.owner)
    document = b'{"campaign_name": "Marked", "campaign_start_date": "2027-01-01", "campaign_end_date": "2027-01-31"}'

    assert send_bytes(client, "POST", "/api/campaigns", b"\xef\xbb\xbf" + document).status_code == 201
    assert send_bytes(client, "POST", "/api/campaigns", b"\xef\xbb\xbf" * 2 + document).status_code == 400


def test_only_zones_of_places_are_offered() -> None:
    zones = dict(timezone_choices())

    assert "Europe/Berlin" in zones
    assert not {"Factory", "localtime", "posixrules"} & set(zones)
