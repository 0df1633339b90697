"""Units of work, and the commit that several of them share.

Requests that arrive while a commit is under way share the next one: a lane runs them one after
the other in one transaction, each in its own savepoint, and answers all when that transaction is
durable. One that fails is undone alone. A lane first counts the writes of who asks (that count
stays, whatever becomes of the unit), then locks the log heads of every customer concerned, in
order: so a unit is the only writer in its customer, in every process, and lanes never deadlock
over heads.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeVar

import msgspec
from sqlalchemy import and_, bindparam, insert, select, update

from tenantry.core import schema
from tenantry.core.clock import HOUR, Clock, Instant
from tenantry.core.statements import Compiled, Dialect, Row, Statement, is_one_of

R = TypeVar("R")
MAX_SHARED = 64
RETRIES = 4


class UniqueViolation(Exception):
    """A row with that key is already there."""


class Retryable(Exception):
    """The database asks to run the transaction again (deadlock, lock time-out, serialization)."""


class Session(Protocol):
    """A connection inside one transaction at a time."""

    dialect: Dialect

    async def begin(self) -> None:
        """Open the transaction, for writing."""

    async def commit(self) -> None:
        """Make it durable."""

    async def rollback(self) -> None:
        """Leave no trace of it."""

    async def savepoint(self) -> None:
        """Begin what may be undone alone."""

    async def release(self) -> None:
        """Keep what was done since the savepoint."""

    async def undo(self) -> None:
        """Undo what was done since the savepoint."""

    async def rows(self, statement: Compiled, arguments: Row) -> list[Row]:
        """What a statement returns."""

    async def run(self, statement: Compiled, arguments: Row) -> int:
        """Change rows; how many were. Raises UniqueViolation."""

    async def rows_many(self, statement: Compiled, arguments: list[Row]) -> list[Row]:
        """Run a statement once for each set of arguments; everything it returns."""

    async def run_many(self, statement: Compiled, arguments: list[Row]) -> None:
        """Run a statement once for each set of arguments. Raises UniqueViolation."""


class Head(msgspec.Struct, frozen=True):
    """The end of a customer's log."""

    sequence: int = 0
    hash: bytes = bytes(32)


class Additions(msgspec.Struct):
    """Rows that a unit adds to the log and the outbox, written together at the end of a batch."""

    events: list[dict[str, Any]] = msgspec.field(default_factory=list)
    closed: list[dict[str, Any]] = msgspec.field(default_factory=list)
    opened: list[dict[str, Any]] = msgspec.field(default_factory=list)
    letters: list[dict[str, Any]] = msgspec.field(default_factory=list)

    def extend(self, other: "Additions") -> None:
        """Take over another's rows."""
        self.events += other.events
        self.closed += other.closed
        self.opened += other.opened
        self.letters += other.letters


class Unit:
    """One request's changes: committed together when its work returns, undone when it raises."""

    def __init__(
        self, session: Session, now: Instant, heads: dict[str, Head], count: int = 0
    ) -> None:
        """Begin inside a lane's transaction."""
        self._session = session
        self.now = now
        self.heads = dict(heads)
        self.count = count
        """The writes that who asks has made in this hour, this one included."""
        self.added = Additions()

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

    async def head(self, customer_id: str) -> Head:
        """The end of a customer's log as this unit sees it; locked until the commit."""
        if customer_id not in self.heads:
            self.heads |= await _lock_heads(self._session, [customer_id])
        return self.heads[customer_id]


class Job:
    """A unit of work that waits for its turn."""

    def __init__(
        self,
        work: Callable[[Unit], Awaitable[Any]],
        customer_id: str | None,
        meter: str | None,
    ) -> None:
        """See `Database.write`."""
        self.work = work
        self.customer_id = customer_id
        self.meter = meter
        self.answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.result: Any = None
        self.error: BaseException | None = None

    def settle(self) -> None:
        """Answer who waits, unless he left."""
        if self.answer.done():
            return
        if self.error is not None:
            self.answer.set_exception(self.error)
        else:
            self.answer.set_result(self.result)


