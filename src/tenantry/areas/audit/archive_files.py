"""The files of an archive: successive lines of an export, gzipped, and beside them a manifest.

    python3 verify_audit.py --checkpoint A.json --checkpoint B.json B.ndjson.gz

A manifest holds the signed checkpoint at the archive's last event under `data`, so it can be handed
to the verifier; what its first event follows is said by the manifest of the archive before it.
Whatever is written is durable under a draft's name before it gets its own.
"""

import fcntl
import gzip
import hashlib
import os
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from tenantry.core.chain import line
from tenantry.core.ids import is_id
from tenantry.core.verify_audit import Event, Place, Wrong, read_line

UNREADABLE = (OSError, EOFError, zlib.error, LookupError, TypeError, ValueError)
"""What comes of a file that is missing, damaged, or none of ours."""


class Archive(msgspec.Struct, frozen=True, array_like=True):
    """A span of a log in a file."""

    customer_id: str
    last: int
    first: int
    hash_before: bytes
    hash: bytes
    file: str

    @property
    def before(self) -> Place:
        """What its first event follows."""
        return Place(self.first - 1, bytes(self.hash_before), self.customer_id)

    @property
    def end(self) -> Place:
        """Its last event."""
        return Place(self.last, bytes(self.hash), self.customer_id)


def path(folder: str, customer_id: str, first: int, last: int) -> str:
    """Where an archive stands. Raises Wrong for a customer who can't have one."""
    if not is_id(customer_id):
        raise Wrong("no file can have that customer's name")
    return f"{folder}/{customer_id}/{first:012d}-{last:012d}.ndjson.gz"


def manifest_of(file: Path) -> Path:
    """Where an archive's manifest stands."""
    return file.with_name(file.name.removesuffix(".ndjson.gz") + ".json")


def described(archive: Archive) -> dict[str, Any]:
    """What a manifest says of the archive itself."""
    return {
        "format": 1,
        "customer_id": archive.customer_id,
        "first": archive.first,
        "last": archive.last,
        "before": bytes(archive.hash_before).hex(),
        "hash": bytes(archive.hash).hex(),
    }


def write(file: Path, lines: bytes, manifest: Mapping[str, Any]) -> None:
    """Write an archive and its manifest, durably, whole or not at all. Raises OSError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with _alone(file):
        _write(file, lines, manifest)


def read(file: Path) -> tuple[dict[str, Any], bytes]:
    """The manifest of an archive, and the archive as it is. Raises UNREADABLE."""
    found = msgspec.json.decode(manifest_of(file).read_bytes(), type=dict[str, Any])
    if "sha256" not in found:
        message = f"{manifest_of(file)} is not the manifest of an archive"
        raise ValueError(message)
    return found, file.read_bytes()


def is_named(manifest: Mapping[str, Any], packed: bytes) -> bool:
    """Whether an archive is the one that its manifest names."""
    return bool(manifest["sha256"] == hashlib.sha256(packed).hexdigest())


def read_settled(file: Path) -> tuple[dict[str, Any], bytes]:
    """The same, once nobody rewrites it: an archive is there before its manifest.

    Raises UNREADABLE.
    """
    found = read(file)
    if is_named(*found):
        return found
    with _nobody_writing(file):
        return read(file)


def lines(packed: bytes) -> list[bytes]:
    """The lines of an archive. Raises OSError, EOFError, zlib.error."""
    return gzip.decompress(packed).splitlines(keepends=True)


def taken(packed: bytes, left: Callable[[str, str | None], str | None]) -> list[tuple[str, int]]:
    """What `rewrite` is going to take: places, and numbers of events. Raises UNREADABLE, Wrong."""
    found: list[tuple[str, int]] = []
    for event in map(read_line, lines(packed)):
        kept = _left(event, left)
        gone = event.personal.keys() - (msgspec.json.decode(kept) if kept else {}).keys()
        found += [(place, event.sequence) for place in gone]
    return found


def rewrite(file: Path, left: Callable[[str, str | None], str | None]) -> None:
    """Take personal values out of an archive, whose hashes don't cover them.

    `left` says what remains of an event's, from its body and them. Raises UNREADABLE, Wrong.
    """
    with _alone(file):
        found, packed = read(file)
        before = lines(packed)
        after = [_redacted(raw, left) for raw in before]
        if after != before:
            _write(file, b"".join(after), found)
        elif not is_named(found, packed):
            # Who rewrote the file was killed before he came to its manifest.
            _put_manifest(file, packed, found)


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Keep every other process off a customer's archives. Raises OSError.

    Else two who erase somebody each put back whom the other took out.
    """
    with _lock_of(file).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _nobody_writing(file: Path) -> Iterator[None]:
    """Wait for who rewrites a customer's archives. Raises OSError.

    Who reads need not be able to write there, and leaves nothing behind that writers stumble over.
    """
    try:
        lock = _lock_of(file).open("rb")
    except FileNotFoundError:
        # Nobody has written there yet who would have to be waited for.
        yield
        return
    with lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield


def _lock_of(file: Path) -> Path:
    folder = file.parent
    return folder.with_name(f".{folder.name}.lock")


def _write(file: Path, lines: bytes, manifest: Mapping[str, Any]) -> None:
    packed = gzip.compress(lines, mtime=0)
    _put(file, packed)
    _put_manifest(file, packed, manifest)


def _redacted(raw: bytes, left: Callable[[str, str | None], str | None]) -> bytes:
    event = read_line(raw)
    rest = _left(event, left)
    return raw if rest == _personal(event) else line(*event[:2], event.body.decode(), rest)


def _left(event: Event, left: Callable[[str, str | None], str | None]) -> str | None:
    return left(event.body.decode(), _personal(event))


def _personal(event: Event) -> str | None:
    return msgspec.json.encode(event.personal).decode() if event.personal else None


def _put_manifest(file: Path, packed: bytes, manifest: Mapping[str, Any]) -> None:
    named = {**manifest, "sha256": hashlib.sha256(packed).hexdigest()}
    _put(manifest_of(file), msgspec.json.encode(named) + b"\n")


def _put(path: Path, content: bytes) -> None:
    for left in path.parent.glob(f"{path.name}.*.part"):
        # Of somebody who was killed: it may hold what is to be erased.
        left.unlink(missing_ok=True)
    with tempfile.NamedTemporaryFile(
        dir=path.parent, prefix=f"{path.name}.", suffix=".part", delete=False
    ) as draft:
        draft.write(content)
        draft.flush()
        os.fsync(draft.fileno())
    Path(draft.name).rename(path)
    listing = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(listing)
    finally:
        os.close(listing)
