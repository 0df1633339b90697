"""The command line, as a new user and as a script meet it: processes in an empty home."""

import asyncio
import json
import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tenantry import __version__, migrations
from tests.infrastructure.server import free_port, serving, start

if TYPE_CHECKING:
    from tests.infrastructure.postgres import PostgresServer

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
        (("serve",), {"TENANTRY_MAIL_FROM": "nobody"}, "TENANTRY_MAIL_FROM must be"),
        (("serve",), {"TENANTRY_PUBLIC_URL": "ftp://x"}, "TENANTRY_PUBLIC_URL"),
        (("serve",), {"TENANTRY_PUBLIC_URL": "http://"}, "TENANTRY_PUBLIC_URL"),
        (("serve",), {"TENANTRY_PUBLIC_URL": "https://a.example.com/?b"}, "TENANTRY_PUBLIC_URL"),
        (("serve",), {"TENANTRY_LOG_REQUESTS": "maybe"}, "Expected true or false, got str"),
        (("serve", "--scenario", "missing.yaml"), {}, "missing.yaml"),
    ],
)
def test_a_bad_setting_stops_with_one_line(
    tmp_path: Path, arguments: tuple[str, ...], environment: dict[str, str], says: str
) -> None:
    ended = tenantry(tmp_path, *arguments, **environment)
    assert ended.returncode == (1 if "--scenario" in arguments else 2)
    assert is_one_line(ended.stderr), ended.stderr
    assert says in ended.stderr


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("TRUSTED_PROXIES", "10.0.0.0/8, nowhere", "'nowhere'"),
        ("PROVIDER_NETWORKS", "10.0.0.0/8, nowhere", "'nowhere'"),
        ("BREACHED_PASSWORDS", "missing.txt", "No such file"),
        ("CORS_ORIGINS", "https://app.example.com, https://b.example.com/", "b.example.com/'"),
        ("HOST", "", "can't listen on ''"),
        ("HOST", "nowhere.invalid", "no name of one"),
        ("CORS_ORIGINS", "app.example.com", "scheme://host[:port]"),
        ("METRICS_PORT", "70000", "70000 is not a port"),
        ("METRICS_PORT", "-1", "-1 is not a port"),
        ("METRICS_PORT", "8080", "8080 is the port of the server itself"),
        ("DATABASE", "postgresql://ada:hidden@db.example.com:99999/x", "'99999' is not a port"),
        ("DATABASE", "postgresql://a.example.com:5432,b.example.com:x/x", "'x' is not a port"),
        ("DATABASE", "postgre://ada:hidden@db.example.com/x", "is not a database URL"),
        ("DATABASE", "sqlite:///missing/folder/x.db", "folder missing/folder does not exist"),
        ("SECRET_KEY", "abc", "fromhex()"),
        ("SECRET_FILE", "missing/folder/x.key", "folder missing/folder does not exist"),
    ],
)
def test_a_bad_setting_is_named(tmp_path: Path, name: str, value: str, says: str) -> None:
    ended = tenantry(tmp_path, "serve", **{f"TENANTRY_{name}": value})
    assert ended.returncode == 2
    assert is_one_line(ended.stderr), ended.stderr
    assert ended.stderr.startswith(f"tenantry: TENANTRY_{name}: ")
    assert says in ended.stderr
    assert "hidden" not in ended.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["PORT", "METRICS_PORT"])
def test_a_port_that_is_taken_is_named_before_anything_is_made(tmp_path: Path, name: str) -> None:
    ports = {"TENANTRY_PORT": str(free_port())}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = listener.getsockname()[1]
        ports[f"TENANTRY_{name}"] = str(taken)
        ended = tenantry(tmp_path, "serve", TMPDIR=str(tmp_path), **ports)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"tenantry: TENANTRY_{name}: can't listen on 127.0.0.1:{taken}:")
    # Nor does a folder for the numbers stay behind.
    assert list(tmp_path.iterdir()) == []


def test_of_two_that_start_at_once_on_one_port_one_is_told(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "tenantry", "serve", "--host", "localhost"]
    command += ["--port", str(port)]
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
    servers = [
        subprocess.Popen(
            command,
            cwd=folder,
            env={"HOME": str(folder), "PATH": os.environ["PATH"]},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for folder in folders
    ]
    with ThreadPoolExecutor() as pool:
        ends = [pool.submit(server.communicate) for server in servers]
        told, serve = wait(ends, timeout=30, return_when=FIRST_COMPLETED)
        for server in servers:
            server.terminate()
    assert (len(told), len(serve)) == (1, 1)
    error = told.pop().result()[1]
    assert error.startswith(f"tenantry: TENANTRY_PORT: can't listen on 127.0.0.1:{port}: ")


@pytest.mark.parametrize("command", ["serve", "migrate"])
def test_a_database_out_of_reach_is_named_without_its_password(
    tmp_path: Path, command: str
) -> None:
    url = "postgresql://ada:hidden@127.0.0.1:1/x?password=hidden"
    ended = tenantry(tmp_path, command, "--database", url, TENANTRY_PORT=str(free_port()))
    assert (ended.returncode, is_one_line(ended.stderr)) == (1, True)
    assert "can't reach the database postgresql://ada:…@127.0.0.1:1/x" in ended.stderr
    assert "hidden" not in ended.stderr


def test_nobody_else_reads_the_database(tmp_path: Path) -> None:
    with serving(f"sqlite:///{tmp_path}/own.db", tmp_path):
        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.glob("own.db*")}
    assert modes == {"own.db": 0o600, "own.db-wal": 0o600, "own.db-shm": 0o600}


@pytest.fixture
def empty_database(dialect: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database that nobody used."""
    if dialect == "sqlite":
        yield f"sqlite:///{tmp_path}/tenantry.db"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = f"empty_{request.getfixturevalue('worker')}"
    asyncio.run(server.create_database(name))
    yield server.url(name)
    asyncio.run(server.drop_database(name))


def test_servers_may_start_at_once_on_an_empty_database(
    empty_database: str, tmp_path: Path
) -> None:
    folders = [tmp_path / str(number) for number in range(3)]
    for folder in folders:
        folder.mkdir()
    with ThreadPoolExecutor() as threads:
        servers = list(threads.map(lambda folder: start(empty_database, folder), folders))
    for server in servers:
        server.stop()
    assert sum("The database is new" in server.output for server in servers) == 1


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
