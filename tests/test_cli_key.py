"""The installation's secret key, as the commands take it or make it."""

from pathlib import Path

import pytest

from tenantry.secret_key import keyring_of
from tenantry.settings import Settings
from tests.test_cli import is_one_line, tenantry


def test_a_key_file_is_made_where_it_is_named(tmp_path: Path) -> None:
    ended = tenantry(tmp_path, "init", TENANTRY_SECRET_FILE="x.key")
    assert (ended.returncode, (tmp_path / "x.key").stat().st_mode & 0o777) == (0, 0o600)
    assert not (tmp_path / "tenantry.db.key").exists()


def test_the_folder_made_for_a_key_is_its_owners_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    keyring_of(Settings(database="postgresql://db.example.com/tenantry"), makes=True)
    folder = tmp_path / "data" / "tenantry"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "secret.key").stat().st_mode & 0o777 == 0o600


def test_a_database_that_lost_its_key_gets_no_other(tmp_path: Path) -> None:
    assert tenantry(tmp_path, "init").returncode == 0
    (tmp_path / "tenantry.db.key").unlink()
    for command in ("verify-audit", "serve", "work"):
        ended = tenantry(tmp_path, command)
        assert (ended.returncode, ended.stdout) == (2, "")
        assert "the secret key can't be used: [Errno 2] No such file" in ended.stderr
        assert is_one_line(ended.stderr)
    assert not (tmp_path / "tenantry.db.key").exists()


def test_another_key_is_refused(tmp_path: Path) -> None:
    assert tenantry(tmp_path, "init").returncode == 0
    ended = tenantry(tmp_path, "operator-key", "create", TENANTRY_SECRET_KEY="0" * 64)
    assert (ended.returncode, is_one_line(ended.stderr)) == (1, True)
    assert "another secret key" in ended.stderr
