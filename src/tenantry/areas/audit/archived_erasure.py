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
from tenantry.core.verify_audit import Wrong

_A = archives.c
_FILES = Statement(
    select(_A.first, _A.last, _A.file, _A.pruned_at)
    .where(_A.customer_id == bindparam("customer"))
    .order_by(_A.last)
)


async def erase_archived(worker: jobs.Worker, payload: Any) -> None:
    """Rewrite every archive that holds something of his.

    Raises OSError for one that is missing, Wrong for one that is not named as we name them: after
    all the others.
    """
    known = Texts(frozenset(payload["addresses"]), frozenset(payload["names"]))
    person, failed = Person(payload["user_ids"], known), list[Exception]()
    database, customer_id = worker._database, payload["customer_id"]  # noqa: SLF001 - a delivery is the worker's own doing
    for first, last, file, pruned_at in await database.all(_FILES, customer=customer_id):
        try:
            # The folder may have been another one then; any other file is not ours to write.
            if not file.endswith(archive_files.path("", customer_id, first, last)):
                failed.append(Wrong(f"{file} is not the name of an archive from event {first}"))
                continue
            work = partial(_erase, Path(file), person, is_planned=pruned_at is None)
            await asyncio.to_thread(work)
        except OSError as problem:
            failed.append(problem)
    if failed:
        raise failed[0]


def _erase(file: Path, person: Person, *, is_planned: bool) -> None:
    if is_planned and not file.exists():
        return
    archive_files.rewrite(file, lambda body, personal: left(body, personal, person))


jobs.DELIVERIES["erasure"] = erase_archived
