"""Publishing checkpoints on a schedule: to a folder, and to each customer's security contacts."""

import asyncio
import os
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import bindparam, func, or_, select

from tenantry.core import checkpoints, schema
from tenantry.core.checkpoint_tables import checkpoints as kept
from tenantry.core.clock import SECOND, Instant
from tenantry.core.context import Writing, system_call
from tenantry.core.database import Database
from tenantry.core.outbox import post
from tenantry.core.secrets import Keyring
from tenantry.core.security_contacts import security_contacts
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit

VERIFIER = "/_tenantry/v1/audit/verify_audit.py"
_BATCH = 200
_PASSES = 24
"""How often in an interval it is looked for who is due."""

_H, _C = schema.chains.c, schema.customers.c


class Schedule(msgspec.Struct, frozen=True):
    """How often, and where to."""

    interval: Instant
    origin: str
    folder: str = ""
    mails: bool = False

    @property
    def pause(self) -> Instant:
        """Between two looks at who is due."""
        return max(self.interval // _PASSES, SECOND)


def read_destinations(text: str) -> tuple[str, bool]:
    """The folder (or nothing) and whether contacts are mailed. Raises ValueError."""
    folder, mails = "", False
    for one in filter(None, (part.strip() for part in text.split(","))):
        kind, _, path = one.partition(":")
        if kind == "file" and path and not folder:
            folder = path
        elif one == "mail":
            mails = True
        else:
            message = f"{one!r} is neither file:FOLDER (once) nor mail"
            raise ValueError(message)
    return folder, mails


def _newest(column: Any) -> Any:
    """Of a log's newest checkpoint."""
    one = select(column).where(kept.c.customer_id == _H.customer_id)
    return one.order_by(kept.c.sequence.desc()).limit(1).scalar_subquery()


_DUE = Statement(
    select(_H.customer_id)
    .where(
        _H.customer_id > bindparam("after"),
        func.coalesce(_newest(kept.c.sequence), 0) < _H.sequence,
        or_(
            _newest(kept.c.created_at).is_(None),
            _newest(kept.c.created_at) <= bindparam("before"),
        ),
    )
    .order_by(_H.customer_id)
    .limit(_BATCH)
)
_NAME = Statement(select(_C.name).where(_C.id == bindparam("customer_id")))


async def publish_due(database: Database, keyring: Keyring, schedule: Schedule) -> int:
    """Sign and send every log's head that is due; how many were."""
    before = database.clock() - schedule.interval
    count, after = 0, ""
    while due := await database.all(_DUE, before=before, after=after):
        published = await asyncio.gather(
            *(
                database.write(
                    partial(_publish, keyring, schedule, customer_id, before),
                    customer_id=customer_id,
                )
                for (customer_id,) in due
            )
        )
        count, after = count + sum(published), due[-1][0]
    return count


async def _publish(
    keyring: Keyring, schedule: Schedule, customer_id: str, before: Instant, unit: Unit
) -> bool:
    checkpoint = await checkpoints.keep_if_due(unit, keyring, customer_id, schedule.origin, before)
    if checkpoint is None:
        return False
    call = system_call(unit, keyring, customer_id, public_url=schedule.origin)
    if schedule.folder:
        post(call, "checkpoint", folder=schedule.folder, checkpoint=msgspec.to_builtins(checkpoint))
    if schedule.mails:
        await _mail(call, checkpoint)
    return True


async def _mail(call: Writing, checkpoint: checkpoints.Checkpoint) -> None:
    """Write to whom the customer names for its security; to nobody if it names none."""
    named = await call.one(_NAME, customer_id=call.customer_id)
    facts = {
        "customer_name": named[0] if named else call.customer_id,
        "link": call.public_url + VERIFIER,
        "checkpoint": msgspec.json.encode(checkpoint).decode(),
    }
    for address in await security_contacts(call, call.customer_id):
        post(call, "mail", template="checkpoint", to=address, facts=facts)


def write_file(folder: Path, checkpoint: dict[str, Any]) -> Path:
    """Keep a checkpoint in a file of its own, durable before its name is there. Raises OSError.

    What stands there of another log with that number, as after an old database was put back, stays.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{checkpoint['customer_id']}-{checkpoint['sequence']:012d}.json"
    text = msgspec.json.encode(checkpoint) + b"\n"
    if path.exists() and path.read_bytes() != text:
        path = path.with_suffix(f".{checkpoint['hash'][:16]}.json")
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".part", delete=False) as draft:
        draft.write(text)
        draft.flush()
        os.fchmod(draft.fileno(), 0o644)  # it is for others to read, and holds no secret
        os.fsync(draft.fileno())
    Path(draft.name).rename(path)
    listing = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(listing)
    finally:
        os.close(listing)
    return path
