"""Targeting: each place is targeted once, and lists of names are tidied."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import Cast
from ads.tests.factories import AdFactory
from campaign_studio.tests.browser import error_codes_of, form_data
from campaign_studio.tests.refusals import assert_database_refuses, assert_model_refuses, codes_of
from campaigns.models import CampaignAudienceTargeting
from campaigns.tests.factories import AudienceTargetingFactory, CampaignFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("region", ["Europe", "EUROPE", " europe "])
def test_a_campaign_can_target_a_place_only_once(region: str) -> None:
    first = AudienceTargetingFactory(region="Europe", country="DE")
    again = AudienceTargetingFactory.build(campaign=first.campaign, region=region, country="DE")

    assert_model_refuses(
        again,
        "__all__",
        "This campaign already targets this region and country. Add the cities to the existing target.",
    )
    again.region = region.strip()
    assert_database_refuses(
        "campaign_targets_a_place_once", lambda: CampaignAudienceTargeting.objects.bulk_create([again])
    )


def test_another_region_country_or_campaign_is_a_different_target() -> None:
    first = AudienceTargetingFactory(region="Europe", country="DE")

    AudienceTargetingFactory(campaign=first.campaign, region="Bavaria", country="DE").full_clean()
    AudienceTargetingFactory(campaign=first.campaign, region="Europe", country="FR").full_clean()
    AudienceTargetingFactory(region="Europe", country="DE").full_clean()


@pytest.mark.parametrize("field", ["cities", "postcodes"])
def test_lists_are_tidied_when_they_are_saved(field: str) -> None:
    target = AudienceTargetingFactory(**{field: [" Berlin", "", "berlin", "  ", "Köln", "KÖLN", "Berlin"]})
    target.refresh_from_db()

    assert getattr(target, field) == ["Berlin", "Köln"]


@pytest.mark.parametrize(
    ("field", "typed", "kept"),
    [
        ("cities", [" Berlin ", "", "berlin"], ["Berlin"]),
        ("cities", ["Zürich", "ZURICH", "Zu\u0308rich", "Bern"], ["Zürich", "Bern"]),
        ("postcodes", [" 10115 ", "", "10115"], ["10115"]),
    ],
)
def test_lists_are_tidied_when_they_are_validated(field: str, typed: list[str], kept: list[str]) -> None:
    target = AudienceTargetingFactory.build(campaign=CampaignFactory(), **{field: typed})

    target.full_clean()

    assert getattr(target, field) == kept


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (["10115 Berlin"], "“10115 Berlin” is not a postcode of Germany. Enter postcodes such as 26133, one by one."),
        (["10115-10119"], "“10115-10119” is not a postcode of Germany. Enter postcodes such as 26133, one by one."),
        (
            ["10115", "04*", "1067"],
            "“04*” and 1 more are not postcodes of Germany. Enter postcodes such as 26133, one by one.",
        ),
    ],
)
def test_what_has_not_the_form_of_a_postcode_is_refused_with_an_example(wrong: list[str], message: str) -> None:
    target = AudienceTargetingFactory.build(campaign=CampaignFactory())

    assert_model_refuses(target, "postcodes", message, postcodes=wrong)


def test_a_postcode_that_is_stored_already_is_not_checked_again() -> None:
    key = AudienceTargetingFactory(postcodes=["Berlin"]).pk
    target = CampaignAudienceTargeting.objects.get(pk=key)

    target.cities = ["Berlin"]
    target.full_clean()

    target.country = "FR"
    with pytest.raises(ValidationError):
        target.full_clean()


def test_without_a_region_it_is_the_continent() -> None:
    target = AudienceTargetingFactory.build(campaign=CampaignFactory(), region=" ", country="US")

    target.full_clean()

    assert target.region == "North America"


@pytest.mark.parametrize("field", ["cities", "postcodes"])
@pytest.mark.parametrize("value", [[""], [" ", "\t"]], ids=repr)
def test_a_list_of_only_blanks_is_refused_everywhere(
    cast: Cast,
    client_for: Callable[[User | None], APIClient],
    console_for: Callable[[User | None], Client],
    field: str,
    value: list[str],
) -> None:
    campaign = CampaignFactory(campaign_created_by=cast.owner)
    target = AudienceTargetingFactory(campaign=campaign, **{field: ["Berlin"]})
    place = {"region": "Europe", "country": "DE", field: value}
    page = f"/admin/campaigns/campaign/{campaign.pk}/change/"
    browser = console_for(cast.owner)

    answer = client_for(cast.owner).patch(f"/api/campaigns/{campaign.pk}", {"audience_targeting": [place]})
    typed = {f"audience_targeting-0-{field}": ",".join(["", *value])}
    shown = browser.post(page, form_data(browser.get(page)) | typed)

    assert (answer.status_code, codes_of(answer)) == (400, {"audience_targeting": {0: {field: ["blank"]}}})
    assert error_codes_of(shown) == ["blank"]
    refusal = "Every name in this list is blank. Enter at least one name, or leave the list empty."
    assert_model_refuses(target, field, refusal, **{field: value})
    with pytest.raises(ValidationError) as refused:
        target.save()
    assert refused.value.code == "blank"
    target.refresh_from_db()
    assert getattr(target, field) == ["Berlin"]


@pytest.mark.parametrize("field", ["cities", "postcodes"])
def test_a_list_has_at_most_5000_names(field: str) -> None:
    target = AudienceTargetingFactory.build(campaign=CampaignFactory())

    assert_model_refuses(target, field, "Enter at most 5000 names.", **{field: [str(number) for number in range(5001)]})


@pytest.mark.parametrize("field", ["cities", "postcodes"])
def test_a_blank_entry_is_refused_by_the_database(field: str) -> None:
    target = AudienceTargetingFactory()

    with_blank = f'UPDATE campaign_audience_targeting SET {field} = \'{{"Berlin",""}}\''  # noqa: S608 - two columns
    assert_database_refuses("targeting_lists_have_no_blanks", lambda: _execute(with_blank))
    assert getattr(target, field) == []


def _execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.parametrize("field", ["cities", "postcodes"])
@pytest.mark.parametrize("value", [[None], [["Berlin"]], "Berlin", {"city": "Berlin"}, 5], ids=repr)
def test_anything_but_a_list_of_names_is_refused(field: str, value: object) -> None:
    target = AudienceTargetingFactory.build(campaign=CampaignFactory())

    assert_model_refuses(target, field, "", **{field: value})


@pytest.mark.parametrize("field", ["cities", "postcodes"])
def test_none_becomes_the_empty_list(field: str) -> None:
    target = AudienceTargetingFactory.build(campaign=CampaignFactory(), **{field: None})

    target.full_clean()

    assert getattr(target, field) == []


@pytest.mark.parametrize("country", ["DE", "de", "DEU", "Germany", " germany "])
def test_a_country_is_stored_by_its_code_whatever_its_spelling(country: str) -> None:
    target = AudienceTargetingFactory.build(campaign=CampaignFactory(), region=" Europe ", country=country)

    target.full_clean()

    assert (target.region, target.country, str(target)) == ("Europe", "DE", "Germany, Europe")


@pytest.mark.parametrize(("field", "value"), [("country", "Atlantis"), ("country", "")])
def test_an_unknown_country_is_refused(field: str, value: str) -> None:
    assert_model_refuses(AudienceTargetingFactory.build(campaign=CampaignFactory()), field, "", **{field: value})


def test_targets_and_ads_are_deleted_with_their_campaign() -> None:
    target = AudienceTargetingFactory()
    ad = AdFactory(campaign=target.campaign)

    target.campaign.delete()

    assert not CampaignAudienceTargeting.objects.filter(pk=target.pk).exists()
    with pytest.raises(ValidationError, match="no longer exists"):
        AdFactory(campaign_id=ad.campaign_id, campaign=None, ad_created_by=ad.ad_created_by)
