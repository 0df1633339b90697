"""What an audit of the locked packages makes of what it is told, or not told."""

import json
from typing import Any

import pytest

from tests.infrastructure.vulnerabilities import Finding, audit, judge, main

MENDED = {"id": "PYSEC-0000-1", "fix_versions": ["1.1", "2.0"], "aliases": []}
OPEN = {"id": "PYSEC-0000-2", "fix_versions": [], "aliases": []}
NOBODY = "ConnectionError: the index is not there"


def package(name: str, *vulns: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "version": "1.0", "vulns": list(vulns)}


def told(*packages: dict[str, Any]) -> str:
    return json.dumps({"dependencies": list(packages), "fixes": []})


SOUND = told(package("sound"))
BROKEN = told(package("sound"), package("broken", MENDED, OPEN))
SKIPPED = {"name": "our-own", "skip_reason": "Dependency not found"}


def test_a_known_vulnerability_is_named_with_what_mends_it() -> None:
    flaws = [
        "broken 1.0: PYSEC-0000-1, mended in 1.1, 2.0",
        "broken 1.0: PYSEC-0000-2, mended in no release yet",
    ]
    assert judge("pypi", BROKEN) == Finding("pypi", 2, flaws)


def test_sound_packages_pass() -> None:
    assert judge("pypi", told(package("sound"), SKIPPED)) == Finding("pypi", 1, [])


@pytest.mark.parametrize("printed", ["", NOBODY, "[]", "null", told(SKIPPED), told()])
def test_who_could_not_be_asked_told_nothing(printed: str) -> None:
    assert judge("pypi", printed) is None


def test_the_second_source_is_asked_where_the_first_is_not_there() -> None:
    asked = []

    def asking(source: str, lock: str) -> str:
        asked.append((source, lock))
        return BROKEN if source == "osv" else NOBODY

    found = audit("a.txt", asking)
    assert (found and found.source, asked) == ("osv", [("pypi", "a.txt"), ("osv", "a.txt")])
    found = audit("a.txt", lambda source, _: {"pypi": SOUND, "osv": BROKEN}[source])
    assert found == Finding("pypi", 1, [])


@pytest.mark.parametrize(
    ("printed", "arguments", "code", "says"),
    [
        (SOUND, [], 0, "looked up at the Python Package Index, 0 vulnerabilities"),
        (SOUND, ["--strict"], 0, "0 vulnerabilities"),
        (BROKEN, [], 1, "  broken 1.0: PYSEC-0000-1, mended in 1.1, 2.0"),
        (NOBODY, [], 0, "requirements/runtime.txt: NOT LOOKED UP, neither"),
        (NOBODY, ["--strict"], 1, "OSV.dev could be asked: this says nothing"),
    ],
)
def test_it_fails_on_findings_and_says_when_there_was_nobody_to_ask(
    capsys: pytest.CaptureFixture[str], printed: str, arguments: list[str], code: int, says: str
) -> None:
    assert main(arguments, lambda _source, _lock: printed) == code
    assert says in capsys.readouterr().out
