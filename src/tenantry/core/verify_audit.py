#!/usr/bin/env python3
"""Checks a log of Tenantry with nothing but Python (3.11 or newer): no package, no server.

    python3 verify_audit.py export.ndjson                  an export, or several that follow
    python3 verify_audit.py --checkpoint kept.json --keys keys.json archive-*.gz export.ndjson
    python3 verify_audit.py --customer ID tenantry.db      a SQLite database, live or a copy

A line of an export is one event, with nothing between its members:

    {"sequence":N,"hash":"64 hexadecimal digits","body":{...},"personal":{...} or null}

The hash is SHA-256 over the 32 bytes of the hash before (of event 1: 32 zero bytes) and the text
of the body. The body names its own number. Where it would name a person there stands a seal: the
SHA-256 of a salt of 22 characters and the value's canonical JSON (RFC 8785). Both stand under
`personal`, by their place in the body; an erased person's are gone from there, and no hash minds.
Exit codes: 0 whole, 1 something is wrong, 2 it can't be read.
"""

import argparse
import base64
import gzip
import json
import multiprocessing
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from functools import partial, reduce
from hashlib import sha256
from itertools import chain, islice
from json.encoder import encode_basestring
from operator import getitem
from pathlib import Path
from typing import Any, NamedTuple

FIRST, BLOCK = bytes(32), 5000
SALT = 22  # characters: with more or fewer, the same hash would stand for another value
Wanted = frozenset[int | bytes]  # numbers and hashes of events that are looked for
Signed = Callable[[Mapping[str, Any]], str]  # what to say of who signed; raises Wrong
EXPORT = """
SELECT '{"sequence":' || sequence || ',"hash":"' || lower(hex(hash)) || '","body":' || body
    || ',"personal":' || coalesce(personal, 'null') || '}'
FROM events WHERE customer_id = ? ORDER BY sequence"""

_HEAD = re.compile(r'\{"sequence":(\d{1,18}),"hash":"([0-9a-f]{64})","body":')
_PERSONAL = ',"personal":'
_scan: Any = json.JSONDecoder().scan_once  # type: ignore[attr-defined] # json.decoder has it


class Wrong(Exception):
    """What is wrong with a log; it names the event."""


class Event(NamedTuple):
    """One event as it is kept."""

    sequence: int
    hash: bytes
    body: bytes
    facts: Any
    personal: dict[str, Any]


class Place(NamedTuple):
    """A place in a log, after the event of that number; what follows can't be told without hash."""

    sequence: int = 0
    hash: bytes | None = FIRST
    customer_id: str | None = None


class Found(NamedTuple):
    """What following found: from where to where, and the hashes that were wanted, by number."""

    first: int
    last: Place
    wanted: Mapping[int, bytes] = {}


def read_line(raw: bytes) -> Event:
    """An export's line. Raises Wrong."""
    try:
        line = raw.decode().rstrip("\r\n")
        head: Any = _HEAD.match(line)
        facts, end = _scan(line, head.end())
        personal, last = _scan(line, end + len(_PERSONAL))
        is_form = line.startswith(_PERSONAL, end) and line[last:] == "}"
        if not (is_form and isinstance(facts, dict) and isinstance(personal, dict | None)):
            raise TypeError  # noqa: TRY301 - refused with the same words as the rest
        body = line[head.end() : end].encode()
        return Event(int(head[1]), bytes.fromhex(head[2]), body, facts, personal or {})
    except (AttributeError, TypeError, ValueError, StopIteration, RecursionError) as problem:
        raise Wrong(f"this is not an event: {raw[:60]!r}") from problem


def follow(events: Iterable[Event], before: Place, wanted: Wanted = frozenset()) -> Found:
    """Go from a place to the end. Raises Wrong at the first event that does not follow."""
    sequence, digest, customer_id = before
    first, found = 0, {}
    for event in events:
        number, stored, body, facts, _ = event
        first = first or number
        sequence = number - 1 if digest is None else sequence
        follows = digest is None or sha256(digest + body).digest() == stored
        if not follows or number != sequence + 1 or facts.get("sequence") != number:
            raise Wrong(why(event, Place(sequence, digest)))
        customer_id = customer_id or facts.get("customer_id")
        if facts.get("customer_id") != customer_id:
            raise Wrong(f"event {number} is another customer's")
        check_personal(event)
        if number in wanted or stored in wanted:
            found[number] = stored
        sequence, digest = number, stored
    return Found(first, Place(sequence, digest, customer_id), found)


