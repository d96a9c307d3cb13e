"""Ads in the console: creating, changing, rating and reviewing them."""

from collections.abc import Callable
from datetime import time
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import Cast
from ads.constraints import CAMPAIGN_IS_FULL
from ads.models import Ad, AdContentRating
from ads.moderation import NO_DECLARATION
from ads.rules import NOT_OWN_CAMPAIGN
from ads.tests.factories import AdContentRatingFactory, AdFactory, AdTimeSlotFactory
from ads.tests.test_constraints import MESSAGES
from campaign_studio.tests.browser import errors_of, form_data, messages_of
from campaigns.models import Campaign
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db

ConsoleFor = Callable[[User | None], Client]
ADD = "/admin/ads/ad/add/"
STAFF = ["system_admin", "app_admin", "campaign_manager", "content_moderator"]


def page_of(ad: Ad) -> str:
    return reverse("admin:ads_ad_change", args=[ad.pk])


def new(campaign: Campaign, **typed: Any) -> dict[str, Any]:
    return {
        "campaign": str(campaign.pk),
        "ad_name": "Coffee",
        "ad_type_id": "top_bar_ad",
        "media_type": "text",
        "media_content": "Fresh coffee at the next exit",
    } | typed


def slots(*ends: tuple[str, str]) -> dict[str, Any]:
    typed: dict[str, Any] = {"time_slots-TOTAL_FORMS": str(len(ends))}
    for number, (start, end) in enumerate(ends):
        typed |= {f"time_slots-{number}-time_slot_start": start, f"time_slots-{number}-time_slot_end": end}
        typed[f"time_slots-{number}-weekdays"] = list("1234567")
    return typed


def rating(**typed: Any) -> dict[str, Any]:
    return {f"content_rating-0-{name}": value for name, value in typed.items()}


DECLARED = rating(
    rating_system="MPAA", rating_label="PG", content_warnings=["Mild Language", "Abuse"], no_prohibited_content="on"
)


def test_a_new_ad_is_activated_with_its_slots_and_rating_in_one_step(cast: Cast, console_for: ConsoleFor) -> None:
    campaign = CampaignFactory(campaign_created_by=cast.owner)
    client = console_for(cast.owner)
    page = client.get(f"{ADD}?campaign={campaign.pk}")
    typed = new(campaign, ad_status="active") | slots(("07:00", "09:30"), ("16:00", "00:00")) | DECLARED
    answer = client.post(ADD, form_data(page, **typed))

    assert answer.status_code == 302, errors_of(answer)
    ad = Ad.objects.get()
    assert (ad.ad_status, ad.ad_number, ad.created_by_name) == ("active", 1, "campaign_manager")
    assert [slot.time_slot_end for slot in ad.time_slots.all()] == [time(9, 30), time(0)]
    assert ad.content_rating.content_warnings == ["Mild Language", "Abuse"]


@pytest.mark.parametrize(
    "typed", [{}, rating(rating_system="MPAA", rating_label="PG"), DECLARED | rating(no_prohibited_content=None)]
)
def test_a_new_ad_is_not_activated_without_a_content_declaration(
    typed: dict[str, Any], cast: Cast, console_for: ConsoleFor
) -> None:
    campaign = CampaignFactory(campaign_created_by=cast.owner)
    client = console_for(cast.owner)
    answer = client.post(ADD, form_data(client.get(ADD), **new(campaign, ad_status="active") | typed))

    assert errors_of(answer)[0] == str(NO_DECLARATION)
    assert not Ad.objects.exists()


def test_an_ad_is_not_activated_while_its_rating_is_deleted(cast: Cast, console_for: ConsoleFor) -> None:
    ad = AdFactory(campaign__campaign_created_by=cast.owner, rated=True)
    client = console_for(cast.owner)
    typed = {"ad_status": "active"} | rating(DELETE="on")
    answer = client.post(page_of(ad), form_data(client.get(page_of(ad)), **typed))

    assert errors_of(answer)[0] == str(NO_DECLARATION)
    assert AdContentRating.objects.exists()


