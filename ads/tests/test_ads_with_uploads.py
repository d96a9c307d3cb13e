"""Ads that show uploaded files: the file exists, is of the ad's media type and fits its position."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import Cast
from ads.models import Ad, MediaFile
from ads.tests.factories import AdFactory
from ads.tests.uploads import animation, film, picture, upload
from campaign_studio.tests.bodies import ad_body
from campaign_studio.tests.browser import errors_of, form_data
from campaign_studio.tests.refusals import codes_of
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db

ClientFor = Callable[[User | None], APIClient]
ConsoleFor = Callable[[User | None], Client]


@pytest.fixture
def client(cast: Cast, client_for: ClientFor) -> APIClient:
    return client_for(cast.owner)


@pytest.fixture
def create(cast: Cast, client: APIClient) -> Callable[..., Any]:
    """`create(**fields)`: the answer to a new ad in the top bar."""
    campaign = CampaignFactory(campaign_created_by=cast.owner)
    return lambda **fields: client.post("/api/ads", ad_body(campaign_id=campaign.pk, media_content=None, **fields))


def test_an_ad_shows_an_uploaded_file(client: APIClient, create: Callable[..., Any]) -> None:
    for content, position in [
        (picture(), "top_bar_ad"),
        (animation(), "bottom_left_ad"),
        (film(), "center_left_content_ad"),
    ]:
        found = upload(client, content, ad_type_id=position).json()
        answer = create(ad_type_id=position, media_type=found["media_type"], media_url=found["media_url"])
        assert answer.status_code == 201, answer.content
        assert answer.json()["media_url"] == found["media_url"]


def test_an_ad_is_refused_a_file_that_does_not_exist_or_fit(client: APIClient, create: Callable[..., Any]) -> None:
    large, small = (upload(client, picture(*size)).json() for size in [(1920, 1200), (64, 40)])

    def refusal(**fields: Any) -> Any:
        return codes_of(create(**{"media_type": "image", **fields}))

    assert refusal(media_url=large["media_url"]) == {"media_url": ["too_many_pixels"]}
    assert refusal(media_url=small["media_url"], media_type="gif") == {"media_url": ["file_of_other_type"]}
    for url in (
        small["media_url"].replace(small["media_url"][-10], "x"),
        small["media_url"].replace(".png", ".jpg"),
        small["media_url"] + "?a",
        small["thumbnail_url"],
        "https://studio.example.com/media/",
    ):
        assert refusal(media_url=url) == {"media_url": ["no_such_file"]}
    assert not Ad.objects.exists()
    # A text may be left with it: it doesn't show.
    left = {"media_url": large["media_url"], "media_type": "text", "ad_type_id": "top_bar_ad"}
    assert AdFactory.build(campaign=CampaignFactory(), **left).full_clean() is None
    # It is no file of this installation.
    elsewhere = create(media_type="image", media_url=small["media_url"].replace("studio", "cdn"))
    assert elsewhere.status_code == 201


def test_the_position_of_an_ad_is_not_changed_to_one_that_its_file_does_not_fit(
    client: APIClient, create: Callable[..., Any]
) -> None:
    found = upload(client, picture(1920, 1200)).json()
    ad = create(ad_type_id="center_left_content_ad", media_type="image", media_url=found["media_url"]).json()

    def change(**fields: str) -> Any:
        return client.patch(f"/api/ads/{ad['ad_id']}", fields)

    assert codes_of(change(ad_type_id="top_bar_ad")) == {"media_url": ["too_many_pixels"]}
    MediaFile.objects.all().delete()
    assert codes_of(change(ad_type_id="center_right_content_ad")) == {"media_url": ["no_such_file"]}
    # Other fields may change, as for any stored ad.
    assert change(ad_name="Renamed").status_code == 200


def test_the_console_says_what_does_not_fit(cast: Cast, client: APIClient, console_for: ConsoleFor) -> None:
    url = upload(client, picture(1920, 1200)).json()["media_url"]
    campaign = CampaignFactory(campaign_created_by=cast.owner)
    console, page = console_for(cast.owner), f"/admin/ads/ad/add/?campaign={campaign.pk}"

    answer = console.post(
        page, form_data(console.get(page), ad_type_id="top_bar_ad", media_type="image", media_url=url)
    )

    assert "This is 1920 × 1200 pixels. Scale it down to at most 3840 × 400." in errors_of(answer)


@pytest.mark.parametrize("site", ["http://localhost:8000", "https://studio", "https://10.0.0.5:8443"])
def test_an_installation_is_called_as_its_users_call_it(
    site: str, settings: Any, client: APIClient, create: Callable[..., Any]
) -> None:
    settings.PUBLIC_URL = site
    found = upload(client, picture()).json()

    assert found["media_url"].startswith(f"{site}/media/")
    assert create(media_type="image", media_url=found["media_url"]).status_code == 201
    assert codes_of(create(media_type="image", media_url="https://studio/other")) == {"media_url": ["url_without_host"]}


def test_only_ads_with_an_uploaded_file_cost_more(client: APIClient, create: Callable[..., Any]) -> None:
    found = upload(client, picture()).json()

    def queries(url: str) -> int:
        with CaptureQueriesContext(connection) as caught:
            assert create(media_type="image", media_url=url).status_code == 201
        return len(caught)

    elsewhere, here = queries("https://example.com/a.png"), queries(found["media_url"])

    assert here == elsewhere + 2
