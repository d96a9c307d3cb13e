"""Which media types each position accepts, and what each type needs."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import Cast
from ads import media
from ads.choices import AdType, MediaType
from ads.tests.factories import AdFactory
from campaign_studio.tests.bodies import ad_body
from campaign_studio.tests.browser import errors_of, form_data
from campaign_studio.tests.refusals import assert_database_refuses, assert_model_refuses, write_past_the_model
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db

ClientFor = Callable[[User | None], APIClient]
ConsoleFor = Callable[[User | None], Client]

BAR = ["text", "image", "gif"]
EVERY_TYPE = [*BAR, "video", "html", "news_rss", "events", "breaking_news", "alerts"]
ACCEPTS = {
    "top_bar_ad": BAR,
    "bottom_left_ad": BAR,
    "bottom_right_ad": BAR,
    "bottom_center_ad": BAR,
    "center_right_content_ad": EVERY_TYPE,
    "center_left_content_ad": EVERY_TYPE,
}
NEEDS = {
    "text": "media_content",
    "image": "media_url",
    "gif": "media_url",
    "video": "media_url",
    "html": "media_content",
    "news_rss": "media_url",
    "events": "media_content",
    "breaking_news": "media_content",
    "alerts": "media_content",
}
FILLED = {"media_url": "https://example.com/spot", "media_content": "Hello"}


def test_the_matrix_has_every_position_and_media_type() -> None:
    assert list(ACCEPTS) == AdType.values
    assert list(NEEDS) == EVERY_TYPE == MediaType.values


@pytest.mark.parametrize("media_type", EVERY_TYPE)
@pytest.mark.parametrize("position", ACCEPTS)
def test_each_position_accepts_only_its_media_types(position: str, media_type: str) -> None:
    ad = AdFactory(ad_type_id="center_left_content_ad", **FILLED)
    changes = {"ad_type_id": position, "media_type": media_type}

    if media_type in ACCEPTS[position]:
        write_past_the_model(ad, **changes)()
        ad.refresh_from_db()
        ad.full_clean()
    else:
        assert_database_refuses("ad_position_takes_the_media", write_past_the_model(ad, **changes))
        assert_model_refuses(ad, "media_type", "ad_position_takes_the_media", **changes)


@pytest.mark.parametrize("empty", [None, ""], ids=repr)
@pytest.mark.parametrize("media_type", EVERY_TYPE)
def test_model_and_database_refuse_a_media_type_without_what_it_needs(media_type: str, empty: str | None) -> None:
    ad = AdFactory(ad_type_id="center_left_content_ad", **FILLED)
    changes = {"media_type": media_type, NEEDS[media_type]: empty}

    # An empty URL also violates another constraint, and PostgreSQL may report either.
    if empty is None or NEEDS[media_type] == "media_content":
        assert_database_refuses("ad_has_what_its_media_needs", write_past_the_model(ad, **changes))
    assert_model_refuses(ad, "__all__", "ad_has_what_its_media_needs", **changes)


@pytest.mark.parametrize("media_type", EVERY_TYPE)
def test_a_media_type_needs_nothing_else(media_type: str) -> None:
    other = "media_url" if NEEDS[media_type] == "media_content" else "media_content"
    changes: dict[str, Any] = FILLED | {other: None}

    AdFactory(ad_type_id="center_left_content_ad", media_type=media_type, **changes).full_clean()


REFUSED_URLS = {
    "javascript:alert(1)": "url_of_other_scheme",
    "data:text/html,<script>alert(1)</script>": "url_of_other_scheme",
    "ftp://example.com/spot": "url_of_other_scheme",
    "file:///etc/passwd": "url_of_other_scheme",
    "xhttps://example.com": "url_of_other_scheme",
    "//example.com/spot": "url_without_scheme",
    "example.com/spot": "url_without_scheme",
    "localhost:8000/spot": "url_without_scheme",
    "https://": "url_without_host",
    "https:///spot": "url_without_host",
    "https:/example.com": "url_without_host",
    " https://example.com": "url_with_space",
    "https://example.com/a b": "url_with_space",
    "https://exam\u200bple.com/": "url_with_hidden_character",
    "https://example.com/\u202egpj.exe": "url_with_hidden_character",
}


@pytest.mark.parametrize("field", media.URL_FIELDS)
@pytest.mark.parametrize("url", REFUSED_URLS)
def test_model_and_database_refuse_a_url_that_is_not_http(field: str, url: str) -> None:
    ad = AdFactory()

    assert_database_refuses(f"{field}_is_http", write_past_the_model(ad, **{field: url}))
    assert_model_refuses(ad, field, REFUSED_URLS[url], **{field: url})


@pytest.mark.parametrize("field", media.URL_FIELDS)
def test_model_and_database_refuse_a_url_on_a_second_line(field: str) -> None:
    ad, url = AdFactory(), "javascript:alert(1)\nhttps://example.com"

    assert_database_refuses(f"{field}_is_http", write_past_the_model(ad, **{field: url}))
    assert_model_refuses(ad, field, "url_with_hidden_character", **{field: url})


@pytest.mark.parametrize(
    "host", ["my..host", "-x.com", "example.com:99999999", "[zz]", "exa<mple.com", "example", "user:pw@example"]
)
def test_a_host_that_can_not_exist_is_refused(host: str) -> None:
    assert_model_refuses(AdFactory(), "media_url", "url_without_host", media_url=f"https://{host}/")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (
            "https://example.com/a b.png",
            "This URL contains a space after “https://example.com/a”. Remove it, or write %20 for it.",
        ),
        (
            "https://example.com/a\u200b.png",
            "This URL contains a hidden character (U+200B) after “https://example.com/a”. "
            "Remove it, or type the URL again.",
        ),
        (
            "\u200bhttps://example.com",
            "This URL begins with a hidden character (U+200B). Remove it, or type the URL again.",
        ),
        (
            "cdn.example.com/a.png",
            "This URL lacks https:// or http:// at the beginning. Enter https://cdn.example.com/a.png.",
        ),
        ("ftp://example.com/a", "This URL begins with ftp:. Use one that begins with https:// or http://."),
        ("https:example.com", "Write two slashes and a host after http: or https:, as in https://example.com."),
        (
            "https://my..host/a",
            "“my..host” in this URL is not the name of a host, such as example.com or example.com:8080.",
        ),
        (
            "https://example.com:99999/a",
            "“example.com:99999” in this URL is not the name of a host, such as example.com or example.com:8080.",
        ),
    ],
)
def test_a_refused_url_is_told_what_is_wrong_through_both_doors(
    url: str, message: str, cast: Cast, client_for: ClientFor, console_for: ConsoleFor
) -> None:
    campaign = CampaignFactory(campaign_created_by=cast.owner)
    answer = client_for(cast.owner).post("/api/ads", ad_body(campaign_id=campaign.pk, media_url=url))
    assert answer.json() == {"media_url": [message]}

    console = console_for(cast.owner)
    page = f"/admin/ads/ad/add/?campaign={campaign.pk}"
    assert message in errors_of(console.post(page, form_data(console.get(page), media_url=url)))


@pytest.mark.parametrize("field", ["media_url", "ad_advertiser_forwarding_url"])
@pytest.mark.parametrize(
    "url",
    [
        "http://example.com",
        "HTTPS://EXAMPLE.COM/Spot?a=1#b",
        "https://münchen.example/ß",
        "http://[::1]:80/",
        "https://my_cdn.example.com/a_b",
    ],
)
def test_an_http_url_is_accepted(field: str, url: str) -> None:
    AdFactory(**{field: url}).full_clean()


@pytest.mark.parametrize(
    ("field", "longest"),
    [
        ("media_url", media.MAX_URL_LENGTH),
        ("ad_advertiser_forwarding_url", media.MAX_URL_LENGTH),
        ("media_content", media.MAX_CONTENT_LENGTH),
    ],
)
def test_a_value_that_is_too_long_is_refused(field: str, longest: int) -> None:
    ad, start = AdFactory(), "https://example.com/"

    assert_model_refuses(ad, field, "", **{field: start + "x" * (longest - len(start) + 1)})
    setattr(ad, field, start + "x" * (longest - len(start)))
    ad.full_clean()
