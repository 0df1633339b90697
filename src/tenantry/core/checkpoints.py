"""Checkpoints: the signed head of a log, to be kept where nobody who may write the log can reach.

The hashes of a log are not keyed, so that anybody can check them; whoever may write to the database
could compute a whole log anew, or cut off its end. A checkpoint that was noted elsewhere shows it.
"""

from typing import Any, Self

import msgspec
from sqlalchemy import and_, bindparam, insert, select

from tenantry.core import schema, signing
from tenantry.core.checkpoint_tables import checkpoints
from tenantry.core.clock import Instant, shown
from tenantry.core.errors import not_found
from tenantry.core.secrets import Keyring
from tenantry.core.session import Reads
from tenantry.core.statements import Row, Statement, point
from tenantry.core.unit import Unit

_H, _C = schema.chains.c, checkpoints.c


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """What is published; the signature is over the canonical JSON of all the rest."""

    format: int = 1
    origin: str
    """The installation, as people reach it."""
    customer_id: str
    sequence: int
    hash: str
    created_at: str
    key_id: str
    signature: str = ""

    @classmethod
    def read(cls, customer_id: str, sequence: int, digest: bytes, *more: Any) -> Self:
        """A row that was kept."""
        origin, created_at, key_id, signature = more
        return cls(
            origin=origin,
            customer_id=customer_id,
            sequence=sequence,
            hash=bytes(digest).hex(),
            created_at=shown(created_at),
            key_id=key_id,
            signature=signature,
        )


_HEAD = point([_H.sequence, _H.hash], schema.chains, customer_id=_H.customer_id)
_KEEP = Statement[Row](insert(checkpoints))
_KEPT = Statement(
    select(*checkpoints.c)
    .where(and_(_C.customer_id == bindparam("customer_id"), _C.sequence > bindparam("after")))
    .order_by(_C.sequence)
    .limit(bindparam("most")),
    Checkpoint.read,
)
_NEWEST = Statement(
    select(_C.sequence, _C.created_at)
    .where(_C.customer_id == bindparam("customer_id"))
    .order_by(_C.sequence.desc())
    .limit(1)
)


async def current(
    rows: Reads, keyring: Keyring, customer_id: str, origin: str, now: Instant
) -> Checkpoint:
    """The head of a customer's log as it is now, signed. Raises Problem 404."""
    head = await rows.one(_HEAD, customer_id=customer_id)
    if head is None:
        raise not_found("customer", customer_id)
    key = await signing.signing_key(rows, keyring)
    return sign(key, Checkpoint.read(customer_id, *head, origin, now, "", ""))


def sign(key: signing.SigningKey, checkpoint: Checkpoint) -> Checkpoint:
    """A checkpoint with the name of the key, and its signature."""
    named = msgspec.structs.replace(checkpoint, key_id=key.published.key_id)
    return msgspec.structs.replace(named, signature=key.signed(named))


async def kept(rows: Reads, customer_id: str, after: int = 0, most: int = 1000) -> list[Checkpoint]:
    """The checkpoints of a log behind an event, oldest first."""
    return await rows.all(_KEPT, customer_id=customer_id, after=after, most=most)


async def keep(unit: Unit, keyring: Keyring, customer_id: str, origin: str) -> Checkpoint:
    """Sign the head of a log as this unit found it, and keep that; once for an event."""
    head = await unit.head(customer_id)
    key = await signing.keep(unit, keyring)
    place = (customer_id, head.sequence, head.hash, origin, unit.now)
    checkpoint = sign(key, Checkpoint.read(*place, "", ""))
    await unit.run(
        _KEEP,
        customer_id=customer_id,
        sequence=head.sequence,
        hash=head.hash,
        origin=origin,
        created_at=unit.now,
        key_id=checkpoint.key_id,
        signature=checkpoint.signature,
    )
    return checkpoint


async def keep_if_due(
    unit: Unit, keyring: Keyring, customer_id: str, origin: str, before: Instant
) -> Checkpoint | None:
    """Keep one, unless the newest is younger or nothing happened since.

    Who holds the head is the only one who does: so of several processes one keeps it.
    """
    head = await unit.head(customer_id)
    newest = await unit.one(_NEWEST, customer_id=customer_id)
    if newest is not None and (newest[0] == head.sequence or newest[1] > before):
        return None
    return await keep(unit, keyring, customer_id, origin)
