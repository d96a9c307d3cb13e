"""Campaigns in the admin console."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry, User
from accounts.tests.factories import Cast
from ads.tests.factories import AdFactory
from campaign_studio.tests.browser import errors_of, form_data
from campaigns.console.admin import CampaignAdmin
from campaigns.models import Campaign, CampaignAudienceTargeting
from campaigns.tests.factories import AudienceTargetingFactory, CampaignFactory

pytestmark = pytest.mark.django_db

ConsoleFor = Callable[[User | None], Client]
ADD = "/admin/campaigns/campaign/add/"
STAFF = ["system_admin", "app_admin", "campaign_manager", "content_moderator"]


def page_of(campaign: Campaign) -> str:
    return reverse("admin:campaigns_campaign_change", args=[campaign.pk])


def target(number: int, **typed: Any) -> dict[str, Any]:
    row = {f"audience_targeting-{number}-{name}": value for name, value in typed.items()}
    return {"audience_targeting-TOTAL_FORMS": str(number + 1)} | row


def new() -> dict[str, str]:
    today = timezone.localdate()
    end = today + timedelta(days=9)
    return {
        "campaign_name": "Summer",
        "campaign_start_date": f"{today:%d/%m/%Y}",
        "campaign_end_date": f"{end:%d/%m/%Y}",
        "campaign_status": "active",
    }


def test_a_campaign_is_created_with_two_target_countries(cast: Cast, console_for: ConsoleFor) -> None:
    client = console_for(cast.campaign_manager)
    typed = form_data(
        client.get(ADD),
        **new()
        | target(0, region="Europe", country="DE", cities="Berlin, , Hamburg\nMunich,berlin", postcodes="10115")
        | target(1, region="Europe", country="GB", cities="", postcodes=""),
    )
    answer = client.post(ADD, typed)

    assert answer.status_code == 302, errors_of(answer)
    campaign = Campaign.objects.get()
    assert (campaign.campaign_created_by, campaign.created_by_name) == (cast.campaign_manager, "campaign_manager")
    assert [(one.country, one.cities, one.postcodes) for one in campaign.audience_targeting.order_by("country")] == [
        ("DE", ["Berlin", "Hamburg", "Munich"], ["10115"]),
        ("GB", [], []),
    ]


def test_the_same_place_twice_is_refused_at_its_row(cast: Cast, console_for: ConsoleFor) -> None:
    client = console_for(cast.campaign_manager)
    typed = new() | target(0, region="Europe", country="DE") | target(1, region="EUROPE", country="DE")
    answer = client.post(ADD, form_data(client.get(ADD), **typed))
    first, second = answer.context["inline_admin_formsets"][0].formset.forms

    assert not first.errors
    assert "This campaign targets that region and country already" in str(second.errors)
    assert "Audience target #2: This campaign targets that region and country already" in answer.content.decode()
    assert not Campaign.objects.exists()
    assert not AuditEntry.objects.filter(content_type__model="campaign").exists()


def test_what_the_form_says_no_to(cast: Cast, console_for: ConsoleFor) -> None:
    client = console_for(cast.campaign_manager)
    yesterday = f"{timezone.localdate() - timedelta(days=1):%d/%m/%Y}"
    refused = {
        "The end date can't lie before the start date.": {"campaign_end_date": "01/01/2020"},
        "Give both the value and the unit": {"campaign_max_view_duration_value": "5"},
        "The view cap must be more than 0": {"campaign_max_view_count": "0"},
        "It can't go active": {"campaign_start_date": yesterday, "campaign_end_date": yesterday},
        "Select a valid choice": {"campaign_status": "expired"},
        "less than or equal to": {"campaign_max_view_count": "99999999999999"},
        "Null characters": {"campaign_name": "a\x00b"},
        "at most 255": {"campaign_name": "a" * 300},
        "Enter a valid date": {"campaign_start_date": "0000-00-00"},
    }
    for message, typed in refused.items():
        answer = client.post(ADD, form_data(client.get(ADD), **new() | typed))

        assert answer.status_code == 200, message
        assert any(message in said for said in errors_of(answer)), (message, errors_of(answer))
    assert not Campaign.objects.exists()


def test_the_select_offers_the_states_that_may_follow(cast: Cast, console_for: ConsoleFor) -> None:
    campaign = CampaignFactory(campaign_status="draft", campaign_created_by=cast.owner)
    form = console_for(cast.owner).get(page_of(campaign)).context["adminform"].form

    assert [value for value, _ in form.fields["campaign_status"].choices] == ["draft", "active", "inactive"]


def test_dates_that_an_ad_sticks_out_of_are_refused(cast: Cast, console_for: ConsoleFor) -> None:
    campaign = CampaignFactory(campaign_created_by=cast.owner)
    AdFactory(campaign=campaign, ad_name="Late", ad_end_date=campaign.campaign_end_date)
    client = console_for(cast.owner)
    earlier = f"{campaign.campaign_end_date - timedelta(days=1):%d/%m/%Y}"
    answer = client.post(page_of(campaign), form_data(client.get(page_of(campaign)), campaign_end_date=earlier))

    assert "Move that ad first" in errors_of(answer)[0]


@pytest.mark.parametrize("whose", ["own", "other"])
@pytest.mark.parametrize("role", STAFF)
def test_who_changes_whose_campaigns(role: str, whose: str, cast: Cast, console_for: ConsoleFor) -> None:
    creator = cast.owner if whose == "own" else cast.colleague
    campaign = CampaignFactory(campaign_created_by=creator, campaign_name="Before")
    AudienceTargetingFactory(campaign=campaign)
    filled_in = form_data(
        console_for(cast.system_admin).get(page_of(campaign)),
        **{"campaign_name": "After", "audience_targeting-0-region": "Asia"},
    )
    client = console_for(cast.in_role(role))
    page = client.get(page_of(campaign))
    saved = client.post(page_of(campaign), filled_in)
    campaign.refresh_from_db()

    may = role in ("system_admin", "app_admin") or (role == "campaign_manager" and whose == "own")
    assert page.status_code == 200
    assert ('name="campaign_name"' in page.content.decode()) == may
    assert saved.status_code == (302 if may else 403)
    assert campaign.campaign_name == ("After" if may else "Before")
    assert CampaignAudienceTargeting.objects.get().region == ("Asia" if may else "Europe")


@pytest.mark.parametrize("role", STAFF)
def test_who_deletes_whose_campaigns(role: str, cast: Cast, console_for: ConsoleFor) -> None:
    mine, theirs = CampaignFactory(campaign_created_by=cast.owner), CampaignFactory(campaign_created_by=cast.colleague)
    client = console_for(cast.in_role(role))
    for campaign in (mine, theirs):
        client.post(reverse("admin:campaigns_campaign_delete", args=[campaign.pk]), {"post": "yes"})
    left = {
        "system_admin": set(),
        "app_admin": set(),
        "campaign_manager": {theirs},
        "content_moderator": {mine, theirs},
    }

    assert set(Campaign.objects.all()) == left[role]


def test_the_page_lists_the_ads_and_leads_to_another(cast: Cast, console_for: ConsoleFor) -> None:
    campaign = CampaignFactory(campaign_created_by=cast.owner)
    ad = AdFactory(campaign=campaign, ad_name="<b>Bold</b>")
    preset = f"{reverse('admin:ads_ad_add')}?campaign={campaign.pk}"
    page = console_for(cast.owner).get(page_of(campaign)).content.decode()

    assert reverse("admin:ads_ad_change", args=[ad.pk]) in page
    assert "&lt;b&gt;Bold&lt;/b&gt;" in page
    assert preset in page
    assert preset not in console_for(cast.colleague).get(page_of(campaign)).content.decode()


def test_a_full_campaign_offers_no_further_ad(cast: Cast, console_for: ConsoleFor) -> None:
    campaign = CampaignFactory(campaign_created_by=cast.owner)
    AdFactory.create_batch(6, campaign=campaign)

    assert "All six places are taken." in console_for(cast.owner).get(page_of(campaign)).content.decode()
    listed = console_for(cast.owner).get(reverse("admin:campaigns_campaign_changelist")).content.decode()
    assert "6/6" in listed


def test_the_history_says_who_did_what(cast: Cast, console_for: ConsoleFor) -> None:
    client = console_for(cast.owner)
    client.post(ADD, form_data(client.get(ADD), **new(), **target(0, region="Europe", country="DE", cities="Berlin")))
    campaign = Campaign.objects.get()
    client.post(page_of(campaign), form_data(client.get(page_of(campaign)), campaign_name="<i>Winter</i>"))
    page = console_for(cast.content_moderator).get(reverse("admin:campaigns_campaign_history", args=[campaign.pk]))
    text = page.content.decode()

    for expected in (
        "campaign_manager",
        "Admin console",
        "127.0.0.1",
        "Summer",
        "Audience target",
        "Germany",
        "Berlin",
    ):
        assert expected in text
    assert "&lt;i&gt;Winter&lt;/i&gt;" in text
    assert "<i>Winter</i>" not in text


def test_a_race_that_slips_past_the_form_comes_back_as_a_message(
    cast: Cast, console_for: ConsoleFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = CampaignFactory(campaign_created_by=cast.owner)
    client = console_for(cast.owner)
    typed = form_data(client.get(page_of(campaign)), campaign_name="Typed")
    save_model = CampaignAdmin.save_model

    def with_a_wrong_date(self: CampaignAdmin, request: Any, obj: Campaign, form: Any, change: bool) -> None:
        obj.campaign_end_date = obj.campaign_start_date - timedelta(days=1)
        save_model(self, request, obj, form, change)

    monkeypatch.setattr(CampaignAdmin, "save_model", with_a_wrong_date)
    answer = client.post(page_of(campaign), typed)
    campaign.refresh_from_db()

    assert answer.status_code == 200
    assert errors_of(answer) == ["The end date can't lie before the start date."]
    assert 'value="Typed"' in answer.content.decode()
    assert list(answer.context["messages"]) == []
    assert campaign.campaign_name != "Typed"
