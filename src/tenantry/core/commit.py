"""The commit that several units of work share.

Requests that arrive while a commit is under way share the next one: a lane runs them one after
the other in one transaction, and answers all when that transaction is durable. One that fails is
undone alone. A lane first counts the writes of who asks (that count
stays, whatever becomes of the unit), then locks the log heads of every customer concerned, in
order: so a unit is the only writer in its customer, in every process, and lanes never deadlock
over heads.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any

from sqlalchemy import bindparam, select

from tenantry.core import schema
from tenantry.core.additions import Additions, Head, write
from tenantry.core.clock import HOUR, Clock, Instant
from tenantry.core.session import Reads, Retryable, Session, Unavailable
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit, lock_heads

MAX_SHARED = 64
RETRIES = 4
MAX_KNOWN = 5000
"""Customers whose newest head a lane remembers; each takes up to 2 KB, mostly for its numbers."""


class _Spoiled(Exception):
    """A unit failed after it had changed something, and there was no savepoint to go back to."""


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
        self.unit: Unit | None = None
        """The unit that it succeeded in."""

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
        self._known: dict[str, Head] = {}
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
                # Nobody waits for what was given up: it must not be done after all.
                batch = [job for job in batch if not job.answer.done()]
                if batch:
                    await self._commit(batch)
                for job in batch:
                    job.settle()
                # Let those answers leave before the next batch holds everybody up.
                await asyncio.sleep(0)
        finally:
            self._runner = None

    async def _commit(self, batch: list[Job]) -> None:
        try:
            try:
                await self._attempt(batch, careful=False)
            except _Spoiled:
                await self._attempt(batch, careful=True)
        except Unavailable as error:
            # Never again: it may have been committed, and only the answer was lost.
            for job in batch:
                job.error = error
        except Exception as error:  # noqa: BLE001 - whatever it is belongs to who waits
            if len(batch) == 1:
                await self._again(batch[0], error)
                return
            # The transaction failed as a whole: each alone, so that none spoils its neighbours.
            for job in batch:
                await self._commit([job])

    async def _again(self, job: Job, error: Exception) -> None:
        for _ in range(RETRIES):
            if not isinstance(error, Retryable) or job.answer.done():
                break
            try:
                await self._attempt([job], careful=True)
            except Exception as another:  # noqa: BLE001 - likewise
                error = another
            else:
                return
        job.error = error

    async def _attempt(self, batch: list[Job], *, careful: bool) -> None:
        """Run a batch in one transaction.

        Most units either succeed or refuse before they change anything, so savepoints, which
        cost a round trip each, are only taken the second time, after one did otherwise.
        """
        additions = Additions()
        async with self._session() as session:
            await session.begin()
            try:
                counts = await _count_writes(session, batch, self._clock())
                customers = sorted({job.customer_id for job in batch if job.customer_id})
                heads = await lock_heads(session, customers, self._known) if customers else {}
                before = dict(heads)
                for job in batch:
                    unit = self._unit(session, job, heads, counts)
                    unit.is_shared = len(batch) > 1
                    await self._run_one(session, job, unit, careful=careful)
                    if job.unit is not None:
                        heads.update(job.unit.heads)
                        additions.extend(job.unit.added)
                moved = _moved(before, heads)
                moved = await write(session, additions, moved)
                await session.commit()
            except BaseException:
                with suppress(Unavailable):
                    await session.rollback()
                raise
        self._remember(moved)
        if additions.letters:
            for wake in self._committed:
                wake()

    def _remember(self, moved: dict[str, Head]) -> None:
        self._known |= moved
        while len(self._known) > MAX_KNOWN:
            del self._known[next(iter(self._known))]

    def _unit(
        self, session: Session, job: Job, heads: dict[str, Head], counts: dict[str, int]
    ) -> Unit:
        count = 0
        if job.meter is not None:
            # Everybody of a batch was counted at once: hand the numbers out in turn.
            count = counts[job.meter] = counts[job.meter] + 1
        return Unit(session, self._clock(), heads, count)

    async def _run_one(self, session: Session, job: Job, unit: Unit, *, careful: bool) -> None:
        job.result = job.error = job.unit = None
        if job.answer.done():
            return
        session.is_changed = False
        if careful:
            await session.savepoint()
        try:
            job.result = await job.work(unit)
        except (Retryable, Unavailable):
            raise
        except Exception as error:
            if careful:
                await session.undo()
            elif session.is_changed:
                raise _Spoiled from error
            job.error = error
        else:
            job.unit = unit
            if careful:
                await session.release()


def _moved(before: dict[str, Head], after: dict[str, Head]) -> dict[str, Head]:
    return {
        customer_id: head
        for customer_id, head in after.items()
        if head.sequence and head is not before.get(customer_id)
    }


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


_COUNTED = Statement(
    select(schema.write_counts.c.count).where(
        schema.write_counts.c.principal_id == bindparam("meter"),
        schema.write_counts.c.hour == bindparam("hour"),
    )
)


async def writes_counted(rows: Reads, meter: str, now: Instant) -> int:
    """The writes that somebody has made in this hour."""
    counted = await rows.one(_COUNTED, meter=meter, hour=now // HOUR)
    return 0 if counted is None else int(counted[0])


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
