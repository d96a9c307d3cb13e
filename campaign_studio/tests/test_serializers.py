"""Serializers validate a copy: the loaded row stays unchanged."""

import copy
from typing import Any

import pytest
from django.db import models
from django.utils.translation import override
from rest_framework.exceptions import ValidationError

from accounts.api.serializers import SelfSerializer
from accounts.tests.factories import UserFactory
from ads.api.serializers import AdSerializer
from ads.models import Ad
from ads.tests.factories import AdContentRatingFactory, AdFactory
from advertisers.api.serializers import AdvertiserSerializer
from advertisers.tests.factories import AdvertiserFactory
from campaign_studio.api.serializers import StudioSerializer
from campaigns.api.serializers import CampaignSerializer
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db


def state_of(row: models.Model) -> dict[str, Any]:
    """The state of a row: its values, its stored values, and its cached relations."""
    values = {name: copy.copy(value) for name, value in vars(row).items() if name != "_state"}
    return values | {"adding": row._state.adding, "related": dict(row._state.fields_cache)}


def loaded(factory: Any) -> Any:
    return factory._meta.model.objects.get(pk=factory().pk)


@pytest.mark.parametrize(
    ("factory", "serializer", "change"),
    [
        (CampaignFactory, CampaignSerializer, {"campaign_name": "Other", "campaign_end_date": "2000-01-01"}),
        (AdFactory, AdSerializer, {"ad_name": "Other", "media_type": "image"}),
        (AdFactory, AdSerializer, {"ad_name": "Other", "ad_status": "active", "content_rating": None}),
        (AdvertiserFactory, AdvertiserSerializer, {"advertiser_name": "Other", "timezone": "Moon/Crater"}),
        (UserFactory, SelfSerializer, {"first_name": "Other", "username": "not@allowed"}),
    ],
)
def test_a_refused_change_leaves_the_loaded_row_unchanged(
    factory: Any, serializer: type[StudioSerializer], change: dict[str, Any]
) -> None:
    row = loaded(factory)
    before = state_of(row)

    assert not serializer(row, data=change, partial=True, context={"request": None}).is_valid()
    assert state_of(row) == before


def test_a_change_refused_by_a_part_leaves_the_loaded_row_unchanged() -> None:
    ad = loaded(AdFactory)
    before = state_of(ad)
    slot = {"time_slot_start": "07:07", "time_slot_end": "08:00"}
    serializer = AdSerializer(ad, data={"ad_name": "Other", "time_slots": [slot]}, partial=True)
    serializer.is_valid(raise_exception=True)

    with pytest.raises(ValidationError):
        serializer.save()

    assert state_of(ad) == before


def test_a_change_is_written_by_the_copy() -> None:
    ad = Ad.objects.select_related("campaign", "content_rating").get(pk=AdContentRatingFactory().ad.pk)
    before, rating = state_of(ad), ad.content_rating
    change = {"ad_name": "Other", "content_rating": {"rating_label": "R"}}
    serializer = AdSerializer(ad, data=change, partial=True)
    serializer.is_valid(raise_exception=True)

    saved = serializer.save()

    assert (saved.ad_name, saved.stored("ad_name"), saved.version) == ("Other", "Other", ad.version + 2)
    assert state_of(ad) == before
    assert ad.content_rating is rating
    # Related rows are not loaded again.
    assert saved.campaign is ad.campaign


def test_a_new_row_starts_from_the_one_in_the_context() -> None:
    start = Ad(campaign=CampaignFactory())
    before = state_of(start)
    body = {"ad_name": "Coffee", "ad_type_id": "top_bar_ad", "media_type": "text", "media_content": "Fresh"}
    serializer = AdSerializer(data=body, context={"new_row": start})
    serializer.fields["campaign_id"].required = False

    serializer.is_valid()

    assert serializer.proposed.campaign is start.campaign
    assert state_of(start) == before


def test_a_serializer_may_alter_its_fields_without_altering_those_of_the_next_one() -> None:
    first = CampaignSerializer(context={"reader": "first"})
    altered: Any = first.fields["audience_targeting"]
    first.fields["campaign_name"].required = False
    altered.child.fields["region"].required, altered.max_length = True, 1
    del first.fields["ads"]

    second = CampaignSerializer(context={"reader": "second"})

    assert second.fields["campaign_name"].required
    assert "ads" in second.fields
    targets: Any = second.fields["audience_targeting"]
    assert (targets.child.fields["region"].required, targets.max_length) == (False, 300)
    assert second.fields["advertiser_id"].context["reader"] == "second"
    assert targets.child.fields["cities"].child.context["reader"] == "second"
    assert first.fields["advertiser_id"].context["reader"] == "first"


def test_what_depends_on_the_instance_is_decided_for_each() -> None:
    advertiser = AdvertiserFactory()

    assert [AdvertiserSerializer(row).fields["contacts"].required for row in (None, advertiser, None)] == [
        True,
        False,
        True,
    ]


def test_messages_of_fields_are_in_the_language_of_their_reader() -> None:
    """DRF puts a limit into a message once, in the language of the first reader."""

    def message(language: str) -> str:
        with override(language):
            serializer = CampaignSerializer(data={"campaign_name": "x" * 256})
            serializer.is_valid()
            return str(serializer.errors["campaign_name"][0])

    assert message("de") != message("en-gb")
    assert (message("de"), message("en-gb")) == (message("de"), message("en-gb"))
