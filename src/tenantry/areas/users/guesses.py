"""Throttles guessing: failures are counted by what was guessed at and by where from.

Ten failures in any fifteen minutes are enough (contract: protocol §13.6).
"""

import asyncio
from collections.abc import Sequence
from weakref import WeakValueDictionary

from sqlalchemy import bindparam, delete, func, select

from tenantry.core import schema
from tenantry.core.addresses import origin_of
from tenantry.core.clock import MINUTE, SECOND
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import Problem
from tenantry.core.statements import Statement, is_one_of

MAX_GUESSES = 10
MEMORY = 15 * MINUTE // SECOND
"""Seconds for which a failure counts."""
MOST_LETTERS = 60
"""That a customer has sent to one address in that time: more than the tests of a program send."""
AT_ONCE = 4
"""Passwords from one place that are looked at at the same time, in a process."""
_FAILED = "Too many failed attempts, try again later"
_WRITTEN = "Too many letters to this address, try again later"

_G = schema.failed_guesses.c
_WORST = Statement(
    select(func.sum(_G.count))
    .where(is_one_of(_G.subject, "subjects"), _G.window > bindparam("since"))
    .group_by(_G.subject)
    .order_by(func.sum(_G.count).desc())
    .limit(1)
)
_COUNT = Statement(
    lambda insert: (
        insert(schema.failed_guesses)
        .values(subject=bindparam("subject"), window=bindparam("at"), count=1)
        .on_conflict_do_update(index_elements=["subject", "window"], set_={"count": _G.count + 1})
    )
)
_FORGET = Statement(delete(schema.failed_guesses).where(_G.window <= bindparam("since")))


def subjects(call: Reading, *names: str) -> list[str]:
    """What failures are counted by: `login:…`, `ip:…`.

    Digests: a list of logins that somebody tried is nobody's business, and it fits in JSON.
    """
    return [call.keyring.digest(name).hex()[:32] for name in names]


def of_login(call: Reading, login: str) -> list[str]:
    """What failures are counted by of who comes as somebody: his login key, and from where."""
    return subjects(call, f"login:{login}", f"ip:{origin(call)}")


def origin(call: Reading) -> str:
    """From where a guess comes: whoever has a line has all the addresses of that line."""
    return origin_of(call.ip)


_turns: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()


def turn(call: Reading) -> asyncio.Semaphore:
    """Where passwords from one place wait for each other.

    So that who sends a thousand at once holds up nobody elsewhere, and hears of the limit when the
    first of them are counted: each takes 50 ms.
    """
    return _turns.setdefault(origin(call), asyncio.Semaphore(AT_ONCE))


async def check(
    call: Reading, subjects: Sequence[str], *, most: int = MAX_GUESSES, title: str = _FAILED
) -> None:
    """Refuse another guess after too many. Raises Problem 429."""
    since = call.now // SECOND - MEMORY
    worst = await call.one(_WORST, subjects=list(subjects), since=since)
    if worst is not None and worst[0] >= most:
        raise Problem(429, title)


async def count(call: Writing, subjects: Sequence[str]) -> None:
    """Note a failure; it counts once the unit of work commits."""
    at = call.now // SECOND
    await call.run(_FORGET, since=at - MEMORY)
    await call.run_many(_COUNT, [{"subject": one, "at": at} for one in subjects])


async def count_letter(call: Writing, address: str) -> None:
    """Note a letter that is sent because somebody else wants it, by the key of its address.

    Nobody's mailbox is filled from here. Raises Problem 429 after sixty in fifteen minutes.
    """
    to_him = subjects(call, f"letter:{call.customer_id}:{address}")
    await check(call, to_him, most=MOST_LETTERS, title=_WRITTEN)
    await count(call, to_him)
