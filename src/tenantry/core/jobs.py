"""The worker: takes letters out of the outbox and delivers them, as often as it needs.

Any number of processes may work at once: a letter is claimed by moving its due time, so each is
with one of them, and comes back by itself if that one dies. Delivery is at least once.

Beside that it does chores, each once in a while, in every process: a chore sees to it that of
several that do the same at once one wins.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, select, update

from tenantry.core import mail, publishing, schema
from tenantry.core.clock import DAY, HOUR, MINUTE, SECOND, Instant
from tenantry.core.database import Database
from tenantry.core.secrets import Keyring
from tenantry.core.security_tables import refresh_tokens, sign_in_steps
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit

CLAIMED_FOR = 2 * MINUTE
BEGUN_WITHIN = CLAIMED_FOR - 40 * SECOND
"""Of a claim: a mail takes half a minute at most, and what comes later is somebody else's."""
MAX_ATTEMPTS = 12
IDLE_SECONDS = 5.0
GRACE_SECONDS = 5.0
BATCH = 20
PRODUCT = "Tenantry"

_O, _W, _P = schema.outbox.c, schema.write_counts.c, schema.password_codes.c
_DUE = Statement(
    select(_O.id, _O.kind, _O.payload, _O.attempts)
    .where(_O.due_at <= bindparam("now"), _O.failed_at.is_(None))
    .order_by(_O.due_at)
    .limit(BATCH)
    .with_for_update(skip_locked=True)
)
_CLAIM = Statement(
    update(schema.outbox)
    .where(_O.id == bindparam("letter"))
    .values(due_at=bindparam("until"), attempts=_O.attempts + 1)
)
_GIVE_BACK = Statement(
    update(schema.outbox)
    .where(_O.id == bindparam("letter"), _O.due_at == bindparam("until"))
    .values(due_at=bindparam("now"), attempts=_O.attempts - 1)
)
_DELIVERED = Statement(delete(schema.outbox).where(_O.id == bindparam("letter")))
_LATER = Statement(
    update(schema.outbox)
    .where(_O.id == bindparam("letter"))
    .values(due_at=bindparam("until"), last_error=bindparam("error"), failed_at=bindparam("failed"))
)
_OLD_COUNTS = Statement(delete(schema.write_counts).where(_W.hour < bindparam("before")))
_OLD_CODES = Statement(delete(schema.password_codes).where(_P.expires_at < bindparam("before")))
_OLD_STEPS = Statement(
    delete(sign_in_steps).where(sign_in_steps.c.expires_at < bindparam("before"))
)
_OLD_GRANTS = Statement(
    delete(refresh_tokens).where(refresh_tokens.c.expires_at < bindparam("before"))
)

Note = Callable[[BaseException], None]


class Chore:
    """What is done again and again: at the start, then once in every span of that length."""

    def __init__(self, every: Instant, work: Callable[[], Awaitable[Any]]) -> None:
        """`every` is in microseconds."""
        self.every = every
        self.work = work
        self._done = -1

    async def do(self, now: Instant) -> None:
        """Do it, if it was not tried yet in this span."""
        if now // self.every != self._done:
            self._done = now // self.every
            await self.work()


