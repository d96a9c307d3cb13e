"""The rows of change sets: what model and database refuse. What is planned, applied and undone needs ads to test it."""

import pytest
from django.utils import timezone

from campaign_studio.tests.refusals import assert_database_refuses, assert_model_refuses, write_past_the_model
from campaigns.changesets.models import ChangeSet, State

pytestmark = pytest.mark.django_db


def test_model_and_database_know_every_state_and_no_other() -> None:
    change_set = ChangeSet.objects.create(created_at=timezone.now())
    for state in State.values:
        assert write_past_the_model(change_set, state=state)() == 1

    assert_database_refuses("change_set_state_is_known", write_past_the_model(change_set, state="halfway"))
    assert_model_refuses(change_set, "state", "invalid_choice", state="halfway")