def why(event: Event, before: Place) -> str:
    """What is wrong with an event that does not follow a place."""
    number, own, last = event.sequence, event.facts.get("sequence"), before.sequence
    if number <= last:
        return f"event {number} stands behind event {last}"
    if number == last + 2:
        return f"event {last + 1} is missing"
    if number > last + 1:
        return f"events {last + 1} to {number - 1} are missing"
    if own != number:
        return f"event {number} was recorded as event {own}: swapped, put in or numbered anew"
    named = f"event {number} ({event.facts.get('id')}) was changed"
    return named + (f", or event {last} and its hash were" if last else "")


def check_personal(event: Event) -> None:
    """Hold the personal values against their seals. Raises Wrong."""
    for place, sealed in event.personal.items():
        try:
            inner = event.facts.get(place) or reduce(getitem, place.split("."), event.facts)
            holds = len(sealed[0]) == SALT and inner == seal(*sealed)
        except (KeyError, TypeError, ValueError):
            holds = False
        if not holds:
            raise Wrong(f"event {event.sequence} ({event.facts.get('id')}) has a changed {place}")


def seal(salt: str, value: Any) -> str:
    """What stands in a body in a personal value's place."""
    text = encode_basestring(value) if isinstance(value, str) else canonical(value)
    return sha256((salt + text).encode()).hexdigest()


def canonical(value: Any) -> str:
    """RFC 8785 for what a log holds: no fractions, ASCII names."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def follow_lines(lines: Iterable[bytes], before: Place, wanted: Wanted = frozenset()) -> Found:
    """The same for an export's lines."""
    return follow(map(read_line, lines), before, wanted)


def follow_all(lines: Iterator[bytes], before: Place, wanted: Wanted, jobs: int) -> Found:
    """The same in so many processes at once."""
    block = list(islice(lines, BLOCK))
    if len(block) < BLOCK or jobs == 1:
        return follow_lines(chain(block, lines), before, wanted)
    found, waiting = Found(0, before), deque[Future[Found]]()
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        while block:
            waiting.append(pool.submit(follow_lines, block, before, wanted))
            try:
                last = read_line(block[-1])
            except Wrong:
                break  # said below, after what is wrong before it
            before = Place(last.sequence, last.hash, last.facts.get("customer_id"))
            block = list(islice(lines, BLOCK))
            if len(waiting) > 2 * jobs:
                found = joined(found, waiting.popleft().result())
        return reduce(joined, (one.result() for one in waiting), found)


def joined(one: Found, two: Found) -> Found:
    """What two successive parts of a log come to."""
    return Found(one.first or two.first, two.last, {**one.wanted, **two.wanted})


def check_checkpoint(checkpoint: Mapping[str, Any], found: Found) -> bool:
    """Hold a log against a head that was noted; false if it is of before the log. Raises Wrong."""
    number, signed = checkpoint["sequence"], f"signed at {checkpoint['created_at']}"
    if checkpoint["customer_id"] != found.last.customer_id:
        raise Wrong(f"the checkpoint at event {number} is another customer's")
    if number > found.last.sequence:
        raise Wrong(f"the end is cut off after event {found.last.sequence}: {number} was {signed}")
    known = found.wanted.get(number)
    if known is not None and known.hex() != checkpoint["hash"]:
        raise Wrong(f"event {number} is not the one {signed}: it, or what is before, was rewritten")
    return known is not None


def check_signature(keys: Mapping[str, str], checkpoint: Mapping[str, Any]) -> str:
    """Have OpenSSL check who signed; what was found, or how to check it. Raises Wrong."""
    text = canonical({name: one for name, one in checkpoint.items() if name != "signature"})
    key_id, signature = checkpoint["key_id"], checkpoint["signature"]
    key, openssl = keys.get(key_id), shutil.which("openssl")
    command = "pkeyutl -verify -pubin -inkey key.pem -rawin -in text -sigfile signature"
    if key is None or openssl is None:
        return f"""signature NOT checked. Get the key {key_id} as key.pem, and OpenSSL 3:
    printf %s {shlex.quote(text)} > text
    printf %s {shlex.quote(signature)} | openssl base64 -d -A > signature
    openssl {command}"""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "key.pem").write_text(key)
        Path(folder, "text").write_text(text, "utf-8")
        Path(folder, "signature").write_bytes(base64.b64decode(signature))
        call = [openssl, *command.split()]
        ended = subprocess.run(call, cwd=folder, capture_output=True, check=False)  # noqa: S603 - our own
    der = base64.b64decode("".join(key.split("\n")[1:-2]))
    if ended.returncode != 0 or sha256(der).hexdigest()[:16] != key_id:
        raise Wrong(f"the checkpoint at event {checkpoint['sequence']} is not signed by {key_id}")
    return f"signed by {key_id}"


