"""The database keeps what screens get of each deliverable ad, and renews it with every change."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.choices import RoleName
from ads.api.delivery_serializers import ShownAdSerializer
from ads.api.shown_documents import shown_document
from ads.models import Ad, AdContentRating, DeliverableAd
from ads.tests.delivery_scene import showing

# Columns that must fit together change at once.
CHANGES: list[tuple[Any, dict[str, Any]]] = [
    (Ad, {"ad_type_id": "center_left_content_ad"}),
    (Ad, {"ad_name": "Tea “now”\n\\ \U0001f697"}),
    (Ad, {"media_url": "https://example.com/tea.png"}),
    (Ad, {"media_content": "<b>Tea</b>\u2028"}),
    (Ad, {"media_type": "html"}),
    (Ad, {"ad_impression_duration_value": 7, "ad_impression_duration_unit": "minutes"}),
    (Ad, {"ad_impression_duration_unit": "seconds"}),
    (Ad, {"ad_in_view_duration_value": 3, "ad_in_view_duration_unit": "minutes"}),
    (Ad, {"ad_in_view_duration_unit": "seconds"}),
    (Ad, {"ad_advertiser_forwarding_url": "https://example.com/?a=1&b=2"}),
    (AdContentRating, {"warning_required": False}),
    (AdContentRating, {"rating_system": "ESRB", "rating_label": "T"}),
    (AdContentRating, {"rating_label": "E10+"}),
    (AdContentRating, {"content_warnings": ["Abuse"]}),
    (AdContentRating, {"updated_at": datetime(2026, 11, 23, 8, 15, tzinfo=UTC)}),
]


def kept() -> dict[Any, Any]:
    return {one.pk: json.loads(one.document) for one in DeliverableAd.objects.all()}


def represented() -> dict[Any, Any]:
    return {ad.pk: json.loads(json.dumps(ShownAdSerializer(ad).data)) for ad in Ad.objects.all()}


@pytest.mark.django_db
def test_every_change_of_what_screens_get_renews_the_document() -> None:
    """By any door: this is SQL. Another campaign's ad stays as it is."""
    ad, other = showing(), showing()

    for model, values in CHANGES:
        before = kept()
        model.objects.filter(ad_id=ad.pk).update(**values)
        assert kept() == represented(), values
        assert kept()[ad.pk] != before[ad.pk], values
        assert kept()[other.pk] == before[other.pk]

    changed = {name for model, values in CHANGES if model is Ad for name in values}
    assert changed == set(ShownAdSerializer().fields) - {"ad_id", "campaign_id", "content_rating"}


@pytest.mark.django_db
def test_readers_of_all_roles_get_the_same_document() -> None:
    sql = {str(Ad.objects.annotate(text=shown_document(role)).query) for role in (None, *RoleName.values)}

    assert len(sql) == 1
