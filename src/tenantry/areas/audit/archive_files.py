"""The files of an archive: successive lines of an export, gzipped, and beside them a manifest.

    python3 verify_audit.py --checkpoint A.json --checkpoint B.json B.ndjson.gz

A manifest holds the signed checkpoint at the archive's last event under `data`, so it can be handed
to the verifier; what its first event follows is said by the manifest of the archive before it.
Whatever is written is durable under a draft's name before it gets its own.
"""

import gzip
import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from tenantry.core.chain import line
from tenantry.core.verify_audit import read_line


def manifest_of(file: Path) -> Path:
    """Where an archive's manifest stands."""
    return file.with_name(file.name.removesuffix(".ndjson.gz") + ".json")


def write(file: Path, lines: bytes, manifest: dict[str, Any]) -> None:
    """Write an archive and its manifest, durably, whole or not at all. Raises OSError."""
    packed = gzip.compress(lines, mtime=0)
    named = {**manifest, "sha256": hashlib.sha256(packed).hexdigest()}
    file.parent.mkdir(parents=True, exist_ok=True)
    _put(file, packed)
    _put(manifest_of(file), msgspec.json.encode(named) + b"\n")


def rewrite(file: Path, left: Callable[[str, str | None], str | None]) -> bool:
    """Take personal values out of an archive, whose hashes don't cover them.

    `left` says what remains of an event's, from its body and them. Raises OSError.
    """
    lines, is_changed = [], False
    for raw in gzip.decompress(file.read_bytes()).splitlines(keepends=True):
        event = read_line(raw)
        personal = msgspec.json.encode(event.personal).decode() if event.personal else None
        rest = left(event.body.decode(), personal)
        is_changed = is_changed or rest != personal
        is_same = rest == personal
        redacted = line(event.sequence, event.hash, event.body.decode(), rest)
        lines.append(raw if is_same else redacted)
    if is_changed:
        manifest = msgspec.json.decode(manifest_of(file).read_bytes())
        write(file, b"".join(lines), manifest)
    return is_changed


def _put(path: Path, content: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as draft:
        draft.write(content)
        draft.flush()
        os.fsync(draft.fileno())
    Path(draft.name).rename(path)
    listing = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(listing)
    finally:
        os.close(listing)
