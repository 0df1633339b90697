"""The verifier as an auditor runs it with checkpoints: what was signed and kept elsewhere."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tenantry.core import chain, signing, verify_audit
from tenantry.core.checkpoints import Checkpoint, sign
from tenantry.core.secrets import Keyring
from tests.core.exports import LINES, MANY, body, put, run
from tests.world import NOW, WIDGETS

SIGNED = "signed at 2026-03-01T10:00:00Z"
KEYRING = Keyring(b"5" * 32)
KEY = signing.derived(KEYRING, 1, NOW)


def checkpoint(at: int, lines: Sequence[bytes] = LINES) -> Checkpoint:
    """A signed one."""
    digest = verify_audit.read_line(lines[at - 1]).hash
    origin = "https://o'hara.example.com"
    return sign(KEY, Checkpoint.read(WIDGETS, at, digest, origin, NOW, "", ""))


def put_json(folder: Path, name: str, document: Any) -> str:
    """Write a document."""
    (folder / name).write_bytes(msgspec.json.encode(document))
    return name


def test_a_log_is_held_against_checkpoints(tmp_path: Path) -> None:
    kept = {"data": [checkpoint(MANY), checkpoint(20)]}
    options = ["--checkpoint", put_json(tmp_path, "kept.json", kept)]
    options += ["--keys", put_json(tmp_path, "keys.json", {"data": [KEY.published]})]
    code, said = run(tmp_path, *options, put(tmp_path, "log.ndjson", LINES))
    assert code == 0, said
    assert said.splitlines() == [
        f"events 1 to {MANY} are whole",
        f"checkpoint at event 20 holds; signed by {KEY.published.key_id}",
        f"checkpoint at event {MANY} holds; signed by {KEY.published.key_id}",
    ]
    cut = put(tmp_path, "cut.ndjson", LINES[:-7])
    assert run(tmp_path, *options, cut) == (
        1,
        f"WRONG: the end is cut off after event {MANY - 7}: {MANY} was {SIGNED}\n",
    )
    anew = put(tmp_path, "anew.ndjson", [*LINES[:30], *_computed_anew(30)])
    assert run(tmp_path, *options, anew) == (
        1,
        f"WRONG: event {MANY} is not the one {SIGNED}: it, or what is before, was rewritten\n",
    )


def _computed_anew(since: int) -> list[bytes]:
    digest = verify_audit.read_line(LINES[since - 1]).hash
    lines = []
    for number in range(since + 1, MANY + 1):
        text = body(number, action="lie")
        digest = chain.chained(digest, text)
        lines.append(chain.line(number, digest, text.decode(), None))
    return lines


def test_a_head_that_was_noted_is_looked_for(tmp_path: Path) -> None:
    name = put(tmp_path, "log.ndjson", LINES[:50])
    head = verify_audit.read_line(LINES[29]).hash.hex()
    assert run(tmp_path, "--head", head, name) == (0, "events 1 to 50 are whole\n")
    code, said = run(tmp_path, "--head", "0" * 64, name)
    assert (code, said) == (
        1,
        "WRONG: no event has the hash that was noted: it was rewritten, or cut off\n",
    )


def test_an_export_that_begins_later_begins_where_a_checkpoint_says(tmp_path: Path) -> None:
    name = put(tmp_path, "later.ndjson", LINES[40:50])
    assert run(tmp_path, name) == (
        0,
        "events 41 to 50 are whole; nothing says what event 41 follows (--checkpoint)\n",
    )
    option = ["--checkpoint", put_json(tmp_path, "kept.json", checkpoint(40))]
    code, said = run(tmp_path, *option, name)
    assert (code, said.splitlines()[0]) == (0, "events 41 to 50 are whole")
    wrong = msgspec.structs.replace(checkpoint(40), hash="0" * 64)
    put_json(tmp_path, "kept.json", wrong)
    code, said = run(tmp_path, *option, name)
    assert (code, said) == (
        1,
        f"WRONG: event 41 ({41:022d}) was changed, or event 40 and its hash were\n",
    )


@pytest.mark.parametrize("at", [40, 45])
def test_of_two_checkpoints_of_one_event_only_one_holds(tmp_path: Path, at: int) -> None:
    """Also of the event that the export begins behind."""
    name = put(tmp_path, "later.ndjson", LINES[40:50])
    lied = msgspec.structs.replace(checkpoint(at), hash="0" * 64)
    kept = {"data": [lied, checkpoint(at)]}
    code, said = run(tmp_path, "--checkpoint", put_json(tmp_path, "kept.json", kept), name)
    says = f"WRONG: event {at} is not the one {SIGNED}: it, or what is before, was rewritten\n"
    assert (code, said) == (1, says)


def test_a_signature_is_checked_by_openssl_or_it_is_said_how(tmp_path: Path) -> None:
    name = put(tmp_path, "log.ndjson", LINES[:50])
    options = ["--checkpoint", put_json(tmp_path, "kept.json", checkpoint(50))]
    code, said = run(tmp_path, *options, name)
    assert (code, f"Get the key {KEY.published.key_id} as key.pem" in said) == (0, True)
    commands = [line for line in said.splitlines() if line.startswith("    ")]
    (tmp_path / "key.pem").write_text(KEY.published.public_key)
    shown = subprocess.run(
        ["/bin/sh", "-e", "-c", "\n".join(commands)], cwd=tmp_path, capture_output=True, check=False
    )
    assert b"Signature Verified Successfully" in shown.stdout, shown.stderr
    lied = msgspec.structs.replace(checkpoint(50), created_at="2027-03-01T10:00:00Z")
    put_json(tmp_path, "kept.json", lied)
    options += ["--keys", put_json(tmp_path, "keys.json", {"data": [KEY.published]})]
    assert run(tmp_path, *options, name) == (
        1,
        f"WRONG: the checkpoint at event 50 is not signed by {KEY.published.key_id}\n",
    )


def test_what_a_checkpoint_of_earlier_events_says_is_not_taken_for_checked(tmp_path: Path) -> None:
    kept = put_json(tmp_path, "kept.json", {"data": [checkpoint(20), checkpoint(40)]})
    code, said = run(tmp_path, "--checkpoint", kept, put(tmp_path, "log.ndjson", LINES[40:50]))
    assert code == 0
    assert "checkpoint at event 20 is of events before these: NOT checked; " in said
    assert "checkpoint at event 40 holds; " in said
