"""The verifier as an auditor runs it: a program, on files that somebody handed him."""

import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from tenantry.core import chain, verify_audit
from tenantry.core.verify_audit import BLOCK, Wrong
from tests.core.exports import LINES, MANY, SALT, body, put, run
from tests.world import WIDGETS

_words = st.text(alphabet=st.characters(codec="utf-8"))


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


def test_salt_and_value_are_not_parted_anew(tmp_path: Path) -> None:
    """The text that was hashed is the same, and the value is another."""
    name = 'Eve "the boss"'
    text = body(1, metadata={"name": chain.seal(SALT, name)})
    digest = chain.chained(bytes(32), text)
    values = {"honest": [SALT, name], "forged": [SALT + '"Eve \\', 'the boss"']}
    said = {}
    for how, one in values.items():
        personal = msgspec.json.encode({"metadata.name": one}).decode()
        line = chain.line(1, digest, text.decode(), personal)
        said[how] = run(tmp_path, put(tmp_path, f"{how}.ndjson", [line]))
    assert said == {
        "honest": (0, "events 1 to 1 are whole\n"),
        "forged": (1, f"WRONG: event 1 ({1:022d}) has a changed metadata.name\n"),
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


def test_what_is_no_log_is_told_from_one_that_is_wrong(tmp_path: Path) -> None:
    assert run(tmp_path, "missing.ndjson")[0] == 2
    (tmp_path / "kept.json").write_text("{")
    put(tmp_path, "log.ndjson", LINES[:3])
    assert run(tmp_path, "--checkpoint", "kept.json", "log.ndjson")[0] == 2


@given(st.recursive(_words | st.integers(-(2**53) + 1, 2**53 - 1) | st.none(), st.lists))
def test_seals_are_those_of_the_log(value: Any) -> None:
    assert verify_audit.seal(SALT, value) == chain.seal(SALT, value)
    assert verify_audit.canonical(value).encode() == rfc8785.dumps(value)
