"""The names of campaigns, ads and advertisers stay on their line, through every door."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import models
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import Cast
from ads.models import Ad
from ads.tests.factories import AdFactory
from advertisers.models import Advertiser
from campaign_studio.tests.browser import errors_of, form_data
from campaigns.models import Campaign

pytestmark = pytest.mark.django_db

MESSAGE = "This name contains a hidden character or a line break (U+202E). Remove it."
THINGS: list[tuple[type[models.Model], str, str, str]] = [
    (Campaign, "campaign_name", "/api/campaigns/{}", "/admin/campaigns/campaign/{}/change/"),
    (Ad, "ad_name", "/api/ads/{}", "/admin/ads/ad/{}/change/"),
    (Advertiser, "advertiser_name", "/api/advertisers/{}", "/admin/advertisers/advertiser/{}/change/"),
]


def thing_of(kind: type[models.Model], owner: User) -> Any:
    """A row of this kind that `owner` may change."""
    people = {"ad_created_by": owner, "campaign__campaign_created_by": owner}
    ad = AdFactory(
        **people,
        campaign__advertiser=Advertiser.objects.create(
            advertiser_name="Acme", advertiser_type="business", created_by=owner
        ),
    )
    ad.campaign.advertiser.contacts.create(contact_name="Ann", contact_email="ann@example.com")
    rows: list[Any] = [ad, ad.campaign, ad.campaign.advertiser]
    return next(row for row in rows if isinstance(row, kind))


@pytest.mark.parametrize(("kind", "field", "url", "page"), THINGS)
def test_a_new_name_that_turns_lines_around_is_refused_and_an_old_one_may_stay(
    kind: type[models.Model],
    field: str,
    url: str,
    page: str,
    cast: Cast,
    client_for: Callable[[User | None], APIClient],
    console_for: Callable[[User | None], Client],
) -> None:
    key = thing_of(kind, cast.owner).pk
    client, console, page = client_for(cast.owner), console_for(cast.owner), page.format(key)

    assert client.patch(url.format(key), {field: "Sale \u202egpj"}).json() == {field: [MESSAGE]}
    assert errors_of(console.post(page, form_data(console.get(page), **{field: "Sale \u202egpj"}))) == [MESSAGE]

    assert client.patch(url.format(key), {field: "Sale\r\nof\nthe year"}).json()[field] == "Sale of the year"
    kind._default_manager.filter(pk=key).update(**{field: "Old \u202eelas"})
    assert console.post(page, form_data(console.get(page))).status_code == 302
    assert client.patch(url.format(key), {field: "Old \u202eelas"}).status_code == 200