class Lane:
    """Runs jobs in turn, as many as wait in one transaction."""

    def __init__(
        self,
        session: Callable[[], AbstractAsyncContextManager[Session]],
        clock: Clock,
        committed: list[Callable[[], None]],
    ) -> None:
        """Take where to write; `committed` is called after commits that added letters."""
        self._session = session
        self._clock = clock
        self._committed = committed
        self._waiting: list[Job] = []
        self._runner: asyncio.Task[None] | None = None

    async def submit(self, job: Job) -> Any:
        """Queue a job and wait for its commit."""
        self._waiting.append(job)
        if self._runner is None:
            self._runner = asyncio.create_task(self._run())
        return await job.answer

    async def stop(self) -> None:
        """Wait for what was queued."""
        while self._runner is not None:
            await asyncio.shield(self._runner)

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch = self._waiting[:MAX_SHARED]
                del self._waiting[:MAX_SHARED]
                await self._commit(batch)
                for job in batch:
                    job.settle()
        finally:
            self._runner = None

    async def _commit(self, batch: list[Job]) -> None:
        try:
            await self._attempt(batch)
        except Exception as error:  # noqa: BLE001 - whatever it is belongs to who waits
            if len(batch) == 1:
                await self._again(batch[0], error)
                return
            # The transaction failed as a whole: each alone, so that none spoils its neighbours.
            for job in batch:
                await self._commit([job])

    async def _again(self, job: Job, error: Exception) -> None:
        for _ in range(RETRIES):
            if not isinstance(error, Retryable):
                break
            try:
                await self._attempt([job])
            except Exception as another:  # noqa: BLE001 - likewise
                error = another
            else:
                return
        job.error = error

    async def _attempt(self, batch: list[Job]) -> None:
        additions = Additions()
        async with self._session() as session:
            await session.begin()
            try:
                counts = await _count_writes(session, batch, self._clock())
                customers = sorted({job.customer_id for job in batch if job.customer_id})
                heads = await _lock_heads(session, customers) if customers else {}
                before = dict(heads)
                for job in batch:
                    await self._run_one(session, job, heads, counts, additions)
                await _write(session, additions, _moved(before, heads))
                await session.commit()
            except BaseException:
                await session.rollback()
                raise
        if additions.letters:
            for wake in self._committed:
                wake()

    async def _run_one(
        self,
        session: Session,
        job: Job,
        heads: dict[str, Head],
        counts: dict[str, int],
        additions: Additions,
    ) -> None:
        count = 0
        if job.meter is not None:
            # Everybody of a batch was counted at once: hand the numbers out in turn.
            count = counts[job.meter] = counts[job.meter] + 1
        unit = Unit(session, self._clock(), heads, count)
        await session.savepoint()
        try:
            job.result, job.error = await job.work(unit), None
        except Retryable:
            raise
        except Exception as error:  # noqa: BLE001 - it is handed to who waits
            await session.undo()
            job.result, job.error = None, error
        else:
            await session.release()
            heads.update(unit.heads)
            additions.extend(unit.added)


def _moved(before: dict[str, Head], after: dict[str, Head]) -> list[Row]:
    return [
        (customer_id, head.sequence, head.hash)
        for customer_id, head in sorted(after.items())
        if before.get(customer_id, Head()) is not head and head.sequence
    ]


_COUNT = Statement(
    lambda insert_: (
        insert_(schema.write_counts)
        .values(principal_id=bindparam("meter"), hour=bindparam("hour"), count=bindparam("more"))
        .on_conflict_do_update(
            index_elements=["principal_id", "hour"],
            set_={"count": schema.write_counts.c.count + bindparam("more")},
        )
        .returning(schema.write_counts.c.principal_id, schema.write_counts.c.count)
    )
)


async def _count_writes(session: Session, batch: list[Job], now: Instant) -> dict[str, int]:
    more: dict[str, int] = {}
    for job in batch:
        if job.meter is not None:
            more[job.meter] = more.get(job.meter, 0) + 1
    if not more:
        return {}
    compiled = _COUNT.on(session.dialect)
    rows = await session.rows_many(
        compiled,
        [
            compiled.arguments({"meter": meter, "hour": now // HOUR, "more": more[meter]})
            for meter in sorted(more)
        ],
    )
    return {meter: count - more[meter] for meter, count in rows}


_HEADS = Statement(
    select(schema.chains.c.customer_id, schema.chains.c.sequence, schema.chains.c.hash)
    .where(is_one_of(schema.chains.c.customer_id, "customers"))
    .order_by(schema.chains.c.customer_id)
    .with_for_update()
)


async def _lock_heads(session: Session, customers: list[str]) -> dict[str, Head]:
    heads = dict.fromkeys(customers, Head())
    compiled = _HEADS.on(session.dialect)
    for customer_id, sequence, digest in await session.rows(
        compiled, compiled.arguments({"customers": customers})
    ):
        heads[customer_id] = Head(sequence, digest)
    return heads


_MOVE_HEAD = Statement(
    lambda insert_: (
        insert_(schema.chains)
        .values(
            customer_id=bindparam("customer_id"),
            sequence=bindparam("sequence"),
            hash=bindparam("hash"),
        )
        .on_conflict_do_update(
            index_elements=["customer_id"],
            set_={"sequence": bindparam("sequence"), "hash": bindparam("hash")},
        )
    )
)
_CLOSE = Statement(
    update(schema.revisions)
    .where(
        and_(
            schema.revisions.c.customer_id == bindparam("customer"),
            schema.revisions.c.kind == bindparam("of_kind"),
            schema.revisions.c.row_id == bindparam("row"),
            schema.revisions.c.to_sequence.is_(None),
        )
    )
    .values(to_sequence=bindparam("sequence"))
)
_ADD_EVENT = Statement(insert(schema.events))
_OPEN = Statement(insert(schema.revisions))
_ADD_LETTER = Statement(insert(schema.outbox))


async def _write(session: Session, additions: Additions, moved: list[Row]) -> None:
    """Everything that a batch adds, in one call a table. Events first: they say what happened."""
    _close_opened(additions.opened)
    for statement, rows in (
        (_ADD_EVENT, additions.events),
        (_CLOSE, additions.closed),
        (_OPEN, additions.opened),
        (_ADD_LETTER, additions.letters),
        (
            _MOVE_HEAD,
            [{"customer_id": who, "sequence": at, "hash": digest} for who, at, digest in moved],
        ),
    ):
        if rows:
            compiled = statement.on(session.dialect)
            await session.run_many(compiled, [compiled.arguments(row) for row in rows])


def _close_opened(opened: list[dict[str, Any]]) -> None:
    """Of a row that changed twice in a batch, end the first revision where the second begins."""
    last: dict[tuple[str, str, str], dict[str, Any]] = {}
    for revision in opened:
        key = revision["customer_id"], revision["kind"], revision["row_id"]
        if key in last:
            last[key]["to_sequence"] = revision["from_sequence"]
        last[key] = revision
