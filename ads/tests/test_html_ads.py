"""User input never becomes part of a page: texts are escaped, and HTML ads are in a sandboxed frame."""

from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from django.contrib import admin
from django.db import models
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import Cast
from ads.console.moderation import PREVIEW_START
from ads.models import Ad
from ads.tests.factories import AdFactory
from advertisers.models import Advertiser, AdvertiserBankAccount, AdvertiserContact
from campaign_studio.encryption import EncryptedTextField
from campaign_studio.tests.browser import errors_of, form_data
from campaign_studio.tests.refusals import assert_database_refuses, write_past_the_model
from campaign_studio.tests.scenes import scene
from campaigns.models import Campaign, CampaignAudienceTargeting

pytestmark = [pytest.mark.django_db, pytest.mark.matrix]

ConsoleFor = Callable[[User | None], Client]
ClientFor = Callable[[User | None], APIClient]
PAYLOADS = [
    "<script>pwn()</script>",
    "</script><script>pwn()</script>",
    "</title></textarea></select><script>pwn()</script>",
    "<img src=x onerror=pwn()>",
    "'\"><svg onload=pwn()>",
    '" autofocus onfocus="pwn()" x="',
    "' x-data x-init='pwn()",
    "');pwn();('",
    "<a href=javascript:pwn()>",
    "<iframe srcdoc='<script>pwn()</script>'>",
    "{{pwn()}}{% pwn() %}${pwn()}",
    "<!--<b>pwn()",
    "&lt;script&gt;pwn()&lt;/script&gt;",
]
# Two at a time, which halves the number of requests.
PAIRS = ["".join(pair) for pair in zip(PAYLOADS[::2], [*PAYLOADS[1::2], ""], strict=True)]
# Prefixes of attributes whose values a browser or Alpine runs.
RUNS = ("on", "x-", "@", ":", "hx-")


