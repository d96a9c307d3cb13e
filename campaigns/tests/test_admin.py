"""The admin console's pages for campaigns."""

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
from campaign_studio.tests.browser import error_codes_of, errors_of, form_data
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


def test_a_new_target_has_no_country_until_one_is_chosen(cast: Cast, console_for: ConsoleFor) -> None:
    client = console_for(cast.campaign_manager)
    page = client.get(ADD)
    country = page.context["inline_admin_formsets"][0].formset.empty_form["country"]
    answer = client.post(ADD, form_data(page, **new() | target(0, region="", country="", cities="Berlin")))

    assert country.value() is None
    assert error_codes_of(answer) == ["required"]
    assert not Campaign.objects.exists()


def test_a_place_that_is_targeted_twice_is_reported_in_its_row(cast: Cast, console_for: ConsoleFor) -> None:
    client = console_for(cast.campaign_manager)
    typed = new() | target(0, region="Europe", country="DE") | target(1, region="EUROPE", country="DE")
    answer = client.post(ADD, form_data(client.get(ADD), **typed))
    first, second = answer.context["inline_admin_formsets"][0].formset.forms

    assert not first.errors
    assert second.non_field_errors().as_data()[0].code == "campaign_targets_a_place_once"
    assert f"Target #2: {second.non_field_errors()[0]}" in answer.content.decode()
    assert not Campaign.objects.exists()
    assert not AuditEntry.objects.filter(content_type__model="campaign").exists()


def test_the_form_refuses_invalid_campaigns(cast: Cast, console_for: ConsoleFor) -> None:
    client = console_for(cast.campaign_manager)
    past = f"{timezone.localdate() - timedelta(days=2):%d/%m/%Y}"
    refused = {
        "campaign_ends_after_it_starts": {"campaign_end_date": "01/01/2020"},
        "campaign_view_duration_value_and_unit_together": {"campaign_max_view_duration_value": "5"},
        "campaign_view_count_cap_is_positive": {"campaign_max_view_count": "0"},
        "ended": {"campaign_start_date": past, "campaign_end_date": past},
        "invalid_choice": {"campaign_status": "expired"},
        "max_value": {"campaign_max_view_count": "99999999999999"},
        "null_characters_not_allowed": {"campaign_name": "a\x00b"},
        "max_length": {"campaign_name": "a" * 300},
        "invalid": {"campaign_start_date": "0000-00-00"},
    }
    for code, typed in refused.items():
        answer = client.post(ADD, form_data(client.get(ADD), **new() | typed))

        assert answer.status_code == 200, code
        assert code in error_codes_of(answer), errors_of(answer)
    assert not Campaign.objects.exists()


def test_the_form_offers_only_the_statuses_that_may_follow(cast: Cast, console_for: ConsoleFor) -> None:
    campaign = CampaignFactory(campaign_status="draft", campaign_created_by=cast.owner)
    form = console_for(cast.owner).get(page_of(campaign)).context["adminform"].form

    assert [value for value, _ in form.fields["campaign_status"].choices] == ["draft", "active", "inactive"]


def test_dates_that_exclude_an_ad_are_refused(cast: Cast, console_for: ConsoleFor) -> None:
    campaign = CampaignFactory(campaign_created_by=cast.owner)
    AdFactory(campaign=campaign, ad_name="Late", ad_end_date=campaign.campaign_end_date)
    client = console_for(cast.owner)
    earlier = f"{campaign.campaign_end_date - timedelta(days=1):%d/%m/%Y}"
    answer = client.post(page_of(campaign), form_data(client.get(page_of(campaign)), campaign_end_date=earlier))

    assert error_codes_of(answer) == ["ad_outside"]


@pytest.mark.parametrize("whose", ["own", "other"])
@pytest.mark.parametrize("role", STAFF)
def test_admins_change_all_campaigns_and_managers_their_own(
    role: str, whose: str, cast: Cast, console_for: ConsoleFor
) -> None:
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
def test_admins_delete_all_campaigns_and_managers_their_own(role: str, cast: Cast, console_for: ConsoleFor) -> None:
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


def test_the_page_lists_the_ads_and_has_a_link_to_add_one(cast: Cast, console_for: ConsoleFor) -> None:
    campaign = CampaignFactory(campaign_created_by=cast.owner)
    ad = AdFactory(campaign=campaign, ad_name="<b>Bold</b>")
    preset = f"{reverse('admin:ads_ad_add')}?campaign={campaign.pk}"
    page = console_for(cast.owner).get(page_of(campaign)).content.decode()

    assert reverse("admin:ads_ad_change", args=[ad.pk]) in page
    assert "&lt;b&gt;Bold&lt;/b&gt;" in page
    assert preset in page
    assert preset not in console_for(cast.colleague).get(page_of(campaign)).content.decode()


def test_a_campaign_with_six_ads_does_not_offer_another(cast: Cast, console_for: ConsoleFor) -> None:
    campaign = CampaignFactory(campaign_created_by=cast.owner)
    AdFactory.create_batch(6, campaign=campaign)

    page = console_for(cast.owner).get(page_of(campaign)).content.decode()
    assert "A campaign can have up to 6 ads." in page
    assert f"{reverse('admin:ads_ad_add')}?campaign={campaign.pk}" not in page
    listed = console_for(cast.owner).get(reverse("admin:campaigns_campaign_changelist")).content.decode()
    assert "6/6" in listed


def test_the_history_shows_who_changed_what(cast: Cast, console_for: ConsoleFor) -> None:
    client = console_for(cast.owner)
    client.post(ADD, form_data(client.get(ADD), **new(), **target(0, region="Europe", country="DE", cities="Berlin")))
    campaign = Campaign.objects.get()
    client.post(page_of(campaign), form_data(client.get(page_of(campaign)), campaign_name="<i>Winter</i>"))
    page = console_for(cast.app_admin).get(reverse("admin:campaigns_campaign_history", args=[campaign.pk]))
    text = page.content.decode()

    for expected in (
        "campaign_manager",
        "Admin console",
        "127.0.0.1",
        "Summer",
        "Target",
        "Germany",
        "Berlin",
    ):
        assert expected in text
    assert "&lt;i&gt;Winter&lt;/i&gt;" in text
    assert "<i>Winter</i>" not in text


def test_a_database_error_is_shown_in_the_form(
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
    assert error_codes_of(answer) == ["campaign_ends_after_it_starts"]
    assert 'value="Typed"' in answer.content.decode()
    assert list(answer.context["messages"]) == []
    assert campaign.campaign_name != "Typed"
