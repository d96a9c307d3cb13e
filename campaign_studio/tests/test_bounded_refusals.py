"""A refusal says the first 20 problems and how many more there are, so it is small whatever was sent."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError as FormValidationError
from rest_framework.exceptions import ErrorDetail
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import Cast
from ads.tests.screens import ADDRESS, car, driving
from campaign_studio.api import refusals
from campaign_studio.api.refusals import LONGEST_MESSAGE, MOST_PROBLEMS, bounded, first_of
from campaign_studio.tests.bodies import advertiser_body, campaign_body, contact_body, send_bytes
from campaigns.console.forms import NameListFormField
from campaigns.tests.factories import CampaignFactory

ClientFor = Callable[[User | None], APIClient]
LARGEST = 64 * 1024


def more(count: int) -> list[str]:
    return [str(refusals.more(count))]


# --- In memory -------------------------------------------------------------------------------------------------------


def test_a_small_refusal_stays_as_it_is() -> None:
    small: list[Any] = [
        {"detail": "No."},
        {"a": ["x", "y"], "b": [{}, {"c": ["z"]}], "d": {0: ["u"], "e": {"f": ["v"]}}},
        ["x", "y"],
        {},
        {"a": []},
    ]
    for detail in small:
        assert bounded(detail) == detail


def test_twenty_problems_are_listed_and_the_others_counted() -> None:
    answer = bounded({f"k{number}": ["wrong"] for number in range(50)})

    assert list(answer) == [*(f"k{number}" for number in range(MOST_PROBLEMS)), "non_field_errors"]
    assert answer["non_field_errors"] == ["30 more problems aren't listed here."]
    assert bounded({"a": ["x"] * 21})["non_field_errors"] == ["1 more problem isn't listed here."]


def test_counts_of_nested_problems_add_up() -> None:
    inner = first_of(((index,), "wrong") for index in range(100))
    answer = bounded({"a": inner, "b": inner, "non_field_errors": ["odd"]})

    assert len(answer["a"]) == MOST_PROBLEMS
    assert answer["non_field_errors"] == more(80 + 100 + 1)


def test_positions_in_lists_stay() -> None:
    answer = bounded([{}] * 5 + [{"a": ["x"]}] * 50)

    assert answer[:6] == [{}] * 5 + [{"a": ["x"]}]
    assert len(answer) == 5 + MOST_PROBLEMS + 1
    assert answer[-1] == more(30)[0]


def test_long_messages_and_keys_are_shortened_and_keep_their_code() -> None:
    answer = bounded({"k" * 5000: [ErrorDetail("x" * 5000, "odd")]})

    ((key, (message,)),) = answer.items()
    assert (len(key), len(message), message.code) == (100, LONGEST_MESSAGE, "odd")
    assert message.endswith("x…")


def test_no_tree_of_problems_makes_a_large_refusal() -> None:
    deep: Any = ["\x01" * 2000] * 30
    for _level in range(10):
        deep = {"\x02" * 300: deep, "\x03" * 300: deep}

    assert len(json.dumps(bounded(deep))) < LARGEST


def test_a_key_that_looks_like_another_one_breaks_nothing(client_for: ClientFor) -> None:
    bodies = [
        rb'{"\ud800": 1, "?": {"b": "\ud800"}}',
        rb'{"?": {"b": "\ud800"}, "\ud800": 1}',
        rb'{"non_field_errors": {"a": [' + rb'"\ud800",' * 30 + b"0]}}",
        rb'{"non_field_errors": [' + rb'"\ud800",' * 30 + b"0]}",
    ]
    for body in bodies:
        assert send_bytes(APIClient(), "POST", "/api/auth/login", body).status_code == 400


# --- Over HTTP -------------------------------------------------------------------------------------------------------

FIELDS = {f"field_{number:04}": 1 for number in range(900)}
LONG_FIELDS = {f"{number:03}" + "\x01" * 800: 1 for number in range(900)}
TARGET = {"region": "Europe", "country": "DE"}
BODIES: list[tuple[str, str, Any]] = [
    ("POST", "/api/auth/register", {"username": [[]] * 15_000}),
    ("POST", "/api/auth/register", {f"{number:03}" + "y" * 60: 1 for number in range(900)}),
    ("POST", "/api/campaigns", campaign_body(**FIELDS)),
    ("POST", "/api/campaigns", campaign_body(**LONG_FIELDS)),
    ("POST", "/api/campaigns", campaign_body(campaign_status="\x01" * 900_000)),
    ("POST", "/api/campaigns", campaign_body(audience_targeting=[{**TARGET, "country": "\x01" * 3_000}] * 300)),
    ("POST", "/api/campaigns", campaign_body(audience_targeting=[{**TARGET, **dict.fromkeys("abcdefghij", 1)}] * 300)),
    ("POST", "/api/campaigns", campaign_body(audience_targeting=[{**TARGET, "cities": [None] * 600}] * 300)),
    ("POST", "/api/campaigns", campaign_body(audience_targeting=[{**TARGET, "cities": ["x" * 201] * 5000}])),
    ("POST", "/api/campaigns", campaign_body(audience_targeting=[7] * 300)),
    ("POST", "/api/advertisers", advertiser_body(contacts=[contact_body(contact_country="\x01" * 1_000)] * 100)),
    ("POST", "/api/advertisers", advertiser_body(contacts=[FIELDS] * 20)),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("method", "address", "body"), BODIES, ids=range(len(BODIES)))
def test_the_refusal_of_a_body_is_small(
    cast: Cast, client_for: ClientFor, method: str, address: str, body: Any
) -> None:
    client = client_for(None if "auth" in address else cast.system_admin)

    answer = send_bytes(client, method, address, json.dumps(body).encode())

    assert answer.status_code == 400
    assert len(answer.content) < LARGEST


@pytest.mark.django_db
def test_the_reasons_of_rejected_views_are_short() -> None:
    sent = [{**{f"{number:02}" + "y" * 60: 1 for number in range(30)}, "duration_seconds": "x" * 100}] * 400

    answer = send_bytes(driving(car()), "POST", ADDRESS, json.dumps(sent).encode())

    assert len(answer.json()["rejected"]) == 400
    assert len(answer.content) < 400 * 400


@pytest.mark.django_db
@pytest.mark.parametrize(
    "query", ["&".join(f"a{number}=1" for number in range(500)), "&".join(f"%C3%BC{number}=" for number in range(340))]
)
@pytest.mark.parametrize("address", ["/api/campaigns", "/api/delivery/explain", "/api/audit-log", "/api/roles"])
def test_the_refusal_of_parameters_is_small(cast: Cast, client_for: ClientFor, address: str, query: str) -> None:
    answer = client_for(cast.system_admin).get(f"{address}?{query}")

    assert answer.status_code == 400
    assert len(answer.json()) == MOST_PROBLEMS + 1 or "non_field_errors" in answer.json()
    assert len(answer.content) < LARGEST


@pytest.mark.django_db
def test_unknown_fields_are_named_up_to_the_twentieth(cast: Cast, client_for: ClientFor) -> None:
    answer = client_for(cast.owner).post("/api/campaigns", campaign_body(**FIELDS))

    assert list(answer.json()) == [*list(FIELDS)[:MOST_PROBLEMS], "non_field_errors"]
    assert answer.json()["non_field_errors"] == more(len(FIELDS) - MOST_PROBLEMS)


@pytest.mark.django_db
def test_wrong_elements_are_named_up_to_the_twentieth(cast: Cast, client_for: ClientFor) -> None:
    campaign = CampaignFactory(campaign_created_by=cast.owner)

    def refusal(cities: list[Any]) -> Any:
        body = {"audience_targeting": [{**TARGET, "cities": cities}]}
        return client_for(cast.owner).patch(f"/api/campaigns/{campaign.pk}", body).json()

    answer = refusal([None] * 50 + ["Berlin"])
    assert list(answer["audience_targeting"]["0"]["cities"]) == [str(index) for index in range(MOST_PROBLEMS)]
    assert answer["non_field_errors"] == more(30)
    # The length of a list is checked before its elements.
    assert refusal([None] * 5001) == {
        "audience_targeting": {"0": {"cities": ["Ensure this field has no more than 5000 elements."]}}
    }


@pytest.mark.parametrize("names", ["\x00," * 4_000, ",".join(["x" * 201] * 4_000), "a," * 1_000_000], ids=len)
def test_a_list_of_names_in_a_form_is_refused_in_few_words(names: str) -> None:
    with pytest.raises(FormValidationError) as refused:
        NameListFormField().clean(names)

    assert len(refused.value.messages) <= MOST_PROBLEMS + 1
    assert sum(map(len, refused.value.messages)) < LARGEST