class Page(HTMLParser):
    """A parsed page: its elements, and the scripts that a browser would run."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.run: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.elements.append((tag, given))
        self.run += [f"{name}={value}" for name, value in given.items() if name.startswith(RUNS)]
        self.run += [value for value in given.values() if value.strip().lower().startswith("javascript:")]

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "script":
            self.run.append(data)

    def every(self, wanted: str) -> list[dict[str, str]]:
        """The attributes of each element with this tag."""
        return [given for tag, given in self.elements if tag == wanted]


def assert_harmless(answer: Any) -> None:
    page = Page(answer.content.decode())
    assert not [text for text in page.run if "pwn" in text], answer.request["PATH_INFO"]
    assert not [given for tag, given in page.elements if "pwn" in f"{tag}{list(given)}"]
    for given in page.every("a"):
        if given.get("href", "").startswith("http"):
            assert "noopener" in given.get("rel", ""), given


def fill(row: models.Model, text: str) -> None:
    """Write the text into every text field that is long enough, without validation."""
    for field in row._meta.concrete_fields:
        is_text = isinstance(field, models.CharField | models.TextField) and not isinstance(field, EncryptedTextField)
        is_free = is_text and not field.choices and "url" not in field.name and field.name not in ("password", "email")
        if is_free and not field.primary_key and (field.max_length or 999) >= len(text):
            setattr(row, field.name, text)
    for field in row._meta.concrete_fields:
        if "url" in field.name and " " not in text:
            setattr(row, field.name, f"https://example.com/{text}")
    row.save()


@pytest.fixture
def stage(cast: Cast) -> Callable[[str], Ad]:
    """`stage(text)` creates one of everything with that text in it, and returns the ad."""

    def make(text: str) -> Ad:
        keys = scene(cast.owner)
        user = User.objects.get(pk=cast.owner.pk)
        user.first_name = user.last_name = text
        user.save()
        for model in (Campaign, CampaignAudienceTargeting, Advertiser, AdvertiserContact, AdvertiserBankAccount):
            fill(model._base_manager.first() or pytest.fail(model.__name__), text)
        ad = Ad.objects.get(pk=keys["ad_id"])
        fill(ad, text)
        return ad

    return make


def addresses(ad: Ad) -> list[str]:
    """Every page of the console that shows stored values."""
    found = ["/admin/", "/admin/search/?s=pwn&extended=1", "/admin/search/?s=pwn"]
    for model, its_admin in admin.site._registry.items():
        site = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        found.append(reverse(f"{site}_changelist"))
        if its_admin.search_fields:
            found.append(f"{found[-1]}?q=%3Cscript%3Epwn()")
        row: Any = model._base_manager.order_by("pk").last()
        if model in (Ad, Campaign, Advertiser, User):
            row = {Ad: ad, Campaign: ad.campaign, User: ad.ad_created_by}.get(model, row)
            found += [reverse(f"{site}_{view}", args=[row.pk]) for view in ("change", "history", "delete")]
        elif row is not None:
            found.append(reverse(f"{site}_change", args=[row.pk]))
    account = AdvertiserBankAccount.objects.get()
    found.append(reverse("admin:advertisers_bank_account_reveal", args=[account.advertiser_id, account.pk]))
    return [*found, *(f"/admin/ads/ad/{ad.pk}/{decision}/" for decision in ("approve", "reject"))]


@pytest.mark.parametrize("text", PAIRS)
def test_user_input_is_escaped_on_every_page(
    text: str, cast: Cast, stage: Callable[[str], Ad], console_for: ConsoleFor
) -> None:
    ad = stage(text)
    client = console_for(cast.system_admin)
    shown = 0
    for address in addresses(ad):
        answer = client.get(address, follow=True)
        assert answer.status_code == 200, address
        assert_harmless(answer)
        shown += "pwn" in answer.content.decode()
    assert shown >= 15


@pytest.mark.parametrize("text", PAIRS)
def test_user_input_is_escaped_in_bulk_actions_and_messages(
    text: str, cast: Cast, stage: Callable[[str], Ad], console_for: ConsoleFor
) -> None:
    ad = stage(text)
    client = console_for(cast.system_admin)
    chosen = {"_selected_action": str(ad.pk)}
    decided = {"decide": "", "note": text}
    for body in ({"action": "delete_selected"}, {"action": "reject_selected"}, {"action": "reject_selected"} | decided):
        answer = client.post("/admin/ads/ad/", chosen | body, follow=True)
        assert "pwn" in answer.content.decode()
        assert_harmless(answer)
    page = client.get(reverse("admin:campaigns_campaign_change", args=[ad.campaign_id]))
    assert_harmless(client.post(page.request["PATH_INFO"], form_data(page), follow=True))


@pytest.mark.parametrize("role", ["campaign_manager", "content_moderator"])
def test_user_input_is_escaped_in_read_only_forms(
    role: str, cast: Cast, stage: Callable[[str], Ad], console_for: ConsoleFor
) -> None:
    ad = stage("<img src=x onerror=pwn()>")
    answer = console_for(cast.in_role(role)).get(reverse("admin:ads_ad_change", args=[ad.pk]))

    assert "pwn" in answer.content.decode()
    assert_harmless(answer)


def test_the_parser_finds_what_is_not_escaped() -> None:
    for text in PAYLOADS[:4]:
        assert [run for run in Page(f"<p>{text}</p>").run if "pwn" in run]
    assert Page('<p title="" x-init="pwn()">').run
    assert not Page("<p>&lt;script&gt;pwn()&lt;/script&gt;</p>").run


# --- Previews --------------------------------------------------------------------------------------------------------


def review_of(ad: Ad, client: Client) -> Page:
    answer = client.get(f"/admin/ads/ad/{ad.pk}/approve/")
    assert_harmless(answer)
    return Page(answer.content.decode())


@pytest.mark.parametrize("content", [*PAYLOADS, "<h1>Coffee</h1>", "</iframe><script>pwn()</script>"])
def test_moderators_see_an_html_ad_in_a_sandboxed_frame(content: str, cast: Cast, console_for: ConsoleFor) -> None:
    ad = AdFactory(ad_type_id="center_left_content_ad", media_type="html", media_content=content)
    frames = review_of(ad, console_for(cast.content_moderator)).every("iframe")

    assert len(frames) == 1
    assert frames[0]["sandbox"] == ""
    assert frames[0]["referrerpolicy"] == "no-referrer"
    assert frames[0]["title"] == f"Preview of {ad.ad_name}"
    assert frames[0]["srcdoc"] == PREVIEW_START + content
    assert "src" not in frames[0]


def test_the_preview_allows_styles_and_inline_images_only() -> None:
    policies = [given["content"] for given in Page(PREVIEW_START).every("meta") if "http-equiv" in given]

    assert policies == ["default-src 'none'; style-src 'unsafe-inline'; img-src data:"]


@pytest.mark.parametrize("media_type", ["text", "events", "breaking_news", "alerts"])
def test_other_content_is_escaped(media_type: str, cast: Cast, console_for: ConsoleFor) -> None:
    content = "<b>Now</b>\n<script>pwn()</script>"
    ad = AdFactory(ad_type_id="center_left_content_ad", media_type=media_type, media_content=content)
    page = console_for(cast.content_moderator).get(f"/admin/ads/ad/{ad.pk}/approve/")

    assert not Page(page.content.decode()).every("iframe")
    assert "&lt;b&gt;Now&lt;/b&gt;<br>&lt;script&gt;pwn()" in page.content.decode()


def test_media_and_forwarding_urls_are_links_to_a_new_tab(cast: Cast, console_for: ConsoleFor) -> None:
    goes_to = {"media_url": "https://example.com/a.png?x=1&y", "ad_advertiser_forwarding_url": "https://example.org/"}
    ad = AdFactory(media_type="image", media_content=None, **goes_to)
    links = [
        given
        for given in review_of(ad, console_for(cast.content_moderator)).every("a")
        if given.get("href") in goes_to.values()
    ]

    assert len(links) == 2
    assert all((given["target"], given["rel"]) == ("_blank", "noopener noreferrer") for given in links)


# --- Stored URLs ------------------------------------------------------------------------------------------------

URLS = ["media_url", "ad_advertiser_forwarding_url"]
BAD = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    "vbscript:x",
    "data:text/html,<script>alert(1)</script>",
    "file:///etc/passwd",
    "//example.com/x",
    "/x",
    "https:example.com",
    "https:/\\example.com",
    "https://",
    "https:///example.com",
    "https://example.com/a b",
    "https://example.com/\x01",
    "https://example.com/\x7f",
    "https://example.com/\u00a0x",
    "https://example.com/\u200bx",
    "https://example.com/\u202egpj.exe",
    "https://example.com/\r\nX: y",
    "javascript:alert(1)//\nhttps://example.com",
]


@pytest.mark.parametrize("field", URLS)
@pytest.mark.parametrize("address", BAD, ids=ascii)
def test_a_url_that_is_not_plain_http_is_refused_by_api_console_and_database(
    address: str, field: str, cast: Cast, console_for: ConsoleFor, client_for: ClientFor
) -> None:
    ad = AdFactory(campaign__campaign_created_by=cast.owner)
    answer = client_for(cast.owner).patch(f"/api/ads/{ad.pk}", {field: address})
    client = console_for(cast.owner)
    form = client.get(reverse("admin:ads_ad_change", args=[ad.pk]))
    shown = client.post(form.request["PATH_INFO"], form_data(form, **{field: address}))

    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert shown.status_code == 200
    assert errors_of(shown)
    assert_database_refuses(f"{field}_is_http", write_past_the_model(ad, **{field: address}))
    ad.refresh_from_db()
    assert getattr(ad, field) is None


@pytest.mark.parametrize("field", URLS)
@pytest.mark.parametrize(
    "address",
    [
        *["HTTP://EXAMPLE.com", "hTTps://example.com/a?b=c#d", "https://example.com/%E2%80%AE", "http://münchen.de/"],
        *["https://my_cdn.example.com/a_b", "https://_dmarc.example.com", "https://example.com/@me?to=a@b.example"],
    ],
)
def test_http_urls_in_any_case_are_accepted(address: str, field: str, cast: Cast, client_for: ClientFor) -> None:
    ad = AdFactory(campaign__campaign_created_by=cast.owner)

    assert client_for(cast.owner).patch(f"/api/ads/{ad.pk}", {field: address}).status_code == 200


@pytest.mark.parametrize("field", URLS)
@pytest.mark.parametrize(
    "address",
    [
        *["https://user:pw@example.com/", "https://user@example.com", "https://@example.com", "HTTPS://a:@EXAMPLE.com"],
        *["https://bank.example%40evil.example@example.com/", "https://user:p_w@my_cdn.example.com?x#y"],
    ],
)
def test_a_url_with_a_username_is_refused_by_api_and_console(
    address: str, field: str, cast: Cast, console_for: ConsoleFor, client_for: ClientFor
) -> None:
    ad = AdFactory(campaign__campaign_created_by=cast.owner)
    answer = client_for(cast.owner).patch(f"/api/ads/{ad.pk}", {field: address})
    client = console_for(cast.owner)
    form = client.get(reverse("admin:ads_ad_change", args=[ad.pk]))
    shown = client.post(form.request["PATH_INFO"], form_data(form, **{field: address}))

    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert shown.status_code == 200
    assert errors_of(shown)
    ad.refresh_from_db()
    assert getattr(ad, field) is None


def test_an_ad_stored_with_such_a_url_can_still_be_edited(cast: Cast, client_for: ClientFor) -> None:
    ad = AdFactory(campaign__campaign_created_by=cast.owner)
    Ad.objects.update(media_url="https://user:pw@example.com/")
    client = client_for(cast.owner)

    assert client.patch(f"/api/ads/{ad.pk}", {"ad_description": "Old"}).status_code == 200
    refused = client.patch(f"/api/ads/{ad.pk}", {"media_url": "https://user:other@example.com/"})
    assert refused.data["media_url"][0].code == "url_names_a_user"
