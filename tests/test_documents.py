"""What the documents say of settings, commands, files and each other holds."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec
import pytest

from tenantry.cli import main
from tenantry.settings import PREFIX, Settings
from tests.generate_docs import access_guide
from tests.house_imports import BELOW

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("bench/*.md")])
DECISIONS = sorted(ROOT.glob("docs/decisions/*.md"))
LONG = {"compatibility.md", "client-setup.md", "scenarios.md"}
"""Tables and examples to look things up in."""
PAGES = [one for one in sorted(ROOT.glob("docs/*.md")) if one.name not in LONG]
LONGEST_PAGE = 100

FORBIDDEN = re.compile(
    r"\b(?:amazing|awesome|best-in-class|blazing(?:ly)?|cutting-edge|effortless(?:ly)?|"
    r"enterprise-grade|just works|next-generation|powerful|revolutionary|robust|"
    r"seamless(?:ly)?|state-of-the-art|world-class|FIXME|TBD|TODO|XXX)\b"
    r"|/(?:root|tmp|work)/"
    "|[\u2600-\u27bf\U0001f000-\U0001faff]",
    re.IGNORECASE,
)
"""Praise, loose ends, one machine's paths, and pictures in place of words."""
ADDRESS = re.compile(r"[\w.+-]+@(?P<domain>[\w-]+(?:\.[\w-]+)+)")
LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} (?P<title>.+)$", re.MULTILINE)
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
CALL = re.compile(r"\btenantry (?P<words>[a-z][a-z-]*(?: create| list| revoke| rotate)?)(?![\w.-])")


def name(path: Path) -> str:
    """A document, as a test is told of it."""
    return path.relative_to(ROOT).as_posix()


every_document = pytest.mark.parametrize("path", DOCUMENTS, ids=name)


def read(path: str) -> str:
    return (ROOT / path).read_text("utf-8")


def rows(text: str) -> Iterator[list[str]]:
    """The cells of every line of every table."""
    for line in text.splitlines():
        if line.startswith("| "):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def commands() -> dict[str, click.Command]:
    """Every command by its words."""
    found: dict[str, click.Command] = {}
    for word, command in main.commands.items():
        if isinstance(command, click.Group):
            found |= {f"{word} {inner}": one for inner, one in command.commands.items()}
        else:
            found[word] = command
    return found


def anchors(path: Path) -> set[str]:
    """The places in a document that a link can lead to."""
    titles = HEADING.findall(FENCED.sub("", path.read_text("utf-8")))
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def shown(default: object) -> str:
    """A default as a person sets it."""
    return str(default).lower() if isinstance(default, bool) else str(default)


def test_every_setting_is_explained_with_its_default() -> None:
    told = {row[0].strip("`"): row[1] for row in rows(read("docs/settings.md")) if len(row) == 3}
    fields = {f"{PREFIX}{one.name.upper()}": one for one in msgspec.structs.fields(Settings)}
    assert {name for name in told if name.startswith(PREFIX)} == set(fields)
    for variable, field in fields.items():
        if field.default != "":
            assert told[variable] == f"`{shown(field.default)}`", variable


@every_document
def test_no_document_names_a_setting_that_is_not_there(path: Path) -> None:
    named = set(re.findall(rf"{PREFIX}[A-Z_]*[A-Z]", path.read_text("utf-8")))
    assert named <= {f"{PREFIX}{field.upper()}" for field in Settings.__struct_fields__}


def test_every_command_is_on_the_map_with_its_options() -> None:
    first_cells = [row[0].strip("`") for row in rows(read("docs/ARCHITECTURE.md"))]
    told = [cell for cell in first_cells if cell.startswith("tenantry ")]
    expected = commands()
    assert len(told) == len(expected)
    for words, command in expected.items():
        [line] = [one for one in told if re.match(rf"tenantry {words}( |$)", one)]
        options = [one for one in command.params if isinstance(one, click.Option)]
        assert set(re.findall(r"--[\w-]+", line)) == {one.opts[0] for one in options}, words


@every_document
def test_no_document_names_a_command_that_is_not_there(path: Path) -> None:
    called = {found["words"] for found in CALL.finditer(path.read_text("utf-8"))}
    assert called <= set(commands())


def test_the_map_says_who_may_import_whom() -> None:
    told = {
        row[0].partition("`")[2].partition("`")[0]: set(re.findall(r"`(\w+)`", row[1]))
        for row in rows(read("docs/ARCHITECTURE.md"))
    }
    for part, below in BELOW.items():
        assert told[part] == below - {part}


def test_the_matrix_of_access_is_that_of_the_code() -> None:
    assert read("docs/access.md") == access_guide()


@every_document
def test_links_lead_somewhere(path: Path) -> None:
    for found in LINK.finditer(FENCED.sub("", path.read_text("utf-8"))):
        place, _, anchor = found["target"].partition("#")
        if re.match(r"https?://", place):
            continue
        target = path.parent / place if place else path
        assert target.exists(), found[0]
        if anchor:
            assert anchor in anchors(target), found[0]


@every_document
def test_files_that_are_named_exist(path: Path) -> None:
    for found in re.findall(r"(?<![\w./-])[\w/]+\.(?:py|yaml)\b", path.read_text("utf-8")):
        places = (ROOT / found, ROOT / "src/tenantry" / found, path.parent / found)
        is_there = any(place.exists() for place in places)
        assert is_there or ("/" not in found and any(ROOT.glob(f"src/**/{found}"))), found


@every_document
def test_words_are_plain_and_addresses_made_up(path: Path) -> None:
    text = path.read_text("utf-8")
    assert FORBIDDEN.findall(text) == []
    for found in ADDRESS.finditer(text):
        assert re.search(r"(?:^|\.)example\.com$", found["domain"]), found[0]


@pytest.mark.parametrize("path", [*PAGES, *DECISIONS], ids=name)
def test_a_page_is_a_page(path: Path) -> None:
    assert path.read_text("utf-8").count("\n") <= LONGEST_PAGE


@pytest.mark.parametrize("path", DECISIONS, ids=name)
def test_a_decision_says_what_decisions_say(path: Path) -> None:
    titles = HEADING.findall(path.read_text("utf-8"))
    assert titles[0].startswith(f"{int(path.name[:4])}. ")
    assert titles[1:] == ["Context", "Decision", "Consequences", "Alternatives"]
