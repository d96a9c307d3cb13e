"""Rules for the structure of the project: directions of imports, names of files, depth of inheritance.

A rule takes sources as `{path: text}` and lists all violations, so that a test can pass it small examples.
"""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

Sources = dict[str, str]

ROOT = Path(__file__).resolve().parents[2]
LAYERS = ["campaign_studio", "accounts", "advertisers", "campaigns", "ads"]
# The doors: rooms never import them, and they never import each other.
DOORS = ["api", "console", "management"]
# The composition may import upper layers.
COMPOSITION = (
    "campaign_studio/settings.py",
    "campaign_studio/urls.py",
    "campaign_studio/dashboard.py",
    "campaign_studio/demo/",
    "campaign_studio/management/",
)
MEANINGLESS = {"utils", "util", "helpers", "core", "common", "services", "misc"}
MOST_BASES = 5
MOST_LINES = 300
# Long lists that Django expects in one file.
LONGER = ("campaign_studio/settings.py",)

# Every permitted file. `rooms`, `api` and `console` list what any app may have; further lines add to them.
DRAWING = """
rooms                      apps models choices constraints querysets rules checks validators fields middleware
api                        serializers views filters urls
console                    admin forms urls

campaign_studio            settings urls wsgi asgi env logs dashboard loopback
campaign_studio            acting doors writing retrying rate_limits addresses encryption lookups faults moments
campaign_studio            unused
campaign_studio/models     base verdicts versioned stamped parts idempotency places allowed
campaign_studio/places     names countries regions postcodes choices functions gazetteer lists clock
campaign_studio/database   configuration timeouts unavailable schema_changes prepared rows backend/base
campaign_studio/embedded   server roles backend/base
campaign_studio/api        base viewsets permissions pagination parsers errors etags idempotency negotiation
campaign_studio/api        throttling refusals fields cursors filtersets counts routing
campaign_studio/api        uploads dry_runs
campaign_studio/api/documents fields describing shapes statements slices written rows
campaign_studio/api/schema naming operations answers components making
campaign_studio/console    apps site base views lists pages rows permissions locking navigation throttling inlines
campaign_studio/console    fields long_lists
campaign_studio/demo       loader others people running shapes views fleet driving
campaign_studio/formats    en_GB/formats
campaign_studio/management arguments base terminal same_places

accounts
accounts/models            people
accounts/signin            attempts backend confirmation console guessing mails passwords sessions two_factor
accounts/audit             models recording seals sealing heads verifying pruning roles history as_of shortening
accounts/api               authentication email_views history jwt password_views reading schema session_views tokens
accounts/console           confirmation history log passwords sessions two_factor

advertisers                phones
advertisers/api
advertisers/console        bank_accounts

campaigns                  lifecycle doubts same_places
campaigns/changesets       resources operations models versions planning applying undoing
campaigns/api
campaigns/console          status doubts

ads                        allowed changesets media moderation time_slots
ads/models                 ad parts deliverable devices impressions
ads/models                 media_files
ads/actions                together shifting duplicating publishing
ads/uploads                kinds pictures animations mp4 webm keeping use pruning
ads/delivery               opportunity statement facts engine shown remembered explaining readiness triggers proofs
ads/delivery/criteria      criterion status times days audience limits
ads/reporting              reports known counting voiding partitions performance
ads/api                    actions delivery delivery_serializers devices opportunities reporting performance wording
ads/api                    asking delivered fields shown_documents
ads/api                    media meta changesets operations plans
ads/console                answers campaigns moderation preview availability diagnosis wording place_forms creatives
ads/console                devices inlines
"""


def sources() -> Sources:
    """All modules, except tests and migrations."""
    files = [file.relative_to(ROOT) for layer in LAYERS for file in sorted((ROOT / layer).rglob("*.py"))]
    return {
        file.as_posix(): (ROOT / file).read_text() for file in files if not {"tests", "migrations"} & set(file.parts)
    }


def above(path: str) -> list[str]:
    """The apps that the module at this path must not import."""
    return [] if path.startswith(COMPOSITION) else LAYERS[LAYERS.index(path.split("/")[0]) + 1 :]


