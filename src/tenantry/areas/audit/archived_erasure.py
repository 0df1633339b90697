"""Taking an erased person out of archives: after the commit, as a letter tried until it is done."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, select

from tenantry.areas.audit import archive_files
from tenantry.areas.audit.traces import Person, Texts, left
from tenantry.core import jobs
from tenantry.core.retention_tables import archives
from tenantry.core.statements import Statement

_FILES = Statement(
    select(archives.c.file, archives.c.pruned_at)
    .where(archives.c.customer_id == bindparam("customer"))
    .order_by(archives.c.last)
)


async def erase_archived(worker: jobs.Worker, payload: Any) -> None:
    """Rewrite every archive that holds something of his. Raises OSError for one that is missing."""
    known = Texts(frozenset(payload["addresses"]), frozenset(payload["names"]))
    person = Person(payload["user_ids"], known)
    database = worker._database  # noqa: SLF001 - a delivery is the worker's own doing
    for file, pruned_at in await database.all(_FILES, customer=payload["customer_id"]):
        work = partial(_erase, Path(file), person, is_planned=pruned_at is None)
        await asyncio.to_thread(work)


def _erase(file: Path, person: Person, *, is_planned: bool) -> None:
    if is_planned and not file.exists():
        return
    archive_files.rewrite(file, lambda body, personal: left(body, personal, person))


jobs.DELIVERIES["erasure"] = erase_archived
