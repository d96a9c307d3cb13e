"""Places of targets that the gazetteer doesn't know: what is doubted, and the warning after saving in the console."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.tests.factories import Cast
from campaign_studio.models import City
from campaign_studio.tests.browser import form_data, messages_of
from campaigns.doubts import Doubt, Doubted, Doubts, doubts_about_campaigns, doubts_about_targets
from campaigns.models import Campaign, CampaignAudienceTargeting
from campaigns.tests.factories import AudienceTargetingFactory, CampaignFactory

pytestmark = pytest.mark.django_db
CHECK = "Check the spelling and the country. If both are right, nothing needs to change."


def doubts(**values: object) -> Doubts:
    """The doubts about a new target."""
    return doubts_about_targets([AudienceTargetingFactory(**values).pk])


@pytest.mark.parametrize(
    ("country", "cities"),
    [
        ("DE", []),
        ("DE", ["Berlin", "berlin ", "München", "Muenchen", "Cologne"]),
        ("AT", ["Vienna", "Wien"]),
        ("JP", ["東京"]),
        ("CH", ["St.Gallen", "Sankt Gallen"]),
    ],
)
def test_a_city_that_is_known_there_in_any_spelling_is_not_doubted(country: str, cities: list[str]) -> None:
    assert doubts(country=country, region="", cities=cities) == Doubts()


def test_a_city_that_is_known_elsewhere_is_doubted_and_says_where() -> None:
    (doubt,) = doubts(country="DE", cities=["Berlin", "Wien"]).first

    assert doubt == Doubt(Doubted.CITY, "Wien", "DE", ("AT",))


def test_the_countries_begin_with_that_of_the_most_populous_city() -> None:
    (doubt,) = doubts(country="DE", cities=["Vienna"]).first

    assert doubt.countries[:2] == ("AT", "US")


def test_a_city_that_is_known_nowhere_is_doubted() -> None:
    assert doubts(country="DE", cities=["Nowherehausen"]).first == [Doubt(Doubted.CITY, "Nowherehausen", "DE", ())]


def test_without_any_city_of_the_country_in_the_gazetteer_none_is_doubted() -> None:
    City.objects.filter(country="DE").delete()

    assert doubts(country="DE", cities=["Nowherehausen"]) == Doubts()


@pytest.mark.parametrize("region", ["Europe", "Western Europe", "Bavaria", "DE-BY", "Ruhr", "South East", ""])
def test_a_region_of_the_country_or_an_unknown_one_is_not_doubted(region: str) -> None:
    assert doubts(country="DE", region=region) == Doubts()


@pytest.mark.parametrize(
    ("country", "region", "kind", "among"),
    [
        ("DE", "Asia", Doubted.AREA, "AE"),
        ("DE", "middle  east", Doubted.AREA, "AE"),
        ("AT", "de-by", Doubted.REGION, "DE"),
    ],
)
def test_a_region_that_is_elsewhere_is_doubted(country: str, region: str, kind: Doubted, among: str) -> None:
    (doubt,) = doubts(country=country, region=region).first

    assert (doubt.kind, doubt.name, doubt.country) == (kind, region, country)
    assert among in doubt.countries


def test_the_first_20_are_named_in_their_order_and_the_others_counted() -> None:
    names = [f"Nowhere {number}" for number in range(9, 40)]
    campaign = AudienceTargetingFactory(region="Asia", country="DE", cities=["Berlin", *names]).campaign
    AudienceTargetingFactory(campaign=campaign, region="Europe", country="AT", cities=["Nowhere"])

    found = doubts_about_campaigns([campaign.pk])[campaign.pk]

    assert [one.name for one in found.first] == ["Asia", *names[:19]]
    assert found.more == 13


def test_each_campaign_has_its_own_doubts_in_two_queries() -> None:
    one, other = (AudienceTargetingFactory(cities=[city]).campaign for city in ("Wien", "Nowhere"))
    AudienceTargetingFactory(cities=["Paris"])

    with CaptureQueriesContext(connection) as queries:
        found = doubts_about_campaigns([one.pk, other.pk, CampaignFactory().pk])

    assert {key: [doubt.name for doubt in those.first] for key, those in found.items()} == {
        one.pk: ["Wien"],
        other.pk: ["Nowhere"],
    }
    assert len([query for query in queries if "gazetteer" in query["sql"]]) == 2


def test_a_city_in_several_targets_of_a_country_is_doubted_once() -> None:
    campaign = AudienceTargetingFactory(cities=["Nowhere"]).campaign
    AudienceTargetingFactory(campaign=campaign, region="Bavaria", cities=["NOWHERE"])
    AudienceTargetingFactory(campaign=campaign, country="FR", cities=["Nowhere"])

    found = doubts_about_campaigns([campaign.pk])[campaign.pk]

    assert [(one.name, one.country) for one in found.first] == [("NOWHERE", "DE"), ("Nowhere", "FR")]


@pytest.fixture
def browser(cast: Cast, console_for: Callable[[User | None], Client]) -> Client:
    return console_for(cast.owner)


@pytest.fixture
def target(cast: Cast) -> CampaignAudienceTargeting:
    campaign = CampaignFactory(campaign_created_by=cast.owner)
    target: CampaignAudienceTargeting = AudienceTargetingFactory(campaign=campaign)
    return target


def save(browser: Client, campaign: Campaign, **typed: str) -> list[str]:
    """Save the page of the campaign, and return the messages beside the one that it was saved."""
    page = f"/admin/campaigns/campaign/{campaign.pk}/change/"
    values = {f"audience_targeting-0-{name}": value for name, value in typed.items()}
    answer = browser.post(page, form_data(browser.get(page)) | values, follow=True)
    assert answer.redirect_chain
    return [text for text in messages_of(answer) if "successfully" not in text]


def test_saving_a_target_warns_of_its_cities_and_says_where_they_are(
    browser: Client, target: CampaignAudienceTargeting
) -> None:
    warnings = save(browser, target.campaign, cities="Berlin\nWien\nNowherehausen")

    assert warnings == [
        f"“Wien” is known in Austria, but not in Germany. “Nowherehausen” isn't known as a city in Germany. {CHECK}"
    ]
    target.refresh_from_db()
    assert target.cities == ["Berlin", "Wien", "Nowherehausen"]


def test_saving_a_target_warns_of_its_region(browser: Client, target: CampaignAudienceTargeting) -> None:
    (warning,) = save(browser, target.campaign, region="Asia")

    assert warning == (
        "“Asia” doesn't contain Germany. This target matches no screen. "
        "Correct the region or the country of the target, or clear the region."
    )


def test_the_warning_says_what_to_do_about_each_kind_of_place(
    browser: Client, target: CampaignAudienceTargeting
) -> None:
    (warning,) = save(browser, target.campaign, region="US-TX", cities="Nowherehausen")

    assert warning == (
        "“US-TX” is known as a region of United States, but not of Germany. This target matches no screen. "
        "“Nowherehausen” isn't known as a city in Germany. "
        f"Correct the region or the country of the target, or clear the region. {CHECK}"
    )


def test_the_warning_names_20_cities_and_counts_the_others(browser: Client, target: CampaignAudienceTargeting) -> None:
    (warning,) = save(browser, target.campaign, cities="\n".join(f"Nowhere {number}" for number in range(50)))

    assert warning.count("isn't known as a city") == 20
    assert warning.endswith(f"30 more cities or regions aren't known in their countries. {CHECK}")


def test_saving_anything_else_warns_of_nothing(browser: Client, target: CampaignAudienceTargeting) -> None:
    CampaignAudienceTargeting.objects.update(cities=["Wien"])

    page = f"/admin/campaigns/campaign/{target.campaign_id}/change/"
    typed = form_data(browser.get(page)) | {"campaign_name": "Renamed"}
    answer = browser.post(page, typed, follow=True)

    assert len(messages_of(answer)) == 1
    assert Campaign.objects.get().campaign_name == "Renamed"


@pytest.mark.parametrize(
    ("cities", "number"),
    [("Berlin", 1), ("Nowhere", 2), ("\n".join(f"Nowhere {index}" for index in range(3000)), 2)],
    ids=["known", "unknown", "thousands"],
)
def test_a_save_takes_a_query_and_another_one_if_there_is_a_doubt(
    browser: Client, target: CampaignAudienceTargeting, cities: str, number: int
) -> None:
    page = f"/admin/campaigns/campaign/{target.campaign_id}/change/"
    typed = form_data(browser.get(page)) | {"audience_targeting-0-cities": cities}

    with CaptureQueriesContext(connection) as queries:
        assert browser.post(page, typed).status_code == 302

    assert len([query for query in queries if "gazetteer" in query["sql"]]) == number
