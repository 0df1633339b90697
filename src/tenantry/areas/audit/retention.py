"""Retention: what is older than a customer keeps is archived, and then pruned from the log.

The whole log is checked first: nobody can tell any more of what is gone how it was changed. Then an
archive is planned, its file written and made durable, and only then the events go, in one commit
with an event that says so and a signed checkpoint that stands for them: so the chain goes on, and
whatever was interrupted is taken up again with the same plan. Revisions that had ended by then go
too. The state of moments before can't be told any more (`access/history.py`).
"""

import asyncio
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import msgspec
from sqlalchemy import bindparam, delete, func, insert, select, update

from tenantry.areas.audit import archive_checks, archive_files, cuts, verification
from tenantry.areas.audit.archive_files import Archive
from tenantry.areas.audit.beginning import begins
from tenantry.areas.audit.keeping import DEFAULT_DAYS
from tenantry.core import audit, chain, checkpoints, schema, signing
from tenantry.core.chain import line
from tenantry.core.checkpoint_tables import checkpoints as kept
from tenantry.core.checkpoints import Checkpoint
from tenantry.core.clock import DAY, MINUTE
from tenantry.core.context import system_call
from tenantry.core.database import Database
from tenantry.core.kept_events import ARCHIVED
from tenantry.core.retention_tables import archives, retentions
from tenantry.core.secrets import Keyring
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tenantry.core.verify_audit import FIRST, Wrong, follow_lines

MOST = 20_000
"""Events of one archive."""
CLAIMED_FOR = 30 * MINUTE

_E, _H, _R, _A, _T = (
    one.c for one in (schema.events, schema.chains, schema.revisions, archives, retentions)
)
_OLDEST_AT = (
    select(_E.created_at)
    .where(_E.customer_id == _H.customer_id)
    .order_by(_E.sequence)
    .limit(1)
    .scalar_subquery()
)
_LOGS = Statement(
    select(_H.customer_id, _OLDEST_AT, func.coalesce(_T.days, DEFAULT_DAYS))
    .select_from(schema.chains.outerjoin(retentions, _T.customer_id == _H.customer_id))
    .order_by(_H.customer_id)
)
_OLDEST = Statement(
    select(_E.sequence, _E.hash, _E.created_at)
    .where(_E.customer_id == bindparam("customer"))
    .order_by(_E.sequence)
    .limit(MOST)
)
_SPAN = (
    _E.customer_id == bindparam("customer"),
    _E.sequence >= bindparam("low"),
    _E.sequence <= bindparam("high"),
)
_LINES = Statement(
    select(_E.sequence, _E.hash, _E.body, _E.personal).where(*_SPAN).order_by(_E.sequence)
)
_COLUMNS = archive_checks.COLUMNS
_OF = _A.customer_id == bindparam("customer")
_OPEN = Statement(select(*_COLUMNS, _A.planned_at).where(_OF, _A.pruned_at.is_(None)))
_PLAN = Statement(insert(archives))
_CLAIM = Statement(
    update(archives)
    .where(_OF, _A.pruned_at.is_(None))
    .values(planned_at=bindparam("now"), file=bindparam("own_file"))
)
_DONE = Statement(
    update(archives)
    .where(_OF, _A.last == bindparam("high"), _A.pruned_at.is_(None))
    .values(pruned_at=bindparam("now"))
)
_PRUNE = Statement(delete(schema.events).where(*_SPAN))
_FORGET = Statement(
    delete(schema.revisions).where(
        _R.customer_id == bindparam("customer"), _R.to_sequence <= bindparam("high")
    )
)
_KEPT = ("customer_id", "sequence", "hash", "origin", "created_at", "key_id", "signature")
_KEEP = Statement(
    lambda insert_: (
        insert_(kept)
        .values({name: bindparam(name) for name in _KEPT})
        .on_conflict_do_nothing(index_elements=["customer_id", "sequence"])
    )
)


class NotWhole(Wrong):
    """Some logs do not verify: nothing of them is archived."""

    def __init__(self, found: Mapping[str, Wrong]) -> None:
        """Tell by customers what is wrong."""
        super().__init__("; ".join(f"{customer}: {problem}" for customer, problem in found.items()))
        # What is wrong may name what is nobody's business who reads the server's log.
        self.advice = (
            f"nothing is archived of the logs of {', '.join(found)}: "
            "tenantry verify-audit says what is wrong"
        )


async def archive_due(database: Database, keyring: Keyring, folder: str, origin: str) -> int:
    """Archive and prune what is a day or more too old, in every log; how many events.

    Raises OSError, and NotWhole for logs that do not verify: of those, nothing is pruned.
    """
    pruned, wrong = 0, dict[str, Wrong]()
    for customer_id, oldest_at, days in await database.all(_LOGS):
        until = database.clock() - days * DAY
        if oldest_at is None or oldest_at > until - DAY:
            continue
        work = partial(plan, customer_id, until, folder)
        try:
            await verification.refuse(database, keyring, customer_id)
            while (archive := await database.write(work, customer_id=customer_id)) is not None:
                done = await _carry_out(database, keyring, archive, origin)
                if not done:
                    break
                pruned += done
        except Wrong as problem:
            wrong[customer_id] = problem
    if wrong:
        raise NotWhole(wrong)  # The other logs are not to suffer from it.
    return pruned


