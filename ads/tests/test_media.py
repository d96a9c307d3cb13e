"""The media rule: which position takes which medium, and what each medium needs."""

from typing import Any

import pytest

from ads import media
from ads.choices import AdType, MediaType
from ads.tests.factories import AdFactory
from campaign_studio.tests.refusals import assert_database_refuses, assert_model_refuses, write_past_the_model

pytestmark = pytest.mark.django_db

BAR = ["text", "image", "gif"]
EVERY_MEDIUM = [*BAR, "video", "html", "news_rss", "events", "breaking_news", "alerts"]
TAKES = {
    "top_bar_ad": BAR,
    "bottom_left_ad": BAR,
    "bottom_right_ad": BAR,
    "bottom_center_ad": BAR,
    "center_right_content_ad": EVERY_MEDIUM,
    "center_left_content_ad": EVERY_MEDIUM,
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


def test_the_matrix_names_every_position_and_medium() -> None:
    assert list(TAKES) == AdType.values
    assert list(NEEDS) == EVERY_MEDIUM == MediaType.values


@pytest.mark.parametrize("medium", EVERY_MEDIUM)
@pytest.mark.parametrize("position", TAKES)
def test_every_cell_of_position_and_medium(position: str, medium: str) -> None:
    ad = AdFactory(ad_type_id="center_left_content_ad", **FILLED)
    changes = {"ad_type_id": position, "media_type": medium}

    if medium in TAKES[position]:
        write_past_the_model(ad, **changes)()
        ad.refresh_from_db()
        ad.full_clean()
    else:
        assert_database_refuses("ad_position_takes_the_media", write_past_the_model(ad, **changes))
        assert_model_refuses(ad, "media_type", "The bars take text, image and gif only", **changes)


@pytest.mark.parametrize("empty", [None, ""], ids=repr)
@pytest.mark.parametrize("medium", EVERY_MEDIUM)
def test_a_medium_without_what_it_needs_is_refused_twice(medium: str, empty: str | None) -> None:
    ad = AdFactory(ad_type_id="center_left_content_ad", **FILLED)
    changes = {"media_type": medium, NEEDS[medium]: empty}

    # An empty address is no http address either; which of the two rules speaks first is the database's choice.
    if empty is None or NEEDS[medium] == "media_content":
        assert_database_refuses("ad_has_what_its_media_needs", write_past_the_model(ad, **changes))
    assert_model_refuses(ad, "__all__", "image, gif, video and news_rss need media_url", **changes)


@pytest.mark.parametrize("medium", EVERY_MEDIUM)
def test_a_medium_needs_nothing_else(medium: str) -> None:
    other = "media_url" if NEEDS[medium] == "media_content" else "media_content"
    changes: dict[str, Any] = FILLED | {other: None}

    AdFactory(ad_type_id="center_left_content_ad", media_type=medium, **changes).full_clean()


@pytest.mark.parametrize("field", ["media_url", "ad_advertiser_forwarding_url"])
@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "ftp://example.com/spot",
        "file:///etc/passwd",
        "//example.com/spot",
        "example.com/spot",
        "https://",
        " https://example.com",
        "https://example.com/a b",
        "xhttps://example.com",
    ],
)
def test_an_address_that_is_not_http_is_refused_twice(field: str, address: str) -> None:
    ad = AdFactory()

    assert_database_refuses(f"{field}_is_http", write_past_the_model(ad, **{field: address}))
    assert_model_refuses(ad, field, "starts with http:// or https://", **{field: address})


@pytest.mark.parametrize("field", ["media_url", "ad_advertiser_forwarding_url"])
def test_an_address_on_a_second_line_is_refused_twice(field: str) -> None:
    ad, address = AdFactory(), "javascript:alert(1)\nhttps://example.com"

    assert_database_refuses(f"{field}_is_http", write_past_the_model(ad, **{field: address}))
    assert_model_refuses(ad, field, "starts with http:// or https://", **{field: address})


@pytest.mark.parametrize("field", ["media_url", "ad_advertiser_forwarding_url"])
@pytest.mark.parametrize(
    "address", ["http://example.com", "HTTPS://EXAMPLE.COM/Spot?a=1#b", "https://münchen.example/ß", "http://[::1]:80/"]
)
def test_an_http_address_is_accepted(field: str, address: str) -> None:
    AdFactory(**{field: address}).full_clean()


@pytest.mark.parametrize(
    ("field", "longest"),
    [
        ("media_url", media.MAX_URL_LENGTH),
        ("ad_advertiser_forwarding_url", media.MAX_URL_LENGTH),
        ("media_content", media.MAX_CONTENT_LENGTH),
    ],
)
def test_a_text_that_is_too_long_is_refused(field: str, longest: int) -> None:
    ad, start = AdFactory(), "https://example.com/"

    assert_model_refuses(ad, field, "", **{field: start + "x" * (longest - len(start) + 1)})
    setattr(ad, field, start + "x" * (longest - len(start)))
    ad.full_clean()
