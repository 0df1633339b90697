"""Taking an erased person out of archives: after the commit, as a letter tried until it is done.

What goes is told by an event of its own, before it goes: else whoever has the files could take away
what he likes, and nobody could tell.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import bindparam, select

from tenantry.areas.audit import archive_files
from tenantry.areas.audit.taken import ARCHIVED_EVENTS, read, written
from tenantry.areas.audit.traces import Person, Texts, folded, left
from tenantry.core import audit, jobs, schema
from tenantry.core.context import system_call
from tenantry.core.kept_events import ERASED, Told
from tenantry.core.mail_address import address_key
from tenantry.core.retention_tables import archives
from tenantry.core.secrets import Keyring
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tenantry.core.verify_audit import Wrong

_A, _E = archives.c, schema.events.c
_FILES = Statement(
    select(_A.first, _A.last, _A.file, _A.pruned_at)
    .where(_A.customer_id == bindparam("customer"))
    .order_by(_A.last)
)
_ERASURES = Statement(
    select(_E.sequence, _E.body)
    .where(
        _E.customer_id == bindparam("customer"),
        _E.sequence > bindparam("since"),
        _E.action == ERASED,
    )
    .order_by(_E.sequence)
)
Taken = dict[str, list[int]]
Left = Callable[[str, str | None], str | None]


async def erase_archived(worker: jobs.Worker, payload: Any) -> None:
    """Rewrite every archive that holds something of his.

    Raises one of UNREADABLE for one that is missing or damaged or has no manifest, Wrong for one
    that is not named as we name them: after all the others.
    """
    known = Texts(frozenset(payload["addresses"]), frozenset(payload["names"]))
    # Letters of an earlier checkout say nothing of since when, and hold folded addresses.
    person = Person(payload["user_ids"], known, address_key if "since" in payload else folded)
    database, customer_id = worker._database, payload["customer_id"]  # noqa: SLF001 - a delivery is the worker's own doing
    rows = await database.all(_FILES, customer=customer_id)
    rest = partial(left, person=person)
    taken, files, failed = await asyncio.to_thread(_look, customer_id, rows, rest)
    if taken:
        await database.write(
            partial(_record, worker._keyring, payload, taken),  # noqa: SLF001 - as above
            customer_id=customer_id,
        )
    for file in files:
        try:
            await asyncio.to_thread(archive_files.rewrite, file, rest)
        except (Wrong, *archive_files.UNREADABLE) as problem:
            failed.append(problem)
    if failed:
        raise failed[0]


def _look(
    customer_id: str, rows: Sequence[Any], rest: Left
) -> tuple[Taken, list[Path], list[Exception]]:
    """What is to go, which files are to be written, and what is wrong with others."""
    taken, files, failed = Taken(), list[Path](), list[Exception]()
    for first, last, file, pruned_at in rows:
        try:
            # The folder may have been another one then; any other file is not ours to write.
            if not file.endswith(archive_files.path("", customer_id, first, last)):
                failed.append(Wrong(f"{file} is not the name of an archive from event {first}"))
            elif pruned_at is not None or Path(file).exists():
                manifest, packed = archive_files.read(Path(file))
                found = archive_files.taken(packed, rest)
                for place, number in found:
                    taken.setdefault(place, []).append(number)
                if found or not archive_files.is_named(manifest, packed):
                    files.append(Path(file))
        except (Wrong, *archive_files.UNREADABLE) as problem:
            failed.append(problem)
    return taken, files, failed


async def _record(keyring: Keyring, payload: Any, taken: Taken, unit: Unit) -> None:
    """Tell what is going to go, if no try before told it."""
    customer_id = payload["customer_id"]
    call = system_call(unit, keyring, customer_id)
    await unit.head(customer_id)
    known = await _told(unit, customer_id, payload.get("since", 0))
    new = {place: rest for place in taken if (rest := {*taken[place]} - known.get(place, set()))}
    if not new:
        return
    events = len({number for numbers in new.values() for number in numbers})
    told = {"user_ids": payload["user_ids"], ARCHIVED_EVENTS: events, "taken": written(new)}
    description = "A deleted user's personal data was erased from archives"
    await audit.record(call, ERASED, description, event_type=None, metadata=told)


async def _told(unit: Unit, customer_id: str, since: int) -> dict[str, set[int]]:
    """What erasures behind an event say that they took."""
    rows = await unit.all(_ERASURES, customer=customer_id, since=since)
    return read(Told(at, ERASED, msgspec.json.decode(body)["metadata"]) for at, body in rows)


jobs.DELIVERIES["erasure"] = erase_archived
jobs.NEVER_GIVEN_UP.add("erasure")