async def plan(customer_id: str, until: int, folder: str, unit: Unit) -> Archive | None:
    """What to archive next: what was planned and not finished, or the oldest that is due."""
    *open_, planned_at = await unit.one(_OPEN, customer=customer_id) or (0,)
    if open_:
        # Who is at it may have died; as long as he may not have, nobody else writes that file.
        is_free = planned_at <= unit.now - CLAIMED_FOR
        if not is_free:
            return None
        planned = Archive(*open_)
        own_file = archive_files.path(folder, customer_id, planned.first, planned.last)
        await unit.run(_CLAIM, customer=customer_id, now=unit.now, own_file=own_file)
        return msgspec.structs.replace(planned, file=own_file)
    before = await begins(unit, customer_id)
    rows = [row for row in await unit.all(_OLDEST, customer=customer_id) if row[2] <= until]
    if not rows:
        return None
    first, last = rows[0][0], rows[-1][0]
    file = archive_files.path(folder, customer_id, first, last)
    archive = Archive(customer_id, last, first, before.hash or FIRST, bytes(rows[-1][1]), file)
    values = msgspec.structs.asdict(archive)
    await unit.run(_PLAN, **values, planned_at=unit.now, pruned_at=None)
    return archive


async def _carry_out(database: Database, keyring: Keyring, archive: Archive, origin: str) -> int:
    """Write the file, then prune; how many events went, 0 if somebody came between."""
    span = {"customer": archive.customer_id, "low": archive.first, "high": archive.last}
    newest = await cuts.newest(database, archive.customer_id)
    key = await signing.signing_key(database, keyring)
    place = (archive.customer_id, archive.last, archive.hash, origin)
    signed = checkpoints.sign(key, Checkpoint.read(*place, database.clock(), "", ""))
    rows = await database.all(_LINES, **span)
    if len(rows) != archive.last - archive.first + 1:
        return 0
    # Columns and revisions too: nothing will tell of them once the events are gone.
    before = await begins(database, archive.customer_id)
    if (await chain.follow(database, before, archive.last)).found.last != archive.end:
        raise Wrong(f"event {archive.last} is not the one that was to be archived last")
    if archive.before != before:
        raise Wrong(f"the archive from event {archive.first} is not one that we planned")
    manifest = archive_files.described(archive) | {"data": [msgspec.to_builtins(signed)]}

    def written() -> None:
        lines = [line(one[0], bytes(one[1]), *one[2:]) for one in rows]
        follow_lines(lines, archive.before)
        archive_files.write(Path(archive.file), b"".join(lines), manifest)

    await asyncio.to_thread(written)
    held = await archive_checks.held(database, archive.customer_id, archive.last)
    work = partial(prune, keyring, archive, origin, Seen(newest, held))
    return await database.write(work, customer_id=archive.customer_id)


class Seen(msgspec.Struct, frozen=True):
    """What was there when the file of an archive was written."""

    newest: int
    """The number of the newest event."""
    held: str
    """See `archive_checks.held`."""


async def prune(keyring: Keyring, archive: Archive, origin: str, seen: Seen, unit: Unit) -> int:
    """Let the events of a durable archive go; how many, 0 if somebody else was first.

    If somebody was erased since the file was written, it may hold what must not be kept, and is
    written again another time.
    """
    of = {"customer": archive.customer_id}
    await unit.head(archive.customer_id)
    if await cuts.is_cut_since(unit, archive.customer_id, seen.newest):
        return 0
    if not await unit.run(_DONE, **of, high=archive.last, now=unit.now):
        return 0
    key = await signing.keep(unit, keyring)
    place = (archive.customer_id, archive.last, archive.hash, origin, unit.now)
    signed = checkpoints.sign(key, Checkpoint.read(*place, "", ""))
    await unit.run(
        _KEEP,
        customer_id=archive.customer_id,
        sequence=archive.last,
        hash=archive.hash,
        origin=origin,
        created_at=unit.now,
        key_id=signed.key_id,
        signature=signed.signature,
    )
    pruned = await unit.run(_PRUNE, **of, low=archive.first, high=archive.last)
    await unit.run(_FORGET, **of, high=archive.last)
    await _record(keyring, archive, seen.held, unit)
    return pruned


async def _record(keyring: Keyring, archive: Archive, held: str, unit: Unit) -> None:
    call = system_call(unit, keyring, archive.customer_id)
    told = {
        "first": archive.first,
        "last": archive.last,
        "hash": bytes(archive.hash).hex(),
        "held": held,
    }
    await audit.record(call, ARCHIVED, "Old events were archived", event_type=None, metadata=told)
