"""Every path, name, command, endpoint and link in the documentation exists."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core import management
from django.core.management import find_commands, get_commands, load_command_class
from django.urls import Resolver404, resolve

from campaign_studio.tests.shape import LAYERS, ROOT, sources

pytestmark = pytest.mark.any_database

ADRS = sorted((ROOT / "docs" / "adr").glob("*.md"))
PAGES = sorted((ROOT / "docs").glob("*.md"))
DOCUMENTS = {file.relative_to(ROOT).as_posix(): file.read_text() for file in [ROOT / "README.md", *PAGES, *ADRS]}
README = DOCUMENTS["README.md"]
# The first parts of a path in this repository. `docs/…` and `<app>/…` are understood as well.
TOPS = {file.name for file in ROOT.iterdir() if file.name != ".data"} | {"<app>"}
CONSTANT = re.compile(r"^([A-Z][A-Z0-9_]*)(?: *=|: )", re.MULTILINE)
# Words of HTTP, SQL, Django and the shell.
WORDS_OF_OTHERS = {"POST", "PATCH", "DELETE", "PROTECT", "CASCADE", "TOKEN", "MALLOC_MMAP_THRESHOLD_"}
# Examples of naming styles, not of names in the code.
EXAMPLES_OF_STYLE = ("docs/words.md",)


def spans(text: str) -> list[str]:
    """The text between single backticks, outside code blocks."""
    return re.findall(r"(?<!`)`([^`]+)`(?!`)", re.sub(r"```.*?```", "", text, flags=re.DOTALL).replace("\n", " "))


def named(pattern: str, *, leaving_out: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    """Each span that matches the whole pattern, with the document that contains it."""
    return sorted(
        {
            (name, span)
            for name, text in DOCUMENTS.items()
            if name not in leaving_out
            for span in spans(text)
            if re.fullmatch(pattern, span)
        }
    )


def is_a_path(span: str) -> bool:
    """Whether a span names a file or directory of this repository."""
    return span.split("/")[0] in TOPS and ("/" in span or "." in span) and " " not in span


def found(path: str) -> bool:
    """Whether a path exists. `<app>/…` must exist in at least one app."""
    if "<app>" in path:
        return any(found(path.replace("<app>", layer)) for layer in LAYERS)
    # Files that a recipe creates don't exist yet, but their directory does.
    if "<" in path or "…" in path:
        return (ROOT / re.split(r"/[^/]*[<…]", path)[0]).is_dir()
    return any(ROOT.glob(path.removesuffix("/")))


def everything_in_code() -> str:
    """All sources, tests, templates and settings files, in one text."""
    files = [file for layer in LAYERS for file in (ROOT / layer).rglob("*.py") if file != Path(__file__)]
    files += [file for ending in ("html", "js", "css") for file in ROOT.glob(f"[a-z]*/**/*.{ending}")]
    files += [ROOT / name for name in ("conftest.py", "pytest.ini", "pyproject.toml", ".env.example")]
    return "\n".join(file.read_text() for file in files)


def test_every_path_exists() -> None:
    named_paths = [
        (name, span.partition("::")[0].partition("#")[0])
        for name, text in DOCUMENTS.items()
        for span in spans(text)
        if is_a_path(span)
    ]
    # The map in the README has two levels.
    named_paths += [("README.md", path) for path in re.findall(r"^(\S+/) {2,}\S", README, re.MULTILINE)]

    assert len(named_paths) > 200
    assert [one for one in named_paths if not found(one[1])] == []


def headings(text: str) -> set[str]:
    """The anchors of a page, as GitHub makes them."""
    return {
        re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-")
        for title in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    }


def test_every_link_leads_somewhere() -> None:
    links = [(name, link) for name, text in DOCUMENTS.items() for link in re.findall(r"\]\(([^)]+)\)", text)]
    broken = []
    for name, link in links:
        path, _, anchor = link.partition("#")
        if path.startswith(("http://", "https://")):
            continue
        target = (ROOT / name).parent / path if path else ROOT / name
        if not target.exists() or (anchor and anchor not in headings(target.read_text())):
            broken.append((name, link))

    assert len(links) > 30
    assert broken == []


def test_every_setting_and_constant_exists() -> None:
    constants = {constant for source in sources().values() for constant in CONSTANT.findall(source)}
    constants |= set(re.findall(r"^#? ?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    constants |= {constant for file in ROOT.glob("*/tests/*.py") for constant in CONSTANT.findall(file.read_text())}
    used = [one for one in named(r"[A-Z][A-Z0-9_]{3,}(?:=\S*)?") if one[1] not in WORDS_OF_OTHERS]

    assert len(used) > 30
    assert [
        (name, span)
        for name, span in used
        if not hasattr(settings, span.partition("=")[0]) and span.partition("=")[0] not in constants
    ] == []


def test_every_name_of_code_exists() -> None:
    code = set(re.findall(r"\w+", everything_in_code()))
    used = named(r"[a-z]+(?:_[a-z0-9]+)+(?:\(.*\))?", leaving_out=EXAMPLES_OF_STYLE)

    assert len(used) > 100
    assert [(name, span) for name, span in used if span.partition("(")[0] not in code] == []


def test_every_endpoint_exists() -> None:
    described = json.loads((ROOT / "campaign_studio" / "tests" / "openapi.json").read_text())["paths"]
    missing = []
    for name, span in named(r"(?:(?:GET|POST|PUT|PATCH|DELETE) )?/api/[^ …]+"):
        verb, _, address = span.rpartition(" ")
        address = address.partition("?")[0]
        method = verb.lower()
        if address in described:
            if method and method not in described[address]:
                missing.append((name, span))
            continue
        try:
            is_catch_all = resolve(re.sub(r"{\w+}", "00000000-0000-0000-0000-000000000000", address)).url_name is None
        except Resolver404:
            is_catch_all = True
        if is_catch_all and address != "/api/":
            missing.append((name, span))

    assert missing == []


def commands() -> Iterator[str]:
    """The names of the project's commands, without those that only adapt one of Django's."""
    django = set(find_commands(str(Path(management.__file__).parent)))
    return (name for name, app in get_commands().items() if app in LAYERS and name not in django)


def test_every_command_exists() -> None:
    used = {(name, command) for name, text in DOCUMENTS.items() for command in re.findall(r"manage\.py (\w+)", text)}

    assert [one for one in sorted(used) if one[1] not in get_commands()] == []


def listed_commands() -> dict[str, list[str]]:
    """The options of each command in the README's list."""
    block = README.partition("## Commands")[2].split("```")[1]
    lines = [line.split("  ")[0] for line in block.splitlines() if line.startswith("manage.py ")]
    return {line.split()[1]: re.findall(r"--[\w-]+", line) for line in lines}


