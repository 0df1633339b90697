"""`tenantry verify-audit` and `signing-key`, as an operator meets them."""

import gzip
import json
import sqlite3
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.infrastructure.server import serving
from tests.test_cli import is_one_line, tenantry

pytestmark = pytest.mark.live

_AUDIT = "/_tenantry/v1/audit"


def _cut_off(folder: Path, count: int) -> None:
    """Take the last event away, with all that tells of it in the database."""
    connection = sqlite3.connect(folder / "tenantry.db")
    connection.execute("DELETE FROM checkpoints")
    connection.execute("DELETE FROM events WHERE sequence = ?", (count,))
    connection.execute("DELETE FROM revisions WHERE from_sequence = ?", (count,))
    connection.execute(
        "UPDATE chains SET (sequence, hash, number, created_at) ="
        " (SELECT sequence, hash, number, created_at FROM events WHERE sequence = ?)",
        (count - 1,),
    )
    connection.commit()
    connection.close()


def _fetched(folder: Path) -> tuple[str, dict[str, Any]]:
    """Fetch what can be kept of a log; whose, and its head."""
    keys = json.loads(tenantry(folder, "init", "--json").stdout)
    secret = (folder / "tenantry.db.key").read_text().strip()
    with serving(f"sqlite:///{folder}/tenantry.db", folder, secret_key=secret) as server:
        key = {"Fastly-Key": keys["token"]}
        for name in ("head", "export", "keys"):
            answer = httpx.get(f"{server.url}{_AUDIT}/{name}", headers=key)
            assert answer.status_code == 200, answer.text
            (folder / name).write_bytes(answer.content)
    (folder / "export.gz").write_bytes(gzip.compress((folder / "export").read_bytes()))
    return keys["customer_id"], json.loads((folder / "head").read_text())


def test_what_was_fetched_is_held_against_the_database_and_the_export(tmp_path: Path) -> None:
    customer, head = _fetched(tmp_path)
    count = head["sequence"]
    whole = tenantry(tmp_path, "verify-audit", "--checkpoint", "head", "--head", head["hash"])
    assert (whole.returncode, whole.stderr) == (0, "")
    assert whole.stdout == f"{customer}  {count} events  whole\n"
    exported = tenantry(tmp_path, "verify-audit", "--file", "export.gz", "--checkpoint", "head")
    assert exported.returncode == 0, exported.stderr
    assert exported.stdout.startswith(
        f"events 1 to {count} are whole\ncheckpoint at event {count} holds; signature NOT checked."
    )
    with_keys = ("--file", "export.gz", "--checkpoint", "head", "--keys", "keys")
    said = tenantry(tmp_path, "verify-audit", *with_keys).stdout
    assert said.endswith(f"checkpoint at event {count} holds; signed by {head['key_id']}\n")
    (tmp_path / "head2").write_text(json.dumps(head | {"created_at": "2020-01-01T00:00:00Z"}))
    forged = tenantry(tmp_path, "verify-audit", *with_keys, "--checkpoint", "head2")
    assert forged.returncode == 1
    assert "is not signed by a key of ours" in forged.stdout

    _cut_off(tmp_path, count)
    assert tenantry(tmp_path, "verify-audit").returncode == 0
    says = f"the end is cut off after event {count - 1}: {count} was signed at"
    cut = tenantry(tmp_path, "verify-audit", "--checkpoint", "head")
    assert cut.returncode == 1
    assert says in cut.stdout
    # What was published into a folder counts without being named.
    (tmp_path / "published").mkdir()
    (tmp_path / "published" / f"{customer}-{count:012d}.json").write_text(json.dumps(head))
    found = tenantry(tmp_path, "verify-audit", TENANTRY_CHECKPOINT_TO=f"file:{tmp_path}/published")
    assert found.returncode == 1
    assert says in found.stdout


def test_an_export_that_is_cut_off_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "cut.gz").write_bytes(gzip.compress(b"x" * 1000)[:-10])
    ended = tenantry(tmp_path, "verify-audit", "--file", "cut.gz")
    assert ended.returncode == 1
    assert is_one_line(ended.stderr), ended.stderr


def test_a_key_is_rotated(tmp_path: Path) -> None:
    tenantry(tmp_path, "init")
    ids = [tenantry(tmp_path, "signing-key", "rotate").stdout for _ in range(2)]
    assert [len(one) for one in ids] == [17, 17]
    assert ids[0] != ids[1]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--customer", "0Unknown"), "0Unknown"),
        (("--head", "abc"), "a head has 64 hexadecimal digits"),
        (("--checkpoint", "missing.json"), "missing.json"),
        (("--file", "missing.ndjson"), "missing.ndjson"),
    ],
)
def test_what_cannot_be_checked_is_told_in_one_line(
    tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    tenantry(tmp_path, "init")
    ended = tenantry(tmp_path, "verify-audit", *arguments)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert is_one_line(ended.stderr), ended.stderr
    assert says in ended.stderr


@pytest.mark.parametrize("command", ["verify-audit", "post-invoices"])
def test_where_there_is_no_database_none_is_made_and_nothing_is_said_to_be_well(
    tmp_path: Path, command: str
) -> None:
    ended = tenantry(tmp_path, command, "--database", "sqlite:///misspelt.db")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert is_one_line(ended.stderr)
    assert "there is no database sqlite:///misspelt.db" in ended.stderr
    assert list(tmp_path.iterdir()) == []
