"""Searches find what contains a text, whatever the case and the accents."""

import sys
import unicodedata
from collections.abc import Callable

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test import Client
from rest_framework.test import APIClient

from accounts.tests.factories import Cast
from ads.models import Ad, Device
from ads.tests.factories import AdFactory, DeviceFactory
from advertisers.models import Advertiser
from advertisers.tests.factories import AdvertiserFactory
from campaign_studio.lookups import search_key_sql
from campaigns.models import Campaign
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("summer", True),
        ("SUMMER", True),
        ("mer sa", True),
        ("100%", True),
        ("a\\b", True),
        ("un_der", True),
        ("", True),
        ("winter", False),
        ("%", True),
        ("s%r", False),
        ("1_0%", False),
        ("under", False),
        ("ä", True),
        ("Ä", True),
        ("'; --", False),
    ],
)
def test_a_text_is_found_in_any_case(text: str, found: bool) -> None:
    CampaignFactory(campaign_name="Summer Sale 100% a\\b un_der Ä")

    assert Campaign.objects.filter(campaign_name__matches=text).exists() == found


def test_a_percent_sign_is_not_a_wildcard() -> None:
    AdvertiserFactory(advertiser_name="Acme")

    assert not Advertiser.objects.filter(advertiser_name__matches="%").exists()
    assert not Advertiser.objects.filter(advertiser_name__matches="_").exists()


NAME = "Zürich Straßenfest … Ñandú – ŁÓDŹ Πόλεμος O’Neill"
TERMS = ["Zurich", "zu\u0308rich", "ZÜRICH", "urich stra", "nandu", "strassenfest", "STRAẞE", "straße", "-", "lodz"]
TERMS += ["ΠΟΛΕΜΟΣ", "πολεμος", "o'neill", "ｚｕｒｉｃｈ", "zu\u00adrich"]


@pytest.mark.parametrize("name", [NAME, unicodedata.normalize("NFD", NAME), NAME.upper()])
@pytest.mark.parametrize("term", TERMS)
def test_accents_and_variants_of_letters_do_not_count(name: str, term: str) -> None:
    CampaignFactory(campaign_name=name)

    assert Campaign.objects.filter(campaign_name__matches=term).exists()


@pytest.mark.parametrize("term", ["zuerich", "％", "＿", "b", "saint"])
def test_other_letters_are_not_found(term: str) -> None:
    CampaignFactory(campaign_name=NAME)

    assert not Campaign.objects.filter(campaign_name__matches=term).exists()


@pytest.mark.parametrize(
    ("list_of", "url", "page"),
    [
        ("campaign_name", "/api/campaigns", "/admin/campaigns/campaign/"),
        ("ad_name", "/api/ads", "/admin/ads/ad/"),
        ("advertiser_name", "/api/advertisers", "/admin/advertisers/advertiser/"),
        ("first_name", "/api/users", "/admin/accounts/user/"),
        ("fleet", "/api/devices", "/admin/ads/device/"),
    ],
)
def test_every_list_ignores_accents(
    list_of: str,
    url: str,
    page: str,
    cast: Cast,
    client_for: Callable[[object], APIClient],
    console_for: Callable[[object], Client],
) -> None:
    AdFactory(ad_name="Ñandú ad", campaign__campaign_name="Ñandú campaign")
    AdvertiserFactory(advertiser_name="Ñandú advertiser")
    DeviceFactory(fleet="Ñandú fleet")
    cast.user.first_name = "Ñandú"
    cast.user.save()

    found = client_for(cast.system_admin).get(url, {"search": "nandu"}).json()
    assert [row[list_of][:5] for row in found["results"]] == ["Ñandú"]
    assert client_for(cast.system_admin).get(url, {"search": "nanduu"}).json()["count"] == 0
    shown = console_for(cast.system_admin).get(page, {"q": "nandu"}).context["cl"]
    assert [getattr(row, list_of)[:5] for row in shown.result_list] == ["Ñandú"]


@pytest.mark.parametrize(
    ("rows", "index"),
    [
        (Campaign.objects.filter(campaign_name__matches="zürich"), "campaigns_search"),
        (Ad.objects.filter(ad_name__matches="zürich"), "ads_search"),
        (Advertiser.objects.filter(advertiser_name__matches="zürich"), "advertisers_search"),
        (Advertiser.objects.filter(city__matches="zürich"), "advertisers_search"),
        (Device.objects.filter(fleet__matches="zürich"), "devices_search"),
        (Device.objects.filter(device_id__matches="zürich"), "devices_search"),
    ],
)
def test_a_search_uses_the_trigram_index(rows: QuerySet, index: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")

    plan = rows.order_by().explain()
    assert index in plan
    # The condition is inlined: no function is called for each row.
    assert "search_key" not in plan


@pytest.mark.matrix
def test_a_part_of_a_text_is_always_found_in_it() -> None:
    assigned = [
        chr(code) for code in range(1, sys.maxunicode + 1) if unicodedata.category(chr(code)) not in ("Cn", "Cs")
    ]
    forms = [unicodedata.normalize(form, letter) for letter in assigned for form in ("NFC", "NFD", "NFKD")]
    variants = assigned + [letter.upper() for letter in assigned] + [letter.lower() for letter in assigned]

    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT part FROM unnest(%s::text[]) AS part
            WHERE strpos(search_key('Xé' || part || 'É–ßy'), search_key(part)) = 0""",
            [[*forms, *variants]],
        )
        assert cursor.fetchall() == []
        cursor.execute(
            "SELECT one, other FROM unnest(%s::text[], %s::text[]) AS pair (one, other) "
            "WHERE search_key(one) <> search_key(other)",
            [forms, [letter for letter in assigned for _ in range(3)]],
        )
        assert {one for one, _ in cursor.fetchall()} == {" \u0301"}


def test_the_database_has_the_search_key_of_the_code() -> None:
    definition = "SELECT pg_get_functiondef('search_key(text)'::regprocedure)"
    with connection.cursor() as cursor:
        cursor.execute(definition)
        before = cursor.fetchone()
        cursor.execute(search_key_sql())
        cursor.execute(definition)
        assert cursor.fetchone() == before
