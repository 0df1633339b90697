"""A long log followed by several processes, each with a share of it and the database for itself."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import Executor

from sqlalchemy import bindparam, select

from tenantry.core import chain, schema
from tenantry.core.clock import system_clock
from tenantry.core.database import open_database
from tenantry.core.kept_events import Kept, nothing
from tenantry.core.session import Reads
from tenantry.core.statements import Dialect, Statement
from tenantry.core.verify_audit import Place

MANY = 20_000
"""Events from which on it is worth while."""
_AT_ONCE: Mapping[Dialect, int] = {"postgresql": 2000, "sqlite": chain.BLOCK}
"""Events that are read at a time: nobody else in the process waits, and asking costs too."""

_E = schema.events.c
_HASH = Statement(
    select(_E.hash).where(
        _E.customer_id == bindparam("customer_id"), _E.sequence == bindparam("sequence")
    )
)


class Shares:
    """Follows logs of one database, the long ones in a pool's processes."""

    def __init__(self, url: str, pool: Executor, count: int, least: int = MANY) -> None:
        """Take the database's URL, how many processes there are, and how short is not shared."""
        self._least = least
        self._url = url
        self._pool = pool
        self._count = count

    async def follow(
        self, rows: Reads, begins: Place, until: int, wanted: frozenset[int | bytes]
    ) -> Kept:
        """See `chain.Follow`. Whatever is wrong first in the log is told. Raises Wrong."""
        events = until - begins.sequence
        if events < self._least:
            return await chain.follow(rows, begins, until, wanted)
        inner = [begins.sequence + events * at // self._count for at in range(1, self._count)]
        begun = [begins, *[place for at in inner if (place := await _place(rows, begins, at))]]
        ends = [*(place.sequence for place in begun[1:]), until]
        loop = asyncio.get_running_loop()
        shares = [
            loop.run_in_executor(self._pool, _share, self._url, place, end, wanted)
            for place, end in zip(begun, ends, strict=True)
        ]
        kept = nothing(begins)
        for outcome in await asyncio.gather(*shares, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome
            kept.go_on(outcome)
        return kept


async def _place(rows: Reads, begins: Place, sequence: int) -> Place | None:
    """Where a share begins; nowhere if that event is missing, which the share before will tell."""
    row = await rows.one(_HASH, customer_id=begins.customer_id, sequence=sequence)
    return None if row is None else Place(sequence, bytes(row[0]), begins.customer_id)


def _share(url: str, begins: Place, until: int, wanted: frozenset[int | bytes]) -> Kept:
    async def run() -> Kept:
        database = open_database(url, system_clock)
        await database.start()
        try:
            most = _AT_ONCE[database.dialect]
            return await chain.follow(database, begins, until, wanted, most)
        finally:
            await database.stop()

    return asyncio.run(run())
