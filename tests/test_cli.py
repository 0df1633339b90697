"""The command line, as a new user and as a script meet it: processes in an empty home."""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tenantry import __version__, migrations

pytestmark = pytest.mark.live


def tenantry(
    folder: Path, *arguments: str, stdin: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command in an otherwise empty environment."""
    return subprocess.run(
        [sys.executable, "-m", "tenantry", *arguments],
        cwd=folder,
        env={"HOME": str(folder), "PATH": os.environ["PATH"], **environment},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def is_one_line(text: str) -> bool:
    """Whether an error is told as it should be."""
    return text.startswith("tenantry: ") and text.count("\n") == 1 and "Traceback" not in text


def test_help_teaches(tmp_path: Path) -> None:
    shown = tenantry(tmp_path, "--help").stdout
    for command in ("serve", "init", "load", "migrate", "operator-key", "work", "version"):
        assert f"  {command} " in shown
        assert tenantry(tmp_path, command, "--help").returncode == 0
    assert tenantry(tmp_path, "version").stdout == f"tenantry {__version__}\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed(tmp_path: Path, shell: str) -> None:
    shown = tenantry(tmp_path, "completion", shell)
    assert shown.returncode == 0
    assert "_TENANTRY_COMPLETE" in shown.stdout


def test_init_prints_the_first_keys_once(tmp_path: Path) -> None:
    first = tenantry(tmp_path, "init", "--json")
    assert first.returncode == 0, first.stderr
    keys = json.loads(first.stdout)
    assert list(keys) == ["customer_id", "user_id", "login", "password", "token", "operator_key"]
    assert [len(keys[name]) for name in ("customer_id", "user_id", "token")] == [22, 22, 32]
    assert (tmp_path / "tenantry.db.key").stat().st_mode & 0o777 == 0o600
    # The database alone tells nothing of them.
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("tenantry.db*"))
    for name in ("password", "token", "operator_key"):
        assert keys[name].encode() not in kept
    again = tenantry(tmp_path, "init", "--json")
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr == "tenantry: Duplicate user: 'owner@example.com'\n"


def test_init_takes_a_password_and_refuses_a_weak_one(tmp_path: Path) -> None:
    options = ("init", "--json", "--password-stdin", "--login", "ada@example.com")
    weak = tenantry(tmp_path, *options, stdin="short\n")
    assert (weak.returncode, is_one_line(weak.stderr)) == (1, True)
    strong = tenantry(tmp_path, *options, stdin="stapled-Sponge-7-otter\n")
    assert json.loads(strong.stdout)["password"] == "stapled-Sponge-7-otter"


@pytest.mark.parametrize(
    ("arguments", "environment", "says"),
    [
        (("migrate", "--database", "mysql://x/y"), {}, "is not a database URL"),
        (("migrate",), {"TENANTRY_DATABASE": "sqlite://x.db"}, "names no file"),
        (("serve", "--port", "99999"), {}, "TENANTRY_PORT: 99999 is not a port"),
        (("serve",), {"TENANTRY_PORT": "http"}, "TENANTRY_PORT: Expected int"),
        (("serve",), {"TENANTRY_MAIL": "pigeon://x"}, "TENANTRY_MAIL must be"),
        (("serve",), {"TENANTRY_SECRET_KEY": "abc"}, "secret key"),
        (("serve",), {"TENANTRY_PUBLIC_URL": "ftp://x"}, "TENANTRY_PUBLIC_URL"),
        (("serve",), {"TENANTRY_TRUSTED_PROXIES": "nowhere"}, "nowhere"),
        (("serve", "--scenario", "missing.yaml"), {}, "missing.yaml"),
        (("migrate", "--database", "postgresql://127.0.0.1:1/x"), {}, "Connect"),
        (("migrate", "--database", "sqlite:////nowhere/at/all.db"), {}, "unable to open"),
    ],
)
def test_a_bad_setting_stops_with_one_line(
    tmp_path: Path, arguments: tuple[str, ...], environment: dict[str, str], says: str
) -> None:
    ended = tenantry(tmp_path, *arguments, **environment)
    assert ended.returncode in {1, 2}
    assert is_one_line(ended.stderr), ended.stderr
    assert says in ended.stderr


def test_a_database_of_a_newer_version_is_not_touched(tmp_path: Path) -> None:
    assert tenantry(tmp_path, "migrate").returncode == 0
    path = tmp_path / "tenantry.db"
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    for command in (("migrate",), ("serve",), ("init",), ("operator-key", "create")):
        ended = tenantry(tmp_path, *command)
        assert (ended.returncode, is_one_line(ended.stderr)) == (1, True)
        assert "9999" in ended.stderr
    assert path.read_bytes() == before


def test_another_programs_database_is_not_touched(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "tenantry.db")
    connection.execute("CREATE TABLE users (id INTEGER)")
    connection.commit()
    connection.close()
    ended = tenantry(tmp_path, "serve")
    assert (ended.returncode, is_one_line(ended.stderr)) == (1, True)
    (tmp_path / "tenantry.db").write_text("This is no database, but a text of some length.\n" * 9)
    ended = tenantry(tmp_path, "serve")
    assert (ended.returncode, is_one_line(ended.stderr)) == (1, True)


def test_another_key_is_refused(tmp_path: Path) -> None:
    assert tenantry(tmp_path, "init").returncode == 0
    ended = tenantry(tmp_path, "operator-key", "create", TENANTRY_SECRET_KEY="0" * 64)
    assert (ended.returncode, is_one_line(ended.stderr)) == (1, True)
    assert "another secret key" in ended.stderr


def test_migrating_again_changes_nothing(tmp_path: Path) -> None:
    first = tenantry(tmp_path, "migrate")
    assert first.stdout == f"schema {migrations.NEWEST} (was empty)\n"
    assert tenantry(tmp_path, "migrate").stdout == f"schema {migrations.NEWEST}\n"


def test_a_changed_log_is_found(tmp_path: Path) -> None:
    customer = json.loads(tenantry(tmp_path, "init", "--json").stdout)["customer_id"]
    whole = tenantry(tmp_path, "verify-audit")
    assert whole.stdout == f"{customer}  4 events  whole\n"
    connection = sqlite3.connect(tmp_path / "tenantry.db")
    connection.execute("UPDATE events SET body = replace(body, 'user', 'usex') WHERE sequence = 2")
    connection.commit()
    connection.close()
    broken = tenantry(tmp_path, "verify-audit", "--customer", customer)
    assert broken.returncode == 1
    assert "event 2" in broken.stdout
    assert "was changed" in broken.stdout
