"""The verifier as an auditor runs it: a program, on files that somebody handed him."""

import gzip
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from tenantry.core import chain, signing, verify_audit
from tenantry.core.checkpoints import Checkpoint, sign
from tenantry.core.secrets import Keyring
from tenantry.core.verify_audit import BLOCK, Wrong
from tests.world import NOW, WIDGETS

MANY = 2 * BLOCK + 100
SIGNED = "signed at 2026-03-01T10:00:00Z"

_words = st.text(alphabet=st.characters(codec="utf-8"))


def _body(number: int, **facts: Any) -> bytes:
    facts = {"customer_id": WIDGETS, "id": f"{number:022d}", "sequence": number} | facts
    return chain.canonical(facts)


def log(count: int) -> list[bytes]:
    """The lines of a made-up export."""
    lines, digest = [], bytes(32)
    for number in range(1, count + 1):
        login = f"ben{number}@example.com"
        body = _body(number, metadata={"login": chain.seal("salt", login)})
        digest = chain.chained(digest, body)
        personal = '{"metadata.login":["salt","' + login + '"]}'
        lines.append(chain.line(number, digest, body.decode(), personal))
    return lines


LINES = log(MANY)


def run(folder: Path, *arguments: str, stdin: bytes = b"") -> tuple[int, str]:
    """The exit code and what was said."""
    ended = subprocess.run(
        [sys.executable, "-I", "-S", verify_audit.__file__, *arguments],
        cwd=folder,
        input=stdin,
        capture_output=True,
        check=False,
        timeout=120,
    )
    return ended.returncode, (ended.stdout + ended.stderr).decode()


