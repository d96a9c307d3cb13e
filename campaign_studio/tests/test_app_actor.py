"""Database triggers can read who makes a change, both through the API and in the console."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import Cast
from campaigns.models import Campaign
from campaigns.tests.factories import CampaignFactory

TRIGGER = """
CREATE TABLE seen_by_trigger (actor text);
CREATE FUNCTION note_actor() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO seen_by_trigger VALUES (current_setting('app.actor', true));
    RETURN NULL;
END $$;
CREATE TRIGGER note_actor AFTER UPDATE OR DELETE ON campaigns FOR EACH ROW EXECUTE FUNCTION note_actor();
"""


@pytest.fixture
def campaign(cast: Cast) -> Campaign:
    found: Campaign = CampaignFactory(campaign_created_by=cast.owner)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(TRIGGER)
    return found


def actors() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT actor FROM seen_by_trigger")
        return [actor for (actor,) in cursor.fetchall()]


def test_a_trigger_sees_who_makes_a_change_through_the_api(
    cast: Cast, campaign: Campaign, client_for: Callable[[User], APIClient]
) -> None:
    address = f"/api/campaigns/{campaign.pk}"
    assert client_for(cast.owner).patch(address, {"campaign_name": "Other"}).status_code == 200
    assert actors() == [str(cast.owner.pk)]


def test_a_trigger_sees_who_deletes_in_the_console(
    cast: Cast, campaign: Campaign, console_for: Callable[[User], Client]
) -> None:
    address = f"/admin/campaigns/campaign/{campaign.pk}/delete/"
    assert console_for(cast.owner).post(address, {"post": "yes"}).status_code == 302
    assert actors() == [str(cast.owner.pk)]


def test_a_trigger_sees_who_runs_a_bulk_action(
    cast: Cast, campaign: Campaign, console_for: Callable[[User], Client]
) -> None:
    body = {"action": "delete_selected", "_selected_action": str(campaign.pk), "post": "yes"}
    assert console_for(cast.app_admin).post("/admin/campaigns/campaign/", body).status_code == 302
    assert actors() == [str(cast.app_admin.pk)]


def test_a_trigger_sees_who_saves_a_form(cast: Cast, campaign: Campaign, console_for: Callable[[User], Client]) -> None:
    body = {
        "campaign_name": "Other",
        "campaign_status": campaign.campaign_status,
        "campaign_start_date": campaign.campaign_start_date.isoformat(),
        "campaign_end_date": campaign.campaign_end_date.isoformat(),
        "audience_targeting-TOTAL_FORMS": "0",
        "audience_targeting-INITIAL_FORMS": "0",
    }
    address = f"/admin/campaigns/campaign/{campaign.pk}/change/"
    assert console_for(cast.owner).post(address, body).status_code == 302
    assert actors() == [str(cast.owner.pk)]
