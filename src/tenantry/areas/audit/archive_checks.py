"""What was archived, held against what is left: the records of it, and the files that are at hand.

Who could write to the database could let the beginning of a log go and say that it was archived.
The log itself would not say so: each archive has an event of its own, behind all that it holds.
"""

import hashlib
from collections.abc import Collection, Sequence
from pathlib import Path

import msgspec
from sqlalchemy import bindparam, or_, select

from tenantry.areas.audit import archive_files
from tenantry.areas.audit.archive_files import Archive
from tenantry.areas.audit.taken import untaken, untold_until
from tenantry.core import schema, verify_audit
from tenantry.core.checkpoints import Checkpoint
from tenantry.core.kept_events import ARCHIVED, Bare, Kept, Told, look_through
from tenantry.core.retention_tables import archives
from tenantry.core.session import Reads
from tenantry.core.statements import Statement
from tenantry.core.text_bytes import as_bytes
from tenantry.core.verify_audit import FIRST, Found, Place, Wanted, Wrong, follow, read_line

_A, _R = archives.c, schema.revisions.c


COLUMNS = (_A.customer_id, _A.last, _A.first, _A.hash_before, _A.hash, _A.file)
_PRUNED = Statement(
    select(*COLUMNS)
    .where(_A.customer_id == bindparam("customer"), _A.pruned_at.is_not(None))
    .order_by(_A.last)
)
_HELD = Statement(
    select(_R.kind, _R.row_id, _R.from_sequence, as_bytes(_R.body))
    .where(
        _R.customer_id == bindparam("customer"),
        _R.from_sequence <= bindparam("at"),
        or_(_R.to_sequence.is_(None), _R.to_sequence > bindparam("at")),
    )
    .order_by(_R.from_sequence, _R.kind, _R.row_id)
)


class Values(msgspec.Struct):
    """Personal values that archived events lack, and what is told of erasures."""

    told: list[Told]
    bare: list[Bare] = []


async def held(rows: Reads, customer_id: str, at: int) -> str:
    """The digest of all rows as they were right after an event: what is left of their history.

    The events that made these revisions go, and with them what their hashes said of them.
    """
    digest = hashlib.sha256()
    for kind, row_id, since, body in await rows.all(_HELD, customer=customer_id, at=at):
        own = "" if body is None else hashlib.sha256(body).hexdigest()
        digest.update(f"{kind}/{row_id} {since} {own}\n".encode())
    return digest.hexdigest()


async def check(
    rows: Reads, customer_id: str, kept: Kept, noted: Wanted, signed: Sequence[Checkpoint]
) -> tuple[list[str], Collection[bytes]]:
    """Hold the archives of a log against the rest, and against what was signed of them.

    What to say, and the hashes of what was `noted` or signed. Raises Wrong.
    """
    found = await check_records(rows, customer_id, kept)
    if not found:
        return [], ()
    old = [one for one in signed if one.sequence <= found[-1].last]
    said, hashes = check_files(found, noted | {one.sequence for one in old}, kept.told)
    told = Found(found[0].first, found[-1].end, hashes)
    left = [one for one in old if not verify_audit.check_checkpoint(msgspec.to_builtins(one), told)]
    if left:
        which = f"{len(left)} checkpoints, from event {left[0].sequence} on"
        said.append(f"{customer_id}  archived, and NOT checked: {which}")
    return said, hashes.values()


async def check_records(rows: Reads, customer_id: str, kept: Kept) -> list[Archive]:
    """Hold what is recorded of archives against the log, oldest first. Raises Wrong."""
    found = [Archive(*row) for row in await rows.all(_PRUNED, customer=customer_id)]
    end = Place(0, FIRST, customer_id)
    for one in found:
        if one.before != end:
            raise Wrong(f"the archive from event {one.first} does not follow event {end.sequence}")
        end = one.end
    if found:
        await _check_told(rows, found[-1], kept)
    return found


def check_files(
    found: Sequence[Archive], wanted: Wanted, told: Sequence[Told]
) -> tuple[list[str], dict[int, bytes]]:
    """Check those that are here; what to say, and the wanted hashes. Raises Wrong.

    `told` is what is left of the log tells of erasures; that of archived ones is in their files.
    """
    missing = [one for one in found if not Path(one.file).exists()]
    hashes = {one.last: bytes(one.hash) for one in found}
    values = Values(told=[*told])
    for one in found:
        if one not in missing:
            hashes.update(check_file(one, wanted, values).wanted)
    customer_id, here, said = found[0].customer_id, len(found) - len(missing), []
    if here:
        said.append(f"{customer_id}  {here} archives  whole")
    if missing:
        which = f"{len(missing)} archives, from {missing[0].file} on"
        said.append(f"{customer_id}  not here, and NOT checked: {which}")
    unknown = max((one.last for one in missing), default=0)
    unsure = _check_values(found, values, max(unknown, untold_until(values.told)))
    if unsure:
        which = f"{len(unsure)} events, from event {min(unsure)} on"
        said.append(f"{customer_id}  erased by whom is not told here, and NOT checked: {which}")
    return said, hashes


def _check_values(found: Sequence[Archive], values: Values, unknown: int) -> set[int]:
    """Personal values are only taken away by erasures, which say which. Raises Wrong.

    Returns the events that lack some without its being known who took them: an erasure stands
    behind what it took, and of those up to `unknown` not all are here, or tell that.
    """
    unsure = set()
    for number, place in untaken(values.bare, values.told):
        if number > unknown:
            file = next(one.file for one in found if number <= one.last)
            raise Wrong(f"{file}: event {number} lacks {place}, and no erasure took that")
        unsure.add(number)
    return unsure


async def _check_told(rows: Reads, newest: Archive, kept: Kept) -> None:
    """The log says what was archived last, and how rows were then. Raises Wrong."""
    at, digest = newest.last, bytes(newest.hash).hex()
    for one in kept.told:
        if one.action == ARCHIVED and (one.metadata["last"], one.metadata["hash"]) == (at, digest):
            now = await held(rows, newest.customer_id, at)
            if one.metadata["held"] != now:
                raise Wrong(f"a revision by an event up to {at} was changed, put in or removed")
            return
    raise Wrong(f"no event says that those up to {at} were archived")


def check_file(archive: Archive, wanted: Wanted, values: Values) -> Found:
    """Hold the file of an archive, and its manifest, against the record. Raises Wrong.

    `values` is told of its personal values.
    """
    file = Path(archive.file)
    try:
        manifest, packed = archive_files.read_settled(file)
        lines = archive_files.lines(packed)
    except archive_files.UNREADABLE as problem:
        raise Wrong(f"{file} can't be read: {problem!r}") from problem
    if not archive_files.is_named(manifest, packed):
        raise Wrong(f"{file} is not the one that its manifest names")
    own = archive_files.described(archive)
    if any(manifest.get(name) != value for name, value in own.items()):
        raise Wrong(f"the manifest of {file} is not that of its archive")
    try:
        events = [read_line(one) for one in lines]
        told = follow(events, archive.before, wanted)
    except Wrong as problem:
        raise Wrong(f"{file}: {problem}") from problem
    if told.last != archive.end:
        raise Wrong(f"{file} ends with event {told.last.sequence}, and not as it was archived")
    for event in events:
        look_through(event, values.told, values.bare)
    return told
