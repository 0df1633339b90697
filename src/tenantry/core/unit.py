"""A unit of work: one request's changes, inside a lane's transaction (see commit.py)."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from sqlalchemy import select

from tenantry.core import schema
from tenantry.core.additions import Additions, Head
from tenantry.core.clock import Instant
from tenantry.core.session import Retryable, Session
from tenantry.core.statements import Row, Statement, is_one_of

R = TypeVar("R")


class Unit:
    """One request's changes: committed together when its work returns, undone when it raises."""

    def __init__(
        self, session: Session, now: Instant, heads: dict[str, Head], count: int = 0
    ) -> None:
        """Begin inside a lane's transaction."""
        self._session = session
        self.now = now
        self.heads = heads.copy()
        self.count = count
        """The writes that who asks has made in this hour, this one included."""
        self.added = Additions()
        self.is_shared = False
        """Whether the transaction is also that of others, who may hold locks of their own."""

    async def one(self, statement: Statement[R], **given: Any) -> R | None:
        """The first row, or None."""
        compiled = statement.on(self._session.dialect)
        rows = await self._session.rows(compiled, compiled.arguments(given))
        return statement.made(rows[0]) if rows else None

    async def all(self, statement: Statement[R], **given: Any) -> list[R]:
        """Every row."""
        compiled = statement.on(self._session.dialect)
        rows = await self._session.rows(compiled, compiled.arguments(given))
        return [statement.made(row) for row in rows]

    async def run(self, statement: Statement[Any], **given: Any) -> int:
        """Change rows; how many were. Raises UniqueViolation."""
        compiled = statement.on(self._session.dialect)
        return await self._session.run(compiled, compiled.arguments(given))

    async def run_many(self, statement: Statement[Any], rows: Sequence[dict[str, Any]]) -> None:
        """Run a change once for each set of values. Raises UniqueViolation."""
        compiled = statement.on(self._session.dialect)
        await self._session.run_many(compiled, [compiled.arguments(row) for row in rows])

    async def add_all(self, statement: Statement[Any], rows: list[Row]) -> None:
        """Insert rows, each in the order of the columns of `bulk.adding`. Raises UniqueViolation.

        None of them is looked at here: values of the wrong type end in the driver.
        """
        if not rows:
            return
        compiled = statement.on(self._session.dialect)
        if self._session.dialect == "sqlite":
            await self._session.run_many(compiled, rows)
        else:
            columns = tuple(list(column) for column in zip(*rows, strict=True))
            await self._session.run(compiled, columns)

    async def find_all(self, statement: Statement[R], keys: list[Row]) -> list[R]:
        """Every row under many keys of an `exact`, each in the order of its key's columns."""
        if not keys:
            return []
        if self._session.dialect == "sqlite":
            rows = await self._session.rows_many(statement.on("sqlite"), keys)
            return [statement.made(row) for row in rows]
        columns = tuple(list(column) for column in zip(*keys, strict=True))
        rows = await self._session.rows(statement.joined(), columns)
        # Before the columns that were asked for stand the key's place and a version.
        return [statement.made(row[2:]) for row in rows]

    def run_later(self, statement: Statement[Any], **given: Any) -> None:
        """Insert a row at the end of the batch, with those of others; it can't be refused.

        By a statement of `bulk.adding`.
        """
        self.added.others.append((statement, given))

    async def head(self, customer_id: str) -> Head:
        """The end of a customer's log as this unit sees it; locked until the commit."""
        if customer_id not in self.heads:
            await self.hold([customer_id])
        return self.heads[customer_id]

    async def hold(self, customer_ids: Iterable[str]) -> None:
        """Lock the ends of some customers' logs until the commit, before anything else of theirs.

        Raises Retryable where to wait could be for ever: others in the same transaction may hold
        what he waits for who is waited for.
        """
        wanted = sorted(set(customer_ids) - self.heads.keys())
        if wanted:
            self.heads |= await lock_heads(self._session, wanted, {}, waits=not self.is_shared)


_C = schema.chains.c
_NAMED = (
    select(_C.customer_id, _C.sequence, _C.hash, _C.created_at, _C.number)
    .where(is_one_of(_C.customer_id, "customers"))
    .order_by(_C.customer_id)
)
_HEADS = Statement(_NAMED.with_for_update())
_HEADS_FREE = Statement(_NAMED.with_for_update(skip_locked=True))
_THERE = Statement(select(_C.customer_id).where(is_one_of(_C.customer_id, "customers")))


async def lock_heads(
    session: Session, customers: list[str], known: dict[str, Head], *, waits: bool = True
) -> dict[str, Head]:
    """Lock the ends of some customers' logs, in order; `known` are those that we moved last.

    Raises Retryable if somebody else holds one that is not waited for.
    """
    heads = dict.fromkeys(customers, Head())
    compiled = (_HEADS if waits else _HEADS_FREE).on(session.dialect)
    rows = await session.rows(compiled, compiled.arguments({"customers": customers}))
    if not waits and len(rows) < len(customers):
        there = _THERE.on(session.dialect)
        if len(await session.rows(there, there.arguments({"customers": customers}))) > len(rows):
            message = "somebody else holds the end of a log"
            raise Retryable(message)
    for customer_id, sequence, digest, created_at, number in rows:
        head = known.get(customer_id)
        if head is None or head.hash != digest:
            # Somebody else wrote meanwhile, and may have changed anything.
            head = Head(sequence, digest, sequence, created_at, number)
        heads[customer_id] = head
    return heads