def test_the_readme_lists_every_command() -> None:
    assert set(listed_commands()) == set(commands())


@pytest.mark.parametrize("command", sorted(listed_commands()))
def test_the_options_in_the_readme_exist(command: str) -> None:
    parser = load_command_class(get_commands()[command], command).create_parser("manage.py", command)

    assert set(listed_commands()[command]) <= set(parser._option_string_actions)


def test_every_marker_of_the_tests_exists() -> None:
    known = set(re.findall(r"^    (\w+):", (ROOT / "pytest.ini").read_text(), re.MULTILINE))
    used = {
        marker for text in DOCUMENTS.values() for marker in re.findall(r"pytest(?: -m |\.mark\.)(?:\"not )?(\w+)", text)
    }

    assert used - known == set()


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = [int(file.name[:4]) for file in ADRS]
    titles = [int(re.match(r"# (\d+)", file.read_text())[1]) for file in ADRS]  # type: ignore[index]

    assert numbers == titles == list(range(1, len(ADRS) + 1))


def test_every_page_is_in_the_index() -> None:
    index = DOCUMENTS["docs/README.md"]

    assert [file.name for file in [*PAGES, *ADRS] if file.name != "README.md" and file.name not in index] == []


def test_every_document_that_is_cited_exists() -> None:
    cited = re.findall(r"(?<![\w/])docs/[\w/.-]*\w", everything_in_code())
    decisions = re.findall(r"\bADRs? (\d+)", "\n".join([everything_in_code(), *DOCUMENTS.values()]))

    assert [path for path in cited if not (ROOT / path).exists() and not list(ROOT.glob(f"{path}-*"))] == []
    assert {int(number) for number in decisions} <= set(range(1, len(ADRS) + 1))


def test_every_app_is_on_the_map() -> None:
    assert [app for app in LAYERS if f"\n{app}/" not in README] == []
    assert {config.label for config in apps.get_app_configs()} >= set(LAYERS)
