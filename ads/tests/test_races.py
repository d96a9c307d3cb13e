"""Several users make conflicting changes simultaneously, with real threads and connections."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import time
from threading import Barrier
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from accounts.choices import RoleName
from accounts.models import User
from accounts.tests.factories import UserFactory
from ads.models import Ad, AdTimeSlot
from ads.tests.factories import AdFactory
from advertisers.models import AdvertiserBankAccount, AdvertiserContact
from advertisers.tests.factories import (
    AdvertiserBankAccountFactory,
    AdvertiserContactFactory,
    AdvertiserFactory,
)
from campaign_studio.constraints import validation_error
from campaigns.models import Campaign
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db(transaction=True)


def race(*steps: Callable[[], Any]) -> list[str]:
    """Run the steps at once, each on its own connection. Returns `done` or the code of the error for each."""
    ready = Barrier(len(steps))

    def run(step: Callable[[], Any]) -> str:
        try:
            connection.ensure_connection()
            ready.wait(timeout=30)
            step()
        except ValidationError as error:
            return _code(error)
        except IntegrityError as error:
            return _code(validation_error(error))
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(len(steps)) as pool:
        return list(pool.map(run, steps))


def _code(error: ValidationError) -> str:
    """The code of the first error."""
    errors = next(iter(error.error_dict.values())) if hasattr(error, "error_dict") else error.error_list
    return str(errors[0].code)


def add_ad(campaign: Campaign) -> None:
    """Validate and save, as the console and the API do."""
    ad = AdFactory.build(campaign=campaign, ad_created_by=campaign.campaign_created_by)
    ad.full_clean()
    ad.save()


@pytest.mark.parametrize("existing", [0, 5])
def test_a_seventh_ad_is_refused_when_sixteen_requests_race(existing: int) -> None:
    campaign = CampaignFactory()
    AdFactory.create_batch(existing, campaign=campaign)

    outcomes = Counter(race(*[lambda: add_ad(campaign)] * 16))

    assert outcomes == {"done": 6 - existing, "campaign_is_full": 10 + existing}
    assert sorted(campaign.ads.values_list("ad_number", flat=True)) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("existing", [0, 5])
def test_sixteen_simultaneous_saves_without_validation_create_exactly_six_ads(existing: int) -> None:
    campaign = CampaignFactory()
    AdFactory.create_batch(existing, campaign=campaign)

    outcomes = Counter(race(*[lambda: AdFactory(campaign=campaign)] * 16))

    assert outcomes == {"done": 6 - existing, "campaign_is_full": 10 + existing}
    assert sorted(campaign.ads.values_list("ad_number", flat=True)) == [1, 2, 3, 4, 5, 6]


def test_control_without_lock_and_constraint_the_race_breaks_the_limit() -> None:
    campaign = CampaignFactory()
    AdFactory.create_batch(5, campaign=campaign)
    counted = Barrier(16)

    def add_after_counting() -> None:
        if Ad.objects.filter(campaign=campaign).count() < 6:
            counted.wait(timeout=30)
            Ad.objects.bulk_create(
                [AdFactory.build(campaign=campaign, ad_created_by=campaign.campaign_created_by, ad_number=6)]
            )

    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE ads DROP CONSTRAINT campaign_holds_six_ads")
    try:
        outcomes = Counter(race(*[add_after_counting] * 16))
        assert outcomes == {"done": 16}
        assert campaign.ads.count() == 21
    finally:
        campaign.delete()
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE ads ADD CONSTRAINT campaign_holds_six_ads UNIQUE (campaign_id, ad_number)")


def test_control_without_the_lock_the_constraint_alone_still_holds() -> None:
    campaign = CampaignFactory()
    AdFactory.create_batch(5, campaign=campaign)

    def add_with_a_number_chosen_too_early() -> None:
        Ad.objects.bulk_create(
            [AdFactory.build(campaign=campaign, ad_created_by=campaign.campaign_created_by, ad_number=6)]
        )

    outcomes = Counter(race(*[add_with_a_number_chosen_too_early] * 16))

    assert outcomes == {"done": 1, "campaign_holds_six_ads": 15}


def test_an_ad_for_a_campaign_that_is_being_deleted_is_refused() -> None:
    campaign = CampaignFactory()

    outcomes = race(lambda: add_ad(campaign), lambda: Campaign.objects.get(pk=campaign.pk).delete())

    # An ad that is added first is deleted with its campaign. One that is added later is refused.
    assert outcomes[1] == "done"
    assert not Ad.objects.exists()
    assert outcomes[0] in {
        "done",
        "no_such_campaign",
        "conflict",
        "invalid",
    }


@pytest.mark.parametrize("factory", [CampaignFactory, AdFactory])
def test_deleting_locks_the_campaign_first(factory: Any) -> None:
    row = factory()

    with CaptureQueriesContext(connection) as queries:
        row.delete()

    statements = [one["sql"] for one in queries if one["sql"].startswith(("SELECT", "DELETE", "UPDATE"))]
    assert 'FROM "campaigns"' in statements[0]
    assert "FOR " in statements[0]


def test_the_later_of_two_default_bank_accounts_wins() -> None:
    advertiser = AdvertiserFactory()
    accounts = AdvertiserBankAccountFactory.create_batch(2, advertiser=advertiser)

    def make_default(account: AdvertiserBankAccount) -> None:
        account.is_default = True
        account.full_clean()
        account.save()

    outcomes = race(*[lambda account=account: make_default(account) for account in accounts])

    assert outcomes == ["done", "done"]
    assert advertiser.bank_accounts.filter(is_default=True).count() == 1


def test_the_later_of_two_points_of_contact_wins() -> None:
    advertiser = AdvertiserFactory()

    outcomes = race(*[lambda: AdvertiserContactFactory(advertiser=advertiser, is_point_of_contact=True)] * 2)

    assert outcomes == ["done", "done"]
    assert advertiser.contacts.filter(is_point_of_contact=True).count() == 1


def test_one_of_two_overlapping_slots_is_refused() -> None:
    ad = AdFactory()

    def add_slot(start: int, end: int) -> None:
        slot = AdTimeSlot(ad=ad, time_slot_start=time(start), time_slot_end=time(end))
        slot.full_clean()
        slot.save()

    outcomes = race(lambda: add_slot(7, 9), lambda: add_slot(8, 10))

    assert sorted(outcomes) == ["done", "time_slots_of_an_ad_do_not_overlap"]
    assert ad.time_slots.count() == 1


def test_one_of_the_last_two_contacts_remains_when_both_are_removed_at_once() -> None:
    advertiser = AdvertiserFactory()
    contacts = AdvertiserContactFactory.create_batch(2, advertiser=advertiser)

    outcomes = race(*[contact.remove for contact in contacts])

    assert sorted(outcomes) == ["done", "last_contact"]
    assert AdvertiserContact.objects.count() == 1


@pytest.mark.parametrize("changes", [{"role_id": RoleName.USER}, {"is_active": False}], ids=str)
def test_two_system_admins_who_demote_each_other_leave_one(changes: dict[str, Any]) -> None:
    admins = [User.objects.get(pk=UserFactory(role=RoleName.SYSTEM_ADMIN).pk) for _ in range(2)]

    def demote(admin: User) -> None:
        for name, value in changes.items():
            setattr(admin, name, value)
        admin.full_clean()
        admin.save()

    outcomes = race(*[lambda admin=admin: demote(admin) for admin in admins])

    assert User.objects.active_system_admins().count() == 1
    assert "done" in outcomes


def test_two_system_admins_who_delete_each_other_leave_one() -> None:
    admins = [User.objects.get(pk=UserFactory(role=RoleName.SYSTEM_ADMIN).pk) for _ in range(2)]

    race(*[admin.delete for admin in admins])

    assert User.objects.active_system_admins().count() == 1


def test_one_of_two_users_with_the_same_username_is_refused() -> None:
    outcomes = race(
        lambda: User.objects.create_user("mona", "mona@example.com"),
        lambda: User.objects.create_user("Mona", "other@example.com"),
    )

    assert sorted(outcomes) == ["done", "username_is_unique_without_regard_to_case"]
