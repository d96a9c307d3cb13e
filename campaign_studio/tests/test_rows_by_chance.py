"""Statements with a fixed text write and read what Django's own do, and the log finds what its library does."""

import copy
import uuid
from typing import Any

import pytest
from auditlog.diff import is_primitive, model_instance_diff
from auditlog.registry import auditlog
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db import DataError, Error, connection, models, transaction
from django.db.models import F
from django.db.models.sql.compiler import SQLCompiler
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from accounts.audit.recording import changes_between
from accounts.tests.factories import Cast
from ads.models import Ad
from ads.tests.factories import AdFactory
from advertisers.models import Advertiser
from advertisers.tests.factories import AdvertiserBankAccountFactory
from campaign_studio.api.documents.rows import lock_visible, only_row
from campaign_studio.database.rows import insert_rows, update_row
from campaign_studio.models import StudioModel
from campaign_studio.tests.bodies import bearing, campaign_body, tokens_of
from campaign_studio.tests.test_documents_by_chance import rows, values_of
from campaigns.models import Campaign
from campaigns.tests.factories import CampaignFactory

__all__ = ["rows"]
pytestmark = pytest.mark.django_db
BY_CHANCE = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    # A smaller example takes minutes to find, and says little more.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)


def drawn_for(row: models.Model, data: st.DataObject) -> dict[str, Any]:
    return {
        field.attname: data.draw(values, label=field.attname)
        for field in row._meta.concrete_fields
        if (values := values_of(field)) is not None
    }


def stored_after(write: Any, row: models.Model) -> Any:
    """The columns of the row as they are stored after `write()`, or which error it raised. Nothing stays.

    Without those that say when.
    """
    names = [
        field.attname
        for field in row._meta.concrete_fields
        if not (getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False))
    ]
    with transaction.atomic():
        try:
            with transaction.atomic():
                write()
            return type(row)._base_manager.filter(pk=row.pk).values(*names).get()
        except (Error, ValidationError, ValueError, OverflowError) as error:
            return type(error)
        finally:
            transaction.set_rollback(True)


@pytest.mark.matrix
@BY_CHANCE
@given(data=st.data())
def test_a_row_is_written_as_by_django(data: st.DataObject, rows: list[Any]) -> None:
    for row in rows:
        values = drawn_for(row, data)
        check_insert(row, values)
        few = st.lists(st.sampled_from(sorted(values.items())), min_size=1, max_size=3).map(dict)
        check_update(row, data.draw(st.one_of(st.just(values), few)))


def check_insert(row: Any, values: dict[str, Any]) -> None:
    manager, columns, returned = type(row)._base_manager, row._meta.local_concrete_fields, row._meta.db_returning_fields
    twin = copy.copy(row)
    twin.pk = uuid.uuid4()
    vars(twin).update(values)
    given_back: list[Any] = []

    def by_django() -> None:
        given_back.extend(manager._insert([twin], columns, returned, using="default"))

    def by_us() -> None:
        given_back.extend(insert_rows([twin], columns, returned))

    assert stored_after(by_us, twin) == stored_after(by_django, twin)
    assert not returned or not given_back or list(given_back[0]) == list(given_back[1])


def check_update(row: Any, values: dict[str, Any]) -> None:
    stored = type(row)._base_manager.filter(pk=row.pk)
    fields = [field for field in row._meta.concrete_fields if field.attname in values]
    sent = [values[field.attname] for field in fields]
    assert stored_after(lambda: update_row(row, fields, sent), row) == stored_after(
        lambda: stored.update(**values), row
    )


def test_several_rows_are_written_by_one_statement() -> None:
    campaign: Any = CampaignFactory()
    twins = [copy.copy(campaign) for _ in range(3)]
    for twin in twins:
        twin.pk = uuid.uuid4()

    with CaptureQueriesContext(connection) as seen:
        insert_rows(twins, Campaign._meta.concrete_fields, [Campaign._meta.pk])
    assert len(seen) == 1
    assert Campaign.objects.filter(pk__in=[twin.pk for twin in twins]).count() == 3


def test_a_row_is_only_replaced_if_it_is_as_expected() -> None:
    campaign: Any = CampaignFactory(campaign_name="Before")
    name: Any = Campaign._meta.get_field("campaign_name")

    assert not update_row(campaign, [name], ["After"], version=campaign.version + 1)
    assert Campaign.objects.get().campaign_name == "Before"
    assert update_row(campaign, [name], ["After"], version=campaign.version)
    assert Campaign.objects.get().campaign_name == "After"