def imports(source: str) -> Iterator[str]:
    """The dotted names that a module imports, anywhere in it and also for type checking only."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{'.' * node.level}{node.module or ''}.{name.name}" for name in node.names)


def upward_imports(house: Sources) -> list[str]:
    """Each import from a layer above."""
    return [
        f"{path} imports {name}"
        for path, source in house.items()
        for name in imports(source)
        if name.split(".")[0] in above(path)
    ]


def relative_imports(house: Sources) -> list[str]:
    """Each relative import."""
    return [
        f"{path} imports {name}" for path, source in house.items() for name in imports(source) if name.startswith(".")
    ]


def door_of(parts: list[str]) -> str:
    """The door that a module belongs to, such as `api` for `ads/api/views.py`; "" if none."""
    return parts[1] if len(parts) > 1 and parts[1] in DOORS else ""


def imports_of_doors(house: Sources) -> list[str]:
    """Each import of a door by a room or by another door."""
    return [
        f"{path} imports {name}"
        for path, source in house.items()
        if not path.startswith(COMPOSITION)
        for name in imports(source)
        if name.split(".")[0] in LAYERS and door_of(name.split(".")) not in ("", door_of(path.split("/")))
    ]


def texts(source: str) -> Iterator[str]:
    """Every string except docstrings."""
    tree = ast.parse(source)
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
            yield node.value


def upward_strings(house: Sources) -> list[str]:
    """Each string that names an upper layer: `"ads.view_ad"`, `"admin:ads_ad"`, `get_model("ads", …)`."""
    found = []
    for path, source in house.items():
        if not (higher := "|".join(above(path))):
            continue
        named = re.compile(rf"(?<![\w.])({higher})\.\w|^({higher})\.$|admin:({higher})_|/({higher})/")
        found += [f"{path} contains {text!r}" for text in texts(source) if named.search(text)]
        calls = re.compile(rf"\bget_(?:model|field|app_config|by_natural_key)\((?:app_label=)?['\"]({higher})['\"]")
        found += [f"{path} calls {match[0]}" for match in calls.finditer(ast.unparse(ast.parse(source)))]
    return found


def allowed(drawing: str) -> dict[str, set[str]]:
    """The permitted names by directory, including those that any app, API or console may have."""
    lines: dict[str, set[str]] = {}
    for directory, *names in map(str.split, filter(None, drawing.splitlines())):
        lines.setdefault(directory, set()).update(names)
    rooms, usual = lines.pop("rooms"), {door: lines.pop(door) for door in ("api", "console")}
    return {
        directory: names | (rooms if directory in LAYERS else usual.get(directory.partition("/")[2], set()))
        for directory, names in lines.items()
    }


def unnamed(paths: list[str], drawing: str) -> list[str]:
    """The files that aren't listed."""
    names = allowed(drawing)
    files = {f"{directory}/{name}.py" for directory, inside in names.items() for name in inside}
    return [
        path
        for path in paths
        if path not in files and PurePosixPath(path).name != "__init__.py" and "/management/commands/" not in path
    ]


def meaningless(paths: list[str]) -> list[str]:
    """The files and directories with meaningless names."""
    return [path for path in paths if MEANINGLESS & set(PurePosixPath(path).with_suffix("").parts)]


def too_deep(classes: list[type], ours: tuple[str, ...]) -> list[str]:
    """The classes that inherit from more than five of the project's own classes."""
    found = []
    for one in classes:
        behind = [base.__name__ for base in one.__mro__[1:] if base.__module__.split(".")[0] in ours]
        if len(behind) > MOST_BASES:
            found.append(f"{one.__module__}.{one.__qualname__} has {len(behind)}: {', '.join(behind)}")
    return sorted(found)


def classes() -> list[type]:
    """Every class of the project."""
    modules = [
        importlib.import_module(path.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
        for path in sources()
        if path != "campaign_studio/settings.py"
    ]
    return [
        one
        for module in modules
        for one in vars(module).values()
        if isinstance(one, type) and one.__module__ == module.__name__
    ]


def too_long(house: Sources) -> list[str]:
    """The files that are too long."""
    lines = {path: source.count("\n") for path, source in house.items()}
    return [
        f"{path} has {number} lines" for path, number in lines.items() if number >= MOST_LINES and path not in LONGER
    ]