class Worker:
    """Delivers, and does its chores, until it is stopped."""

    def __init__(
        self, database: Database, keyring: Keyring, sender: mail.Sender, public_url: str, note: Note
    ) -> None:
        """`note` hears of what went wrong."""
        self._database = database
        self._keyring = keyring
        self._sender = sender
        self._public_url = public_url
        self._note = note
        self.chores = [Chore(HOUR, self._keep_house)]
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
        database.committed.append(self._wake.set)

    def start(self) -> None:
        """Begin, in the running event loop."""
        self._tasks = {asyncio.create_task(self.run()), asyncio.create_task(self.do_chores())}

    async def stop(self) -> None:
        """End after what is under way; a letter that takes too long comes back later."""
        if not self._tasks:
            return
        self._stopping.set()
        self._wake.set()
        _, unfinished = await asyncio.wait(self._tasks, timeout=GRACE_SECONDS)
        for task in unfinished:
            task.cancel()

    def publish(self, schedule: publishing.Schedule) -> None:
        """Make it a chore to publish checkpoints."""
        work = partial(publishing.publish_due, self._database, self._keyring, schedule)
        self.chores.append(Chore(schedule.pause, work))

    async def do_chores(self) -> None:
        """Do whatever is due, then wait; beside the mail, because a chore may take long."""
        while not self._stopping.is_set():
            for chore in self.chores:
                try:
                    await chore.do(self._database.clock())
                except Exception as error:  # noqa: BLE001 - the others are not to suffer from it
                    self._note(error)
            await _wait(self._stopping)

    async def run(self) -> None:
        """Deliver what is due, then wait for more."""
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                busy = await self.deliver_due()
            except Exception as error:  # noqa: BLE001 - the worker outlives a database's restart
                self._note(error)
                busy = 0
            if not busy and not self._stopping.is_set():
                await _wait(self._wake)

    async def deliver_due(self) -> int:
        """Deliver one batch of what is due now; how many letters there were."""
        claimed_at, letters = await self._database.write(self._claim)
        for at, (letter_id, kind, payload, attempts) in enumerate(letters):
            if self._stopping.is_set() or self._database.clock() >= claimed_at + BEGUN_WITHIN:
                await self._database.write(partial(self._give_back, letters[at:], claimed_at))
                break
            await self._deliver(letter_id, kind, payload, attempts + 1)
        return len(letters)

    async def _claim(self, unit: Unit) -> tuple[Instant, list[tuple[Any, ...]]]:
        letters = await unit.all(_DUE, now=unit.now)
        until = unit.now + CLAIMED_FOR
        await unit.run_many(_CLAIM, [{"letter": row[0], "until": until} for row in letters])
        return unit.now, letters

    async def _give_back(
        self, letters: list[tuple[Any, ...]], claimed_at: Instant, unit: Unit
    ) -> None:
        """Let others have at once what was not tried, as far as nobody else has claimed it."""
        until = claimed_at + CLAIMED_FOR
        back = [{"letter": row[0], "until": until, "now": unit.now} for row in letters]
        await unit.run_many(_GIVE_BACK, back)

    async def _deliver(self, letter_id: str, kind: str, payload: str, attempts: int) -> None:
        try:
            await DELIVERIES[kind](self, msgspec.json.decode(payload))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is kept and tried again
            self._note(error)
            is_over = attempts >= MAX_ATTEMPTS and kind not in NEVER_GIVEN_UP
            is_final = isinstance(error, mail.Undeliverable) or is_over
            await self._put_back(letter_id, attempts, error, is_final=is_final)
            return

        async def work(unit: Unit) -> None:
            await unit.run(_DELIVERED, letter=letter_id)

        await self._database.write(work)

    async def _put_back(
        self, letter_id: str, attempts: int, error: Exception, *, is_final: bool
    ) -> None:
        async def work(unit: Unit) -> None:
            await unit.run(
                _LATER,
                letter=letter_id,
                # 1, 2, 4 … minutes, at most 12 hours.
                until=unit.now + min(MINUTE << min(attempts - 1, 10), 12 * HOUR),
                error=f"{type(error).__name__}: {error}"[:500],
                failed=unit.now if is_final else None,
            )

        await self._database.write(work)

    async def _keep_house(self) -> None:
        """Drop counts, codes, and what is left of signing in that nobody can use any more."""
        now = self._database.clock()

        async def work(unit: Unit) -> None:
            await unit.run(_OLD_COUNTS, before=now // HOUR - 24)
            await unit.run(_OLD_CODES, before=now - DAY)
            await unit.run(_OLD_STEPS, before=now)
            await unit.run(_OLD_GRANTS, before=now)

        await self._database.write(work)

    async def deliver_mail(
        self, payload: Any, attachments: tuple[mail.Attachment, ...] = ()
    ) -> None:
        """Render a mail, with the link whose code is derived only now, and send it."""
        facts = dict(payload["facts"], product_name=PRODUCT)
        if payload.get("code"):
            code = self._keyring.code_for(*payload["code"])
            page = payload.get("page", "password")
            facts["link"] = f"{self._public_url}/_tenantry/v1/{page}/{code}"
        letter = mail.render(payload["template"], payload["to"], **facts)
        await self._sender.send(replace(letter, attachments=attachments))

    async def deliver_checkpoint(self, payload: Any) -> None:
        """Keep a checkpoint in a file."""
        folder = Path(payload["folder"])
        await asyncio.to_thread(publishing.write_file, folder, payload["checkpoint"])


async def _wait(event: asyncio.Event) -> None:
    """Wait for it, but not for long."""
    # Not wait_for: until Python 3.12 it may swallow the cancellation that stops us.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(IDLE_SECONDS):
            await event.wait()


DELIVERIES: dict[str, Callable[[Worker, Any], Awaitable[None]]] = {
    "checkpoint": Worker.deliver_checkpoint,
    "mail": Worker.deliver_mail,
}
"""How each kind of letter is delivered."""
NEVER_GIVEN_UP = set[str]()
"""The kinds that are tried twice a day until it is done: what is owed to people."""
