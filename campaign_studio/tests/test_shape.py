"""The structure of the project: one test for each rule, and tests that each rule finds violations."""

import pytest

from campaign_studio.tests.shape import (
    DRAWING,
    LAYERS,
    ROOT,
    classes,
    imports_of_doors,
    meaningless,
    relative_imports,
    sources,
    too_deep,
    too_long,
    unnamed,
    upward_imports,
    upward_strings,
)

pytestmark = pytest.mark.any_database

# --- The rules -------------------------------------------------------------------------------------------------------


def test_imports_run_one_way() -> None:
    assert upward_imports(sources()) == []


def test_every_import_is_absolute() -> None:
    assert relative_imports(sources()) == []


def test_rooms_import_no_doors_and_doors_import_no_other_doors() -> None:
    assert imports_of_doors(sources()) == []


def test_no_string_names_a_layer_above() -> None:
    assert upward_strings(sources()) == []


def test_every_file_is_listed() -> None:
    assert unnamed(list(sources()), DRAWING) == []


def test_no_file_has_a_meaningless_name() -> None:
    everything = [file.relative_to(ROOT).as_posix() for layer in LAYERS for file in (ROOT / layer).rglob("*.py")]

    assert meaningless(everything) == []


def test_no_class_inherits_from_more_than_five_of_ours() -> None:
    assert too_deep(classes(), tuple(LAYERS)) == []


def test_no_file_is_too_long() -> None:
    assert too_long(sources()) == []


def test_every_layer_is_checked() -> None:
    assert {path.split("/")[0] for path in sources()} == set(LAYERS)
    assert len(classes()) > 300


# --- The rules find violations ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "source", "found"),
    [
        ("campaigns/rules.py", "from ads.models import Ad", ["ads.models.Ad"]),
        ("campaigns/rules.py", "import ads", ["ads"]),
        ("campaigns/rules.py", "def f():\n    from ads import models", ["ads.models"]),
        ("campaigns/rules.py", "try:\n    import ads.models\nexcept ImportError:\n    pass", ["ads.models"]),
        ("campaigns/rules.py", "if TYPE_CHECKING:\n    from ads.models import Ad", ["ads.models.Ad"]),
        ("campaigns/rules.py", "from accounts.models import User\nfrom campaigns import rules", []),
        ("campaigns/rules.py", "import adsense", []),
        ("campaign_studio/urls.py", "import ads", []),
    ],
)
def test_an_import_upwards_is_found(path: str, source: str, found: list[str]) -> None:
    assert upward_imports({path: source}) == [f"{path} imports {name}" for name in found]


def test_a_relative_import_is_found() -> None:
    assert relative_imports({"ads/rules.py": "from . import media\nimport ads.media"}) == [
        "ads/rules.py imports ..media"
    ]


@pytest.mark.parametrize(
    ("path", "source", "is_fault"),
    [
        ("ads/models/ad.py", "from ads.console import wording", True),
        ("ads/delivery/engine.py", "from campaigns.api.serializers import CampaignSerializer", True),
        ("ads/console/admin.py", "from ads.api import views", True),
        ("ads/api/views.py", "def f():\n    from ads.management.commands import recount_views", True),
        ("ads/console/admin.py", "from campaign_studio.console.base import Admin", False),
        ("ads/api/views.py", "from ads.models import Ad\nfrom rest_framework.api import anything", False),
        ("campaign_studio/urls.py", "from ads.api import urls", False),
    ],
)
def test_a_door_in_the_wrong_place_is_found(path: str, source: str, is_fault: bool) -> None:
    assert bool(imports_of_doors({path: source})) is is_fault


@pytest.mark.parametrize(
    ("path", "source", "is_fault"),
    [
        ("campaigns/console/admin.py", 'user.has_perm("ads.explain_delivery")', True),
        ("campaigns/console/admin.py", 'user.has_perm(f"ads.{name}")', True),
        ("campaigns/console/admin.py", 'reverse("admin:ads_ad_add")', True),
        ("campaigns/console/admin.py", 'HERE = "/admin/ads/ad/"', True),
        ("campaigns/rules.py", 'apps.get_model("ads", "Ad")', True),
        ("campaigns/rules.py", "apps.get_model(app_label='ads', model_name='Ad')", True),
        ("campaigns/querysets.py", 'Campaign._meta.get_field("ads").related_model', True),
        ("accounts/models/people.py", 'models.ForeignKey("campaigns.Campaign")', True),
        ("ads/models/ad.py", 'models.ForeignKey("campaigns.Campaign")', False),
        ("campaigns/rules.py", '"""Who may look at `ads.Ad`."""', False),
        ("campaigns/rules.py", 'TEXT = "Reads campaigns and ads."', False),
        ("campaigns/querysets.py", 'campaigns.prefetch_related("ads")', False),
        ("campaign_studio/settings.py", 'APPS = ["ads.apps.AdsConfig"]', False),
    ],
)
def test_a_string_upwards_is_found(path: str, source: str, is_fault: bool) -> None:
    assert bool(upward_strings({path: source})) is is_fault


def test_an_unlisted_file_is_found() -> None:
    drawing = "rooms models\napi views\nconsole admin\nads media\nads/api delivery\nads/delivery engine"
    there = ["models", "media", "api/views", "api/delivery", "delivery/engine", "management/commands/any", "__init__"]
    astray = ["engine", "api/admin", "delivery/views", "console/admin", "pricing/models"]

    assert unnamed([f"ads/{name}.py" for name in there + astray], drawing) == [f"ads/{name}.py" for name in astray]


def test_a_meaningless_name_is_found() -> None:
    assert meaningless(["ads/utils.py", "ads/core/models.py", "ads/tests/helpers.py", "ads/score.py"]) == [
        "ads/utils.py",
        "ads/core/models.py",
        "ads/tests/helpers.py",
    ]


def test_a_class_with_too_many_ancestors_is_found() -> None:
    chain: list[type] = [type("First", (), {"__module__": "ads.fake"})]
    for number in range(6):
        chain.append(type(f"Next{number}", (chain[-1],), {"__module__": "ads.fake"}))

    assert too_deep(chain[:6], ("ads",)) == []
    assert [fault.split()[0] for fault in too_deep(chain, ("ads",))] == ["ads.fake.Next5"]
    assert too_deep(chain, ("campaigns",)) == []


def test_a_file_that_is_too_long_is_found() -> None:
    assert too_long({"ads/rules.py": "\n" * 299, "ads/media.py": "\n" * 300}) == ["ads/media.py has 300 lines"]