def test_the_seventh_ad_is_refused_with_a_message(cast: Cast, console_for: ConsoleFor) -> None:
    campaign = CampaignFactory(campaign_created_by=cast.owner)
    AdFactory.create_batch(6, campaign=campaign)
    client = console_for(cast.owner)
    answer = client.post(ADD, form_data(client.get(ADD), **new(campaign)))

    assert errors_of(answer) == [str(CAMPAIGN_IS_FULL)]
    assert campaign.ads.count() == 6


def test_a_seventh_ad_that_races_past_the_form_gets_the_same_message(
    cast: Cast, console_for: ConsoleFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = CampaignFactory(campaign_created_by=cast.owner)
    AdFactory.create_batch(6, campaign=campaign)
    client = console_for(cast.owner)
    page = client.get(ADD)
    # What a second process sees if it takes its number before the sixth ad is committed.
    monkeypatch.setattr(Ad, "_free_number", lambda ad: 6)
    monkeypatch.setattr(Ad, "validate_constraints", lambda ad, exclude=None: None)
    answer = client.post(ADD, form_data(page, **new(campaign)))

    assert answer.status_code == 200
    assert errors_of(answer) == [str(CAMPAIGN_IS_FULL)]
    assert messages_of(answer) == []
    assert campaign.ads.count() == 6


def test_invalid_values_are_refused(cast: Cast, console_for: ConsoleFor) -> None:
    campaign = CampaignFactory(campaign_created_by=cast.owner)
    client = console_for(cast.owner)
    refused: dict[str, dict[str, Any]] = {
        MESSAGES["ad_position_takes_the_media"]: {"media_type": "video", "media_url": "https://example.com/a.mp4"},
        MESSAGES["ad_has_what_its_media_needs"]: {"media_type": "image"},
        "Use one that begins with https://": {"media_type": "image", "media_url": "javascript:alert(1)"},
        "must be within the campaign's dates": {"ad_start_date": "01/01/2020"},
        MESSAGES["ad_impression_duration_value_and_unit_together"]: {"ad_impression_duration_value": "5"},
        MESSAGES["time_slot_start_is_on_the_quarter_hour"]: slots(("07:01", "09:00")),
        MESSAGES["time_slot_ends_after_it_starts"]: slots(("09:00", "09:00")),
        "07:00–09:00 and 08:00–10:00 overlap on Monday": slots(("07:00", "09:00"), ("08:00", "10:00")),
        MESSAGES["rating_label_belongs_to_the_system"]: rating(rating_system="MPAA", rating_label="E"),
        "is not one of the available choices": rating(content_warnings=["Nope"]),
        "is not a time of day": slots(("25:00", "26:00")),
    }
    for message, typed in refused.items():
        answer = client.post(ADD, form_data(client.get(ADD), **new(campaign) | typed))

        assert answer.status_code == 200, message
        assert any(message in said for said in errors_of(answer)), (message, errors_of(answer))
    assert not Ad.objects.exists()


def test_overlapping_slots_are_refused_at_the_second_row(cast: Cast, console_for: ConsoleFor) -> None:
    campaign = CampaignFactory(campaign_created_by=cast.owner)
    client = console_for(cast.owner)
    typed = new(campaign) | slots(("07:00", "09:00"), ("08:00", "10:00"))
    answer = client.post(ADD, form_data(client.get(ADD), **typed))
    first, second = answer.context["inline_admin_formsets"][0].formset.forms

    assert not first.errors
    assert [error.code for error in second.non_field_errors().as_data()] == ["time_slots_of_an_ad_do_not_overlap"]


def test_a_time_slot_is_replaced_in_one_step(cast: Cast, console_for: ConsoleFor) -> None:
    slot = AdTimeSlotFactory(ad__campaign__campaign_created_by=cast.owner)
    client = console_for(cast.owner)
    page = client.get(page_of(slot.ad))
    typed = slots(("07:00", "09:00"), ("08:00", "10:00")) | {"time_slots-0-DELETE": "on"}
    answer = client.post(page_of(slot.ad), form_data(page, **typed))

    assert answer.status_code == 302, errors_of(answer)
    assert [str(one) for one in slot.ad.time_slots.all()] == ["08:00–10:00"]


def test_managers_add_ads_to_their_own_campaigns_only(cast: Cast, console_for: ConsoleFor) -> None:
    theirs = CampaignFactory(campaign_created_by=cast.colleague)
    client = console_for(cast.owner)
    answer = client.post(ADD, form_data(client.get(ADD), **new(theirs)))

    assert errors_of(answer) == [str(NOT_OWN_CAMPAIGN)]
    assert not Ad.objects.exists()


def test_the_picker_offers_own_campaigns_only(cast: Cast, console_for: ConsoleFor) -> None:
    mine, theirs = CampaignFactory(campaign_created_by=cast.owner), CampaignFactory(campaign_created_by=cast.colleague)
    field = {"app_label": "ads", "model_name": "ad", "field_name": "campaign", "changeable": ""}
    client = console_for(cast.owner)
    page = client.get(ADD).content.decode()

    def offered(person: User) -> set[str]:
        return {hit["id"] for hit in console_for(person).get("/admin/autocomplete/", field).json()["results"]}

    assert "/admin/autocomplete/?changeable" in page
    assert offered(cast.owner) == {str(mine.pk)}
    assert offered(cast.app_admin) == {str(mine.pk), str(theirs.pk)}


def test_an_ad_stays_in_its_campaign(cast: Cast, console_for: ConsoleFor) -> None:
    ad = AdFactory(campaign__campaign_created_by=cast.owner)
    other = CampaignFactory(campaign_created_by=cast.owner)
    client = console_for(cast.owner)
    client.post(page_of(ad), form_data(client.get(page_of(ad)), campaign=str(other.pk), ad_name="Renamed"))
    stored = Ad.objects.get()

    assert (stored.campaign, stored.ad_name) == (ad.campaign, "Renamed")


def test_a_change_that_viewers_see_sends_an_approved_ad_back_to_review(cast: Cast, console_for: ConsoleFor) -> None:
    ad = AdFactory(campaign__campaign_created_by=cast.owner, rated=True, approved=True)
    client = console_for(cast.owner)
    client.post(page_of(ad), form_data(client.get(page_of(ad)), media_content="Something else"))
    ad.refresh_from_db()

    assert ad.moderation_status == "pending"


@pytest.mark.parametrize("whose", ["own", "other"])
@pytest.mark.parametrize("role", STAFF)
def test_each_role_changes_only_what_it_may_of_own_and_other_ads(
    role: str, whose: str, cast: Cast, console_for: ConsoleFor
) -> None:
    creator = cast.owner if whose == "own" else cast.colleague
    ad = AdFactory(campaign__campaign_created_by=creator, ad_name="Before")
    AdTimeSlotFactory(ad=ad)
    AdContentRatingFactory(ad=ad)
    before = Ad.objects.get().updated_at
    typed = {"ad_name": "After", "time_slots-0-time_slot_start": "06:00", "content_rating-0-rating_label": "R"}
    filled_in = form_data(console_for(cast.system_admin).get(page_of(ad)), **typed)
    client = console_for(cast.in_role(role))
    page = client.get(page_of(ad)).content.decode()
    saved = client.post(page_of(ad), filled_in)
    stored = Ad.objects.get()

    may_change = role in ("system_admin", "app_admin") or (role == "campaign_manager" and whose == "own")
    may_rate = may_change or role == "content_moderator"
    assert saved.status_code == (302 if may_rate else 403)
    assert ('name="ad_name"' in page) == may_change
    assert ("content_rating-0-rating_label" in page) == may_rate
    assert stored.ad_name == ("After" if may_change else "Before")
    assert stored.time_slots.get().time_slot_start == (time(6) if may_change else time(7))
    assert stored.content_rating.rating_label == ("R" if may_rate else "G")
    assert (stored.updated_at == before) == (not may_change)


def test_html_is_shown_as_text(cast: Cast, console_for: ConsoleFor) -> None:
    ad = AdFactory(ad_type_id="center_left_content_ad", media_type="html", media_content="<script>alert(1)</script>")
    page = console_for(cast.content_moderator).get(page_of(ad)).content.decode()

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert(1)" not in page


def test_an_image_is_a_link(cast: Cast, console_for: ConsoleFor) -> None:
    ad = AdFactory(media_type="image", media_url="https://example.com/a.png?x=1&y=2", media_content=None)
    page = console_for(cast.content_moderator).get(page_of(ad)).content.decode()

    assert 'href="https://example.com/a.png?x=1&amp;y=2"' in page
    assert 'rel="noopener noreferrer"' in page
    assert "<img src=" not in page
