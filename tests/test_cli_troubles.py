"""Commands whose database, disk or key is not as it should be: told in one line, nothing made."""

import subprocess
import sys
from pathlib import Path

import pytest

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
