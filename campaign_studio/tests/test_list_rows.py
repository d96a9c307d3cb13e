"""The rows of the console's lists: what cells contain, and how many bytes a row takes."""

from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import Cast, UserFactory
from ads.tests.factories import AdFactory
from advertisers.tests.factories import AdvertiserFactory
from campaigns.tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db

ConsoleFor = Callable[[User | None], Client]
CAMPAIGNS = "admin:campaigns_campaign_changelist"
# The bytes of a row that has names of 20 letters.
MOST_BYTES = 1_900


class Rows(HTMLParser):
    """The rows of the table: their tags with attributes, and their text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(page[page.index("<tbody") : page.index("</table>", page.index("<tbody"))])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts += [data.strip()] if data.strip() else []


def rows_of(client: Client, address: str, **query: str) -> Rows:
    return Rows(client.get(address, query).content.decode())


def test_a_row_has_its_check_box_its_link_and_its_values(cast: Cast, console_for: ConsoleFor) -> None:
    campaign = CampaignFactory(campaign_name="<b>Sale</b>", advertiser=AdvertiserFactory(advertiser_name="A & B"))
    rows = rows_of(console_for(cast.system_admin), reverse(CAMPAIGNS))

    boxes = [attrs for tag, attrs in rows.tags if tag == "input"]
    assert [(box["name"], box["value"], box["class"], box["aria-label"]) for box in boxes] == [
        ("_selected_action", str(campaign.pk), "action-select", "Select record")
    ]
    links = [attrs["href"] for tag, attrs in rows.tags if tag == "a"]
    assert links[0] == reverse("admin:campaigns_campaign_change", args=[campaign.pk])
    assert rows.texts[:4] == ["<b>Sale</b>", "A & B", "Draft", "Not ready"]
    assert "0/6" in rows.texts


def test_the_script_that_counts_selected_rows_finds_the_table(cast: Cast, console_for: ConsoleFor) -> None:
    CampaignFactory()

    page = console_for(cast.system_admin).get(reverse(CAMPAIGNS)).content.decode()

    # By this class, in Django's actions.js.
    assert 'id="result_list" class="rows result-list ' in page


def test_a_cell_names_its_column_and_the_first_one_is_a_heading(cast: Cast, console_for: ConsoleFor) -> None:
    CampaignFactory()
    rows = rows_of(console_for(cast.system_admin), reverse(CAMPAIGNS))
    cells = [(tag, attrs) for tag, attrs in rows.tags if tag in ("td", "th")]

    assert [tag for tag, attrs in cells] == ["td", "th", *["td"] * 7]
    assert all(attrs["data-label"] and attrs["class"] for tag, attrs in cells)


def test_a_link_keeps_the_filters_of_the_list(cast: Cast, console_for: ConsoleFor) -> None:
    CampaignFactory(campaign_name="Sale")
    rows = rows_of(console_for(cast.system_admin), reverse(CAMPAIGNS), q="sale")

    link = next(attrs["href"] for tag, attrs in rows.tags if tag == "a")
    assert link is not None
    assert link.endswith("?_changelist_filters=q%3Dsale")


def test_a_row_of_a_popup_says_which_object_it_chooses(cast: Cast, console_for: ConsoleFor) -> None:
    campaign = CampaignFactory()
    rows = rows_of(console_for(cast.system_admin), reverse(CAMPAIGNS), _popup="1")

    assert next(attrs for tag, attrs in rows.tags if tag == "a")["data-popup-opener"] == str(campaign.pk)


def test_missing_values_are_dashes_and_truth_values_are_icons(cast: Cast, console_for: ConsoleFor) -> None:
    UserFactory(username="never_seen", last_login=None)
    page = reverse("admin:accounts_user_changelist")
    rows = rows_of(console_for(cast.system_admin), page, q="never_seen")

    assert rows.texts[-1] == "–"
    assert "check_small" in "".join(rows.texts)


@pytest.mark.parametrize(
    ("address", "make"),
    [
        (CAMPAIGNS, lambda: CampaignFactory(campaign_name="n" * 20, advertiser=AdvertiserFactory())),
        ("admin:ads_ad_changelist", lambda: AdFactory(ad_name="n" * 20)),
        ("admin:accounts_user_changelist", lambda: UserFactory()),
        ("admin:accounts_auditentry_changelist", lambda: CampaignFactory(campaign_name="n" * 20)),
    ],
)
def test_a_row_takes_few_bytes(address: str, make: Callable[[], object], cast: Cast, console_for: ConsoleFor) -> None:
    client = console_for(cast.system_admin)

    def size() -> tuple[int, int]:
        page = client.get(reverse(address))
        return len(page.content), len(page.context["cl"].result_list)

    make()
    size()
    before, few = size()
    for _number in range(10):
        make()
    after, many = size()
    assert (after - before) / (many - few) <= MOST_BYTES
