"""Taking an erased person out of archives: after the commit, as a letter tried until it is done.

What goes is told by an event of its own, before it goes: else whoever has the files could take away
what he likes, and nobody could tell.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, select

from tenantry.areas.audit import archive_files
from tenantry.areas.audit.taken import written
from tenantry.areas.audit.traces import Person, Texts, left
from tenantry.core import audit, jobs
from tenantry.core.context import SYSTEM, Writing
from tenantry.core.kept_events import ERASED
from tenantry.core.retention_tables import archives
from tenantry.core.secrets import Keyring
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tenantry.core.verify_audit import Wrong

_A = archives.c
_FILES = Statement(
    select(_A.first, _A.last, _A.file, _A.pruned_at)
    .where(_A.customer_id == bindparam("customer"))
    .order_by(_A.last)
)
Left = Callable[[str, str | None], str | None]


async def erase_archived(worker: jobs.Worker, payload: Any) -> None:
    """Rewrite every archive that holds something of his.

    Raises one of UNREADABLE for one that is missing or damaged, Wrong for one that is not named as
    we name them: after all the others.
    """
    known = Texts(frozenset(payload["addresses"]), frozenset(payload["names"]))
    person = Person(payload["user_ids"], known)
    database, customer_id = worker._database, payload["customer_id"]  # noqa: SLF001 - a delivery is the worker's own doing
    rows = await database.all(_FILES, customer=customer_id)
    rest = partial(left, person=person)
    taken, files, failed = await asyncio.to_thread(_look, customer_id, rows, rest)
    if taken:
        of = (worker._keyring, customer_id, payload["user_ids"], taken)  # noqa: SLF001 - as above
        await database.write(partial(_record, *of), customer_id=customer_id)
    for file in files:
        try:
            await asyncio.to_thread(archive_files.rewrite, file, rest)
        except OSError as problem:
            failed.append(problem)
    if failed:
        raise failed[0]


def _look(
    customer_id: str, rows: Sequence[Any], rest: Left
) -> tuple[dict[str, list[int]], list[Path], list[Exception]]:
    """What is to go, from which files, and what is wrong with the others."""
    taken, files, failed = dict[str, list[int]](), list[Path](), list[Exception]()
    for first, last, file, pruned_at in rows:
        try:
            # The folder may have been another one then; any other file is not ours to write.
            if not file.endswith(archive_files.path("", customer_id, first, last)):
                failed.append(Wrong(f"{file} is not the name of an archive from event {first}"))
            elif pruned_at is not None or Path(file).exists():
                for place, number in archive_files.taken(Path(file), rest):
                    taken.setdefault(place, []).append(number)
                files.append(Path(file))
        except (Wrong, *archive_files.UNREADABLE) as problem:
            failed.append(problem)
    return taken, files, failed


async def _record(
    keyring: Keyring, customer_id: str, user_ids: list[str], taken: dict[str, list[int]], unit: Unit
) -> None:
    call = Writing(
        rows=unit,
        unit=unit,
        keyring=keyring,
        now=unit.now,
        principal=SYSTEM,
        customer_id=customer_id,
    )
    events = {number for numbers in taken.values() for number in numbers}
    told = {"user_ids": user_ids, "archived_events": len(events), "taken": written(taken)}
    description = "A deleted user's personal data was erased from archives"
    await audit.record(call, ERASED, description, event_type=None, metadata=told)


jobs.DELIVERIES["erasure"] = erase_archived