def put(folder: Path, name: str, lines: Sequence[bytes]) -> str:
    """Write a file, packed if its name says so."""
    content = b"".join(lines)
    (folder / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return name


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_whole_log_is_whole_in_one_file_or_several(tmp_path: Path, jobs: str) -> None:
    one = put(tmp_path, "one.ndjson.gz", LINES[: BLOCK + 5])
    two = put(tmp_path, "two.ndjson", LINES[BLOCK + 5 :])
    says = f"events 1 to {MANY} are whole\n"
    assert run(tmp_path, "--jobs", jobs, one, two) == (0, says)
    assert run(tmp_path, "--jobs", jobs, "-", stdin=b"".join(LINES)) == (0, says)
    assert run(tmp_path, "--jobs", jobs, two, one) == (
        1,
        f"WRONG: event 1 stands behind event {MANY}\n",
    )


LATE = BLOCK + 700
"""An event in the second block."""
I = LATE - 1  # noqa: E741 - its index


TAMPERED: dict[str, tuple[list[bytes], str]] = {
    "changed": (
        [*LINES[:I], LINES[I].replace(b'"metadata":', b'"metadatA":'), *LINES[I + 1 :]],
        f"event {LATE} ({LATE:022d}) was changed, or event {LATE - 1} and its hash were",
    ),
    "deleted": ([*LINES[:I], *LINES[I + 1 :]], f"event {LATE} is missing"),
    "many deleted": (
        [*LINES[:I], *LINES[I + 50 :]],
        f"events {LATE} to {LATE + 49} are missing",
    ),
    "swapped": (
        [*LINES[:I], LINES[I + 1], LINES[I], *LINES[I + 2 :]],
        f"event {LATE} is missing",
    ),
    "put in twice": (
        [*LINES[:I], LINES[I], LINES[I], *LINES[I + 1 :]],
        f"event {LATE} stands behind event {LATE}",
    ),
    "numbered anew": (
        [*LINES[:I], LINES[I + 1].replace(b"%d," % (LATE + 1), b"%d," % LATE, 1), *LINES[I + 2 :]],
        f"event {LATE} was recorded as event {LATE + 1}: swapped, put in or numbered anew",
    ),
    "a personal value changed": (
        [*LINES[:I], LINES[I].replace(b"ben", b"eve"), *LINES[I + 1 :]],
        f"event {LATE} ({LATE:022d}) has a changed metadata.login",
    ),
    "a second body": (
        [*LINES[:I], LINES[I][:-2] + b',"body":{}}\n', *LINES[I + 1 :]],
        f'this is not an event: b\'{{"sequence":{LATE},',
    ),
    "not UTF-8": ([*LINES[:I], b"\xff\n", *LINES[I + 1 :]], "this is not an event: b'\\xff\\n'"),
    "bottomless": (
        [*LINES[:I], LINES[I].partition(b'{"customer')[0] + b"[" * 100_000 + b"\n"],
        "this is not an event: ",
    ),
}


@pytest.mark.parametrize("how", list(TAMPERED))
def test_tampering_is_found_wherever_it_is(tmp_path: Path, how: str) -> None:
    lines, says = TAMPERED[how]
    with pytest.raises(Wrong) as caught:
        verify_audit.follow_all(iter(lines), verify_audit.Place(), frozenset(), 1)
    assert str(caught.value).startswith(says)
    code, said = run(tmp_path, "--jobs", "2", put(tmp_path, "log.ndjson", lines))
    assert (code, said) == (1, f"WRONG: {caught.value}\n")


def test_of_two_events_that_are_wrong_the_first_is_named(tmp_path: Path) -> None:
    lines = [*LINES]
    lines[10] = lines[10].replace(b'"metadata":', b'"metadatA":')
    lines[BLOCK - 1] = b"nothing\n"
    code, said = run(tmp_path, "--jobs", "2", put(tmp_path, "log.ndjson", lines))
    assert (code, said.split(" (")[0]) == (1, "WRONG: event 11")


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
        body = _body(number, action="lie")
        digest = chain.chained(digest, body)
        lines.append(chain.line(number, digest, body.decode(), None))
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


def test_a_sqlite_database_is_read_as_it_is(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "copy.db")
    connection.execute("CREATE TABLE events (customer_id, sequence, hash, body, personal)")
    for line in LINES[:30]:
        event = verify_audit.read_line(line)
        values = (WIDGETS, event.sequence, event.hash, event.body.decode(), None)
        connection.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?)", values)
    connection.commit()
    options = ("--customer", WIDGETS, "copy.db")
    assert run(tmp_path, *options) == (0, "events 1 to 30 are whole\n")
    # What reads like two events when it is written out is not two rows.
    five, six = (verify_audit.read_line(line) for line in LINES[4:6])
    both = chain.line(5, five.hash, five.body.decode(), None) + LINES[5].partition(b',"pers')[0]
    smuggled = both.partition(b'"body":')[2].decode()
    connection.execute("UPDATE events SET body = ? WHERE sequence = 5", (smuggled,))
    connection.execute("DELETE FROM events WHERE sequence = 6")
    connection.commit()
    connection.close()
    assert six.sequence == 6
    code, said = run(tmp_path, *options)
    assert (code, said.startswith("WRONG: this is not an event: ")) == (1, True)


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("how", ["cut off", "damaged"])
def test_a_packed_export_that_broke_off_is_told_from_one_that_is_wrong(
    tmp_path: Path, jobs: str, how: str
) -> None:
    name = put(tmp_path, "log.ndjson.gz", LINES)
    packed = (tmp_path / name).read_bytes()
    changed = packed[: len(packed) // 2] if how == "cut off" else packed[:-8] + bytes(8)
    (tmp_path / name).write_bytes(changed)
    code, said = run(tmp_path, "--jobs", jobs, name)
    assert (code, said.count("\n")) == (2, 1), said
    assert said.startswith(f"can't read it: OSError('{name} is cut off or damaged: ")


def test_what_a_checkpoint_of_earlier_events_says_is_not_taken_for_checked(tmp_path: Path) -> None:
    kept = put_json(tmp_path, "kept.json", {"data": [checkpoint(20), checkpoint(40)]})
    code, said = run(tmp_path, "--checkpoint", kept, put(tmp_path, "log.ndjson", LINES[40:50]))
    assert code == 0
    assert "checkpoint at event 20 is of events before these: NOT checked; " in said
    assert "checkpoint at event 40 holds; " in said


def test_what_is_no_log_is_told_from_one_that_is_wrong(tmp_path: Path) -> None:
    assert run(tmp_path, "missing.ndjson")[0] == 2
    (tmp_path / "kept.json").write_text("{")
    put(tmp_path, "log.ndjson", LINES[:3])
    assert run(tmp_path, "--checkpoint", "kept.json", "log.ndjson")[0] == 2


@given(st.recursive(_words | st.integers(-(2**53) + 1, 2**53 - 1) | st.none(), st.lists))
def test_seals_are_those_of_the_log(value: Any) -> None:
    assert verify_audit.seal("salt", value) == chain.seal("salt", value)
    assert verify_audit.canonical(value).encode() == rfc8785.dumps(value)
