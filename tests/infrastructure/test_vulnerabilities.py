"""What an audit of the locked packages makes of what it is told."""

import json
from typing import Any

from tests.infrastructure.vulnerabilities import judge


def package(name: str, *vulns: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "version": "1.0", "vulns": list(vulns)}


def test_a_known_vulnerability_is_named_with_what_mends_it() -> None:
    mended = {"id": "PYSEC-0000-1", "fix_versions": ["1.1", "2.0"], "aliases": []}
    open_ = {"id": "PYSEC-0000-2", "fix_versions": [], "aliases": []}
    told = {"dependencies": [package("sound"), package("broken", mended, open_)], "fixes": []}
    flaws = [
        "broken 1.0: PYSEC-0000-1, mended in 1.1, 2.0",
        "broken 1.0: PYSEC-0000-2, mended in no release yet",
    ]
    assert judge(json.dumps(told)) == (2, flaws)


def test_sound_packages_pass() -> None:
    skipped = {"name": "our-own", "skip_reason": "Dependency not found"}
    told = {"dependencies": [package("sound"), skipped], "fixes": []}
    assert judge(json.dumps(told)) == (1, [])


def test_who_could_not_be_asked_told_nothing() -> None:
    assert judge("") is None
    assert judge("ConnectionError: the index is not there") is None
    assert judge("[]") is None
    skipped = {"name": "sound", "skip_reason": "Dependency not found"}
    assert judge(json.dumps({"dependencies": [skipped], "fixes": []})) is None
