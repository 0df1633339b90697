"""`tenantry verify-audit` and `signing-key`, as an operator meets them."""

import gzip
import json
import sqlite3
from pathlib import Path

import httpx
import pytest

from tests.infrastructure.server import serving
from tests.test_cli import is_one_line, tenantry

pytestmark = pytest.mark.live

_AUDIT = "/_tenantry/v1/audit"


def test_what_was_fetched_is_held_against_the_database_and_the_export(tmp_path: Path) -> None:
    keys = json.loads(tenantry(tmp_path, "init", "--json").stdout)
    customer, url = keys["customer_id"], f"sqlite:///{tmp_path}/tenantry.db"
    secret = (tmp_path / "tenantry.db.key").read_text().strip()
    with serving(url, tmp_path, secret_key=secret) as server:
        key = {"Fastly-Key": keys["token"]}
        for name in ("head", "export", "keys"):
            answer = httpx.get(f"{server.url}{_AUDIT}/{name}", headers=key)
            assert answer.status_code == 200, answer.text
            (tmp_path / name).write_bytes(answer.content)
    head = json.loads((tmp_path / "head").read_text())
    count = head["sequence"]
    (tmp_path / "export.gz").write_bytes(gzip.compress((tmp_path / "export").read_bytes()))

    whole = tenantry(tmp_path, "verify-audit", "--checkpoint", "head", "--head", head["hash"])
    assert (whole.returncode, whole.stderr) == (0, "")
    assert whole.stdout == f"{customer}  {count} events  whole\n"
    exported = tenantry(tmp_path, "verify-audit", "--file", "export.gz", "--checkpoint", "head")
    assert exported.returncode == 0, exported.stderr
    assert exported.stdout.startswith(
        f"events 1 to {count} are whole\ncheckpoint at event {count} holds; signature NOT checked."
    )

    connection = sqlite3.connect(tmp_path / "tenantry.db")
    connection.execute("DELETE FROM checkpoints")
    connection.execute("DELETE FROM events WHERE sequence = ?", (count,))
    connection.execute("DELETE FROM revisions WHERE from_sequence = ?", (count,))
    connection.execute(
        "UPDATE chains SET sequence = ?, hash = (SELECT hash FROM events WHERE sequence = ?)",
        (count - 1, count - 1),
    )
    connection.commit()
    connection.close()
    assert tenantry(tmp_path, "verify-audit").returncode == 0
    cut = tenantry(tmp_path, "verify-audit", "--checkpoint", "head")
    assert cut.returncode == 1
    assert f"the end is cut off after event {count - 1}: {count} was signed at" in cut.stdout


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
