"""Where revisions end: a revision of a row ends where the next one of that row begins."""

from sqlalchemy import BigInteger, and_, bindparam, func, or_, select, tuple_

from tenantry.core import schema
from tenantry.core.session import Reads
from tenantry.core.statements import Row, Statement

_R = schema.revisions.c
MANY = 1_000_000
"""Revisions that are looked at in one query: a longer one may outlast the patience of a read."""
_ROW = tuple_(_R.kind, _R.row_id)
_OF = _R.customer_id == bindparam("customer_id")
_BEHIND = tuple_(bindparam("kind"), bindparam("row_id")) < _ROW
_END = Statement(
    select(_R.kind, _R.row_id)
    .where(_OF, _BEHIND)
    .order_by(_R.kind, _R.row_id)
    .offset(bindparam("skipped", type_=BigInteger))
    .limit(1)
)


def _ended_wrong(*, is_last: bool) -> Statement[Row]:
    """Of the rows of a part; that of a row that is gone may stay open."""
    until = tuple_(bindparam("last_kind"), bindparam("last_row_id")) >= _ROW
    followed = (
        select(
            *(_R.from_sequence, _R.to_sequence, _R.kind, _R.row_id, _R.body),
            func.lead(_R.from_sequence)
            .over(partition_by=(_R.kind, _R.row_id), order_by=_R.from_sequence)
            .label("following"),
        )
        .where(_OF, _BEHIND, *([] if is_last else [until]))
        .subquery()
    ).c
    is_open_wrong = and_(
        followed.to_sequence.is_(None), followed.body.is_not(None), followed.following.is_not(None)
    )
    is_wrong = or_(is_open_wrong, followed.to_sequence != func.coalesce(followed.following, 0))
    found = select(followed.from_sequence, followed.kind, followed.row_id).where(is_wrong)
    return Statement(found.order_by(followed.from_sequence).limit(1))


_ENDED_WRONG = {is_last: _ended_wrong(is_last=is_last) for is_last in (False, True)}
_NO_END: Row = ()


async def what_is_wrong(rows: Reads, customer_id: str, events: int, most: int = MANY) -> str | None:
    """What is wrong with the ends of a customer's revisions; those of a long log come in parts."""
    place, end = {"customer_id": customer_id, "kind": "", "row_id": ""}, _NO_END
    while True:
        if events > most:
            end = await rows.one(_END, **place, skipped=most - 1) or _NO_END
        until = dict(zip(("last_kind", "last_row_id"), end, strict=False))
        for sequence, kind, row_id in await rows.all(_ENDED_WRONG[not end], **place, **until):
            return f"the revision of {kind}/{row_id} by event {sequence} has another end"
        if not end:
            return None
        place |= {"kind": end[0], "row_id": end[1]}
