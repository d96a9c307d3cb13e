"""What the database writes equals what the serializer represents, for any values that columns can have."""

import json
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import Error, models, transaction
from django.db.models import F
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.tests.factories import Cast, UserFactory
from ads.api.delivery_serializers import ShownAdSerializer
from ads.api.shown_documents import shown_document
from ads.models import Ad
from ads.tests.factories import AdContentRatingFactory, AdFactory, AdTimeSlotFactory, DeviceFactory
from advertisers.tests.factories import AdvertiserContactFactory
from campaign_studio.api.documents.statements import Kind
from campaign_studio.encryption import EncryptedTextField
from campaign_studio.tests.documents import check_document, check_rows, in_sql, represented, rows_of
from campaigns.tests.factories import AudienceTargetingFactory

pytestmark = pytest.mark.django_db

LETTERS = st.one_of(
    st.sampled_from("\"\\/'%_{}[]<>&\n\t\r\x01\x1f\x7f\u00a0\u2028\u2029\ufeff\ufffd é\u0308İ漢字🚗"),
    st.characters(codec="utf-8", exclude_characters="\x00"),
)
TEXTS = st.text(LETTERS, max_size=40)
MOMENTS = st.one_of(
    st.datetimes(timezones=st.just(UTC)),
    st.datetimes(timezones=st.just(UTC)).map(lambda at: at.replace(microsecond=0)),
    st.sampled_from([datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)]),
)
NUMBERS = st.one_of(st.integers(0, 2**31 - 1), st.integers(-(2**63), 2**63 - 1))
KINDS: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (models.DateTimeField, MOMENTS),
    (models.DateField, st.one_of(st.dates(), st.sampled_from([date.min, date.max]))),
    (models.TimeField, st.integers(0, 95).map(lambda quarter: time(quarter // 4, quarter % 4 * 15))),
    (models.BooleanField, st.booleans()),
    (models.FloatField, st.one_of(st.floats(-90, 90), st.floats(allow_nan=False, allow_infinity=False))),
    (models.IntegerField, NUMBERS),
    (models.CharField, TEXTS),
    (models.TextField, TEXTS),
]


def values_of(field: Any) -> st.SearchStrategy[Any] | None:
    """Values for a column; None for one that stays as it is, such as a key."""
    if field.primary_key or field.is_relation or isinstance(field, EncryptedTextField):
        return None
    if isinstance(field, ArrayField):
        inner = values_of(field.base_field)
        found = None if inner is None else st.lists(inner, max_size=4)
    elif field.choices:
        found = st.sampled_from([value for value, _label in field.flatchoices])
    else:
        found = next((values for kind, values in KINDS if isinstance(field, kind)), None)
    return st.one_of(st.none(), found) if found is not None and field.null else found


@pytest.fixture
def rows(cast: Cast) -> list[Any]:
    """A row of each table, with the related ones."""
    contact = AdvertiserContactFactory()
    full, other = AdFactory(campaign__advertiser=contact.advertiser), AdFactory()
    parts = [
        AdTimeSlotFactory(ad=full),
        AdContentRatingFactory(ad=full),
        AudienceTargetingFactory(campaign=full.campaign),
    ]
    more = [
        AdTimeSlotFactory(ad=full, time_slot_start=time(20), time_slot_end=time(21)),
        DeviceFactory(),
        UserFactory(),
    ]
    return [*parts, *more, full, other, full.campaign, other.campaign, contact.advertiser, contact]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_database_writes_what_the_serializer_represents(data: st.DataObject, cast: Cast, rows: list[Any]) -> None:
    reader = cast.system_admin
    with transaction.atomic():
        for row in rows:
            shaken(row, data)
        for kind, is_page in in_sql(reader):
            visible = rows_of(kind).visible_to(reader)
            if is_page:
                check_rows(kind, visible.order_by("pk"), reader)
            else:
                for key in visible.values_list("pk", flat=True):
                    check_document(kind, key, reader)
        shown = Kind.of(ShownAdSerializer, Ad, reader)
        for ad in Ad.objects.annotate(text=shown_document()):
            assert json.loads(ad.text) == represented(shown, ad, reader)
        transaction.set_rollback(True)


def shaken(row: models.Model, data: st.DataObject) -> None:
    """Give columns of the row new values, where the database accepts them."""
    stored = type(row)._base_manager.filter(pk=row.pk)
    drawn = {
        field.attname: data.draw(values, label=field.attname)
        for field in row._meta.concrete_fields
        if (values := values_of(field)) is not None
    }
    for changes in (drawn, *({name: value} for name, value in drawn.items())):
        try:
            with transaction.atomic():
                stored.update(**changes)
            if changes is drawn:
                return
        except (Error, ValidationError):
            continue


@pytest.mark.parametrize("microseconds", [0, 1, 10, 500_000, 999_999])
def test_times_have_six_decimals_or_none(cast: Cast, microseconds: int) -> None:
    ad = AdFactory()
    at = datetime(2026, 3, 29, 1, 59, 59, microseconds, tzinfo=UTC)
    Ad.objects.filter(pk=ad.pk).update(created_at=at, moderated_at=at - timedelta(days=3650), version=F("version"))

    for kind, is_page in in_sql(cast.user):
        if kind.model is Ad and not is_page:
            check_document(kind, ad.pk, cast.user)