@pytest.mark.parametrize("number", [2**15 + 1, 2**16 + 1, 2**31 + 1, 2**32 + 1, 2**64 + 1])
def test_a_number_that_is_too_large_is_refused(number: int) -> None:
    """Not stored without its leading digits."""
    ad: Any = AdFactory()
    field: Any = Ad._meta.get_field("ad_number" if number < 2**17 else "ad_impression_duration_value")

    with pytest.raises(DataError), transaction.atomic():
        update_row(ad, [field], [number])


def test_an_expression_is_left_to_django() -> None:
    campaign: Any = CampaignFactory(campaign_max_view_count=3)

    campaign.campaign_max_view_count = F("campaign_max_view_count") + 1
    campaign.save()

    assert Campaign.objects.get().campaign_max_view_count == 4


@pytest.mark.matrix
@BY_CHANCE
@given(data=st.data())
def test_the_log_finds_the_changes_that_its_library_finds(data: st.DataObject, rows: list[Any]) -> None:
    bank_account: Any = AdvertiserBankAccountFactory()
    for row in [row for row in (*rows, bank_account) if auditlog.contains(type(row))]:
        changed = copy.copy(row)
        vars(changed).update(drawn_for(row, data))
        relations = [field for field in row._meta.concrete_fields if field.is_relation and field.null]
        vars(changed).update({field.attname: None for field in relations if data.draw(st.booleans())})
        names = sorted(field.name for field in row._meta.concrete_fields)
        only = data.draw(st.one_of(st.none(), st.sets(st.sampled_from(names), min_size=1)))

        for old, fields in ((row, only), (row, None), (None, None)):
            found = changes_between(old, changed, only=fields)
            assert found == (model_instance_diff(old, changed, fields, use_json_for_changes=True) or {})
            assert all(is_primitive(value) for change in found.values() for value in change)


@pytest.mark.parametrize("locks", [False, True])
def test_a_row_is_read_as_by_django_and_compiled_once(cast: Cast, locks: bool) -> None:
    first: Any = CampaignFactory()
    second: Any = CampaignFactory()

    def asked(campaign: Any) -> Any:
        rows = Campaign.objects.all().visible_to(cast.owner).filter(pk=campaign.pk)
        return rows.select_for_update(of=("self",)) if locks else rows

    for campaign in (first, second):
        found, expected = only_row(asked(campaign)), asked(campaign).get()
        assert isinstance(found, StudioModel)
        assert (found, found._stored, found._state.adding) == (expected, expected._stored, False)
    with CaptureQueriesContext(connection) as seen:
        only_row(asked(first))
    assert ["FOR UPDATE" in query["sql"] for query in seen] == [locks]
    assert only_row(Campaign.objects.filter(pk=uuid.uuid4())) is None
    assert only_row(Campaign.objects.none()) is None


def test_a_row_is_locked_for_who_may_see_it(cast: Cast) -> None:
    campaign: Any = CampaignFactory()
    lock_visible(Campaign, campaign.pk, cast.owner)

    with CaptureQueriesContext(connection) as seen:
        found: Any = lock_visible(Campaign, campaign.pk, cast.owner)
    assert (found, found._stored) == (campaign, Campaign.objects.get()._stored)
    assert ["FOR UPDATE" in query["sql"] for query in seen] == [True]
    assert lock_visible(Campaign, uuid.uuid4(), cast.owner) is None
    assert lock_visible(Campaign, campaign.pk, AnonymousUser()) is None
    for reader in vars(cast).values():
        rows = Advertiser.objects.visible_to(reader).filter(pk=campaign.advertiser_id)
        assert lock_visible(Advertiser, campaign.advertiser_id, reader) == rows.first()


def test_rows_with_more_than_columns_are_read_by_django() -> None:
    campaign: Any = CampaignFactory()

    found: Any = only_row(Campaign.objects.filter(pk=campaign.pk).annotate(twice=F("version") * 2))

    assert found.twice == 2 * campaign.version


def test_no_statement_of_a_usual_write_is_compiled_again(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiling takes longer than running."""
    client = bearing(tokens_of(cast.owner)["access_token"])
    target = {"region": "Europe", "country": "DE", "cities": ["Berlin"], "postcodes": ["10115"]}
    compiled: list[SQLCompiler] = []
    begin = SQLCompiler.__init__

    def counted(self: SQLCompiler, *args: Any, **kwargs: Any) -> None:
        compiled.append(self)
        begin(self, *args, **kwargs)

    def write() -> None:
        answer = client.post("/api/campaigns", campaign_body(audience_targeting=[target]))
        assert answer.status_code == 201, answer.content
        address = f"/api/campaigns/{answer.json()['campaign_id']}"
        assert client.patch(address, {"campaign_status": "inactive"}).status_code == 200

    write()
    monkeypatch.setattr(SQLCompiler, "__init__", counted)
    write()

    assert compiled == []