def read_all(paths: list[str], customer_id: str) -> Iterator[bytes]:
    """The lines of exports, plain or gzipped, or of a SQLite database. Raises OSError."""
    for path in paths:
        with open(sys.stdin.fileno() if path == "-" else path, "rb") as file:  # noqa: PTH123 - both
            magic = file.peek(16)[:16]
            if magic.startswith(b"SQLite format 3"):
                opened = sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True)
                yield from (row[0].encode() for row in opened.execute(EXPORT, (customer_id,)))
                continue
            try:
                yield from gzip.GzipFile(fileobj=file) if magic[:2] == b"\x1f\x8b" else file
            except (EOFError, gzip.BadGzipFile, zlib.error) as problem:
                raise OSError(f"{path} is cut off or damaged: {problem}") from problem


def documents(paths: list[str]) -> list[dict[str, Any]]:
    """Checkpoints or keys, each alone in its file or several in a list under `data`."""
    read = (json.loads(Path(path).read_text("utf-8")) for path in paths)
    return [one for document in read for one in document.get("data", [document])]


def main() -> int:
    """Check what the command line names, and say what was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--checkpoint", action="append", default=[], metavar="FILE")
    parser.add_argument("--keys", action="append", default=[], metavar="FILE")
    parser.add_argument("--head", default="", metavar="HASH", help="that an event must have")
    parser.add_argument("--customer", default="", metavar="ID", help="of a SQLite database")
    parser.add_argument("--jobs", type=int, default=multiprocessing.cpu_count(), metavar="N")
    parser.add_argument("file", nargs="+", help="- is standard input")
    given = parser.parse_args()
    try:
        checkpoints = sorted(documents(given.checkpoint), key=lambda one: int(one["sequence"]))
        keys = {one["key_id"]: one["public_key"] for one in documents(given.keys)}
        head = frozenset({bytes.fromhex(given.head)} if given.head else ())
        lines = read_all(given.file, given.customer)
        said = check(lines, checkpoints, partial(check_signature, keys), head, given.jobs)
    except Wrong as problem:
        sys.stdout.write(f"WRONG: {problem}\n")
        return 1
    except (OSError, ValueError, KeyError, sqlite3.Error) as problem:
        sys.stderr.write(f"can't read it: {problem!r}\n")
        return 2
    sys.stdout.write("\n".join([*said, ""]))
    return 0


def check(
    lines: Iterator[bytes], checkpoints: list[Any], signed: Signed, head: Wanted, jobs: int
) -> list[str]:
    """Follow a log and hold it against checkpoints, oldest first; what to say. Raises Wrong."""
    first = next(lines, b"")
    at = read_line(first).sequence - 1 if first else 0
    known = {one["sequence"]: bytes.fromhex(one["hash"]) for one in checkpoints} | {0: FIRST}
    before = Place(at, known.get(at))
    found = follow_all(chain([first] if first else [], lines), before, head | known.keys(), jobs)
    if not head <= {*found.wanted.values()}:
        raise Wrong("no event has the hash that was noted: it was rewritten, or cut off")
    # What the first event follows was taken from one of them; another may say otherwise.
    found = Found(*found[:2], {**found.wanted, **({at: before.hash} if before.hash else {})})
    said = "" if before.hash else f"; nothing says what event {at + 1} follows (--checkpoint)"
    told = [f"events {found.first} to {found.last.sequence} are whole{said}"]
    for one in checkpoints:
        is_of_these = check_checkpoint(one, found)
        where = "holds" if is_of_these else "is of events before these: NOT checked"
        told.append(f"checkpoint at event {one['sequence']} {where}; {signed(one)}")
    if not first:
        raise Wrong("there are no events: nothing was checked")
    return told


if __name__ == "__main__":
    sys.exit(main())
