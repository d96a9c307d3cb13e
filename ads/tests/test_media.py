"""Which media types each position accepts, and what each type needs."""

from typing import Any

import pytest

from ads import media
from ads.choices import AdType, MediaType
from ads.tests.factories import AdFactory
from campaign_studio.tests.refusals import assert_database_refuses, assert_model_refuses, write_past_the_model

pytestmark = pytest.mark.django_db

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


@pytest.mark.parametrize("field", ["media_url", "ad_advertiser_forwarding_url"])
@pytest.mark.parametrize(
    "url",
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
def test_model_and_database_refuse_a_url_that_is_not_http(field: str, url: str) -> None:
    ad = AdFactory()

    assert_database_refuses(f"{field}_is_http", write_past_the_model(ad, **{field: url}))
    assert_model_refuses(ad, field, "invalid", **{field: url})


@pytest.mark.parametrize("field", ["media_url", "ad_advertiser_forwarding_url"])
def test_model_and_database_refuse_a_url_on_a_second_line(field: str) -> None:
    ad, url = AdFactory(), "javascript:alert(1)\nhttps://example.com"

    assert_database_refuses(f"{field}_is_http", write_past_the_model(ad, **{field: url}))
    assert_model_refuses(ad, field, "invalid", **{field: url})


@pytest.mark.parametrize("field", ["media_url", "ad_advertiser_forwarding_url"])
@pytest.mark.parametrize(
    "url", ["http://example.com", "HTTPS://EXAMPLE.COM/Spot?a=1#b", "https://münchen.example/ß", "http://[::1]:80/"]
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
