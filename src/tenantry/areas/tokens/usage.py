"""When a token was last used: noted at most once a minute, together for many, after the answer.

It is not a change that anybody made, so it writes no event and moves no version.
"""

import asyncio
from collections.abc import Callable

from sqlalchemy import and_, bindparam, or_, update

from tenantry.core import schema
from tenantry.core.clock import MINUTE, Instant
from tenantry.core.context import Principal, Reading
from tenantry.core.database import Database
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit

MAX_KEPT = 100_000

_T = schema.tokens.c
_NOTE = Statement(
    update(schema.tokens)
    .where(
        and_(_T.customer_id == bindparam("customer"), _T.id == bindparam("token")),
        or_(_T.last_used_at.is_(None), _T.last_used_at < bindparam("at")),
    )
    .values(last_used_at=bindparam("at"), ip=bindparam("address"), user_agent=bindparam("agent"))
)


class Uses:
    """Hears of each use, and writes down those worth it."""

    def __init__(self, database: Database, note: Callable[[BaseException], None]) -> None:
        """`note` hears of what went wrong."""
        self._database = database
        self._note = note
        self._noted: dict[str, Instant] = {}
        self._due: list[dict[str, object]] = []
        self._writing: asyncio.Task[None] | None = None

    def __call__(self, principal: Principal, call: Reading) -> None:
        """Note a use."""
        token_id = principal.token_id
        last = self._noted.get(token_id) or principal.last_used_at
        if last is not None and call.now - last < MINUTE:
            return
        if len(self._noted) >= MAX_KEPT:
            self._noted.clear()
        self._noted[token_id] = call.now
        self._due.append(
            {
                "customer": principal.customer_id,
                "token": token_id,
                "at": call.now,
                "address": call.ip[:255],
                "agent": call.user_agent,
            }
        )
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())

    async def stop(self) -> None:
        """Write what is still due."""
        while self._writing is not None:
            await asyncio.shield(self._writing)

    async def _write(self) -> None:
        try:
            while self._due:
                due, self._due = self._due, []

                async def work(unit: Unit, due: list[dict[str, object]] = due) -> None:
                    # In one order everywhere, so that two processes never wait for each other.
                    await unit.run_many(_NOTE, sorted(due, key=lambda use: str(use["token"])))

                await self._database.write(work)
        except Exception as error:  # noqa: BLE001 - a use that was not noted harms nobody
            self._note(error)
        finally:
            self._writing = None
