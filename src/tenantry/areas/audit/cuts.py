"""What is archived or erased from a log while somebody reads it, so that it does not agree."""

from sqlalchemy import bindparam, func, or_, select

from tenantry.core import schema
from tenantry.core.kept_events import ARCHIVED, ERASED
from tenantry.core.session import Reads
from tenantry.core.statements import Statement

_E = schema.events.c
_OF = _E.customer_id == bindparam("customer_id")
_NEWEST = Statement(select(func.max(_E.sequence)).where(_OF))
_SINCE = Statement(
    select(_E.sequence)
    .where(
        _OF,
        _E.sequence > bindparam("seen"),
        or_(_E.action == ARCHIVED, _E.action == ERASED),
    )
    .limit(1)
)


async def newest(rows: Reads, customer_id: str) -> int:
    """The largest number of an event; 0 if there is none.

    Not the head's number: who lowers that would have every cut before it taken for a new one.
    """
    (found,) = await rows.one(_NEWEST, customer_id=customer_id) or (None,)
    return found or 0


async def is_cut_since(rows: Reads, customer_id: str, seen: int) -> bool:
    """Whether something was archived or erased by an event behind that one."""
    return await rows.one(_SINCE, customer_id=customer_id, seen=seen) is not None
