"""The console's status buttons and bulk status actions."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, User
from accounts.tests.factories import Cast
from ads.models import Ad
from ads.tests.factories import AdFactory
from campaign_studio.tests.browser import error_codes_of, errors_of, form_data, messages_of
from campaigns.choices import Status
from campaigns.console.forms import BUTTON_LABELS
from campaigns.console.status import CHANGED
from campaigns.lifecycle import TRANSITIONS
from campaigns.models import Campaign
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db
ConsoleFor = Callable[[User | None], Client]


@pytest.fixture
def console(cast: Cast, console_for: ConsoleFor) -> Client:
    return console_for(cast.owner)


def page_of(row: Any) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def list_of(model: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def make(kind: str, owner: User, status: str = "draft") -> Any:
    """A campaign or ad in that status. Nothing else keeps it from being activated."""
    campaign = CampaignFactory(campaign_created_by=owner)
    row: Any = campaign if kind == "campaign" else AdFactory(campaign=campaign, rated=True)
    type(row).objects.filter(pk=row.pk).update(**{row.status_field: status})
    return type(row).objects.get(pk=row.pk)


def buttons(page: Any, name: str) -> list[tuple[str, str]]:
    """The value and label of each status button."""
    content = page.content.decode()
    found = []
    for piece in content.split(f'name="{name}"')[1:]:
        tag, _, rest = piece.partition(">")
        if 'value="' in tag:
            text = rest.partition("</button>")[0].strip()
            found.append((tag.split('value="')[1].split('"')[0], text))
    return found


@pytest.mark.parametrize("kind", ["campaign", "ad"])
@pytest.mark.parametrize("status", Status.values)
def test_there_is_a_button_for_each_status_that_may_follow(kind: str, status: str, console: Client, cast: Cast) -> None:
    row = make(kind, cast.owner, status)

    found = buttons(console.get(page_of(row)), row.status_field)

    assert found == [(state.value, str(BUTTON_LABELS[state])) for state in TRANSITIONS[status]]


@pytest.mark.parametrize("kind", ["campaign", "ad"])
@pytest.mark.parametrize(
    ("status", "pressed"), [(start, end.value) for start in ("draft", "active", "paused") for end in TRANSITIONS[start]]
)
def test_a_button_saves_the_page_with_that_status_and_stays(
    kind: str, status: str, pressed: str, console: Client, cast: Cast
) -> None:
    row = make(kind, cast.owner, status)
    name = f"{kind}_name"

    answer = console.post(
        page_of(row),
        form_data(console.get(page_of(row)), **{row.status_field: pressed, name: "Typed too"}),
        follow=True,
    )

    stored = type(row).objects.get(pk=row.pk)
    assert (stored.status, getattr(stored, name)) == (pressed, "Typed too"), errors_of(answer)
    assert answer.redirect_chain[-1][0] == page_of(row)
    assert messages_of(answer) == [CHANGED[pressed] % {"name": "Typed too"}]
    entry = AuditEntry.objects.filter(object_pk=str(row.pk)).latest("pk")
    assert entry.changes[row.status_field] == [status, pressed]


@pytest.mark.parametrize("kind", ["campaign", "ad"])
def test_a_plain_save_keeps_the_status(kind: str, console: Client, cast: Cast) -> None:
    row = make(kind, cast.owner, "paused")

    sent = form_data(console.get(page_of(row)), **{f"{kind}_name": "Other"})
    answer = console.post(page_of(row), sent)

    assert row.status_field not in sent
    assert (answer.status_code, answer["Location"]) == (302, list_of(type(row)))
    assert type(row).objects.get(pk=row.pk).status == "paused"


def test_enter_in_a_field_saves_without_changing_the_status(console: Client, cast: Cast) -> None:
    """On Enter, browsers press the first submit button of the form."""
    campaign = make("campaign", cast.owner)
    content = console.get(page_of(campaign)).content.decode()
    form = content[content.index('id="campaign_form"') :]

    assert form.index('name="_save"') < form.index('name="campaign_status"')


def test_a_refused_button_gives_the_reason_and_the_page_shows_the_stored_status(console: Client, cast: Cast) -> None:
    ad = AdFactory(campaign=CampaignFactory(campaign_created_by=cast.owner))

    answer = console.post(page_of(ad), form_data(console.get(page_of(ad)), ad_status="active"))

    assert error_codes_of(answer) == ["no_declaration"]
    assert buttons(answer, "ad_status")[0] == ("active", "Activate")
    assert Ad.objects.get().ad_status == "draft"


def test_users_who_cannot_change_a_campaign_see_no_buttons(cast: Cast, console_for: ConsoleFor) -> None:
    campaign = make("campaign", cast.owner)

    for user in (cast.colleague, cast.content_moderator):
        assert buttons(console_for(user).get(page_of(campaign)), "campaign_status") == []


def test_a_new_campaign_offers_the_initial_statuses(console: Client) -> None:
    form = console.get("/admin/campaigns/campaign/add/").context["adminform"].form

    assert [value for value, _ in form.fields["campaign_status"].choices] == ["draft", "active", "paused", "inactive"]
    assert 'name="campaign_status"' in str(form["campaign_status"])
    assert "<select" in str(form["campaign_status"])


# --- Several at once ---


def act(client: Client, model: Any, action: str, rows: list[Any]) -> Any:
    return client.post(
        list_of(model), {"action": action, "_selected_action": [str(row.pk) for row in rows]}, follow=True
    )


@pytest.mark.parametrize(
    ("action", "status"),
    [("activate_selected", "active"), ("pause_selected", "paused"), ("deactivate_selected", "inactive")],
)
@pytest.mark.parametrize("kind", ["campaign", "ad"])
def test_several_rows_change_their_status_at_once(
    kind: str, action: str, status: str, console: Client, cast: Cast
) -> None:
    start = "paused" if status == "active" else "active"
    rows = [make(kind, cast.owner, start) for _ in range(2)]

    answer = act(console, type(rows[0]), action, rows)

    assert {row.status for row in type(rows[0]).objects.all()} == {status}
    assert messages_of(answer) == [f"2 {kind}s are now {status}."]


def test_a_refused_row_does_not_keep_the_others_from_changing(console: Client, cast: Cast) -> None:
    good, theirs = make("campaign", cast.owner, "active"), make("campaign", cast.colleague, "active")
    draft = make("campaign", cast.owner, "draft")

    answer = act(console, Campaign, "pause_selected", [good, theirs, draft])

    stored = {row.pk: row.status for row in Campaign.objects.all()}
    assert stored == {good.pk: "paused", theirs.pk: "active", draft.pk: "draft"}
    shown = messages_of(answer)
    assert "1 campaign is now paused." in shown
    assert f"{theirs}: Only the campaign's owner and administrators can change this campaign." in shown
    assert any(text.startswith(f"{draft}: This campaign can't change from “Draft” to “Paused”.") for text in shown)


def test_moderators_are_not_offered_actions_they_cannot_use(cast: Cast, console_for: ConsoleFor) -> None:
    ad = make("ad", cast.owner, "active")
    client = console_for(cast.content_moderator)

    assert "pause_selected" not in client.get(list_of(Ad)).content.decode()
    act(client, Ad, "pause_selected", [ad])
    assert Ad.objects.get().ad_status == "active"


# --- The API ---


@pytest.mark.parametrize("status", Status.values)
@pytest.mark.parametrize("kind", ["campaign", "ad"])
def test_a_document_lists_the_statuses_that_may_follow(kind: str, status: str, cast: Cast, client_for: Any) -> None:
    row = make(kind, cast.owner, status)
    document = client_for(cast.guest).get(f"/api/{kind}s/{row.pk}").json()

    assert document["allowed_next_statuses"] == [state.value for state in TRANSITIONS[status]]
