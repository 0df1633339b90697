"""Commands whose database, disk or key is not as it should be: told in one line, nothing made."""

import subprocess
import sys
from pathlib import Path

import pytest

from tenantry.core import verify_audit
from tests.test_cli import is_one_line, tenantry

pytestmark = pytest.mark.live


def test_a_full_disk_is_told_in_one_line(tmp_path: Path) -> None:
    assert tenantry(tmp_path, "init").returncode == 0
    shell = ["/bin/sh", "-c", 'ulimit -f 64; exec "$@"', "sh"]
    ended = subprocess.run(
        [*shell, sys.executable, "-m", "tenantry", "init", "--login", "ben@example.com"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, is_one_line(ended.stderr)) == (1, True), ended.stderr
    assert ended.stderr.startswith("tenantry: the database can't be used: ")


def test_what_holds_no_events_is_not_said_to_be_whole(tmp_path: Path) -> None:
    """What was meant for it may have failed, or a database holds others' logs."""
    (tmp_path / "export.ndjson").touch()
    for program in (("-m", "tenantry", "verify-audit", "--file"), (verify_audit.__file__,)):
        command = [sys.executable, *program, "export.ndjson"]
        ended = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
        )
        assert ended.returncode == 1, ended.stderr
        assert "there are no events: nothing was checked" in ended.stdout
