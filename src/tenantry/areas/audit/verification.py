"""Checking logs: against their chains, the history of rows, and whatever was signed of them."""

import asyncio
import gc
import multiprocessing
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from sqlalchemy import func, select

from tenantry.areas.audit import archive_checks, beginning, cuts
from tenantry.areas.audit.taken import untaken
from tenantry.core import chain, checkpoints, schema, signing, verify_audit
from tenantry.core.checkpoints import Checkpoint
from tenantry.core.database import Database
from tenantry.core.errors import bad_request, not_found
from tenantry.core.kept_events import Kept
from tenantry.core.secrets import Keyring
from tenantry.core.shares import MANY, Shares
from tenantry.core.signing import PublicKey
from tenantry.core.statements import Statement
from tenantry.core.verify_audit import Found, Wrong

T = TypeVar("T")

UNREADABLE = (KeyError, TypeError, ValueError)
"""What comes of rows that nothing of ours has written."""
LOOKS = 10
"""How often one log is looked at, if it is archived or erased from at each look."""
_LONGEST = Statement(select(func.max(schema.chains.c.sequence)))


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be checked, and against what."""

    customer_id: str | None = None
    head: str | None = None
    """The hash of an event that was noted elsewhere."""
    checkpoints: Sequence[Checkpoint] = ()
    keys: Sequence[PublicKey] = ()
    """Those that were kept elsewhere."""
    jobs: int = 1
    """Processes; more than one need the database's URL."""
    url: str = ""

    @property
    def noted(self) -> frozenset[bytes]:
        """The hash that was noted. Raises Problem 400."""
        try:
            return frozenset({bytes.fromhex(self.head)} if self.head else ())
        except ValueError as problem:
            raise bad_request("a head has 64 hexadecimal digits") from problem


Verdict = tuple[list[str], bool]
"""What to say, a line a log, and whether all is whole."""


def read(
    customer: str | None,
    checkpoint: Sequence[str],
    keys: Sequence[str] = (),
    folder: str = "",
    **more: Any,
) -> Asked:
    """What the command line says; checkpoints and keys are read from their files.

    `folder` is where checkpoints are published: what was kept there counts too. Raises ValueError,
    OSError.
    """
    files = [*checkpoint, *(map(str, sorted(Path(folder).glob("*.json"))) if folder else ())]
    noted = msgspec.convert(verify_audit.documents(files), list[Checkpoint])
    return Asked(
        customer_id=customer,
        checkpoints=[one for one in noted if customer in {None, one.customer_id}],
        keys=msgspec.convert(verify_audit.documents(list(keys)), list[PublicKey]),
        **more,
    )


async def verify(database: Database, keyring: Keyring, asked: Asked) -> Verdict:
    """Check one customer's log, or every log. Raises Problem 400, 404."""
    known = await chain.customers(database, asked.customer_id)
    if asked.customer_id is not None and not known:
        raise not_found("customer", asked.customer_id)
    longest = await database.one(_LONGEST)
    by = await _signers(database, keyring, asked)
    if asked.jobs == 1 or not longest or (longest[0] or 0) < MANY:
        return await _verify_all(database, known, asked, by)
    context = multiprocessing.get_context("spawn")
    # Nothing there ends in a circle, and looking for one takes a tenth of the time.
    with ProcessPoolExecutor(asked.jobs, context, gc.disable) as pool:
        by.follow = Shares(asked.url, pool, asked.jobs).follow
        return await _verify_all(database, known, asked, by)


class _By(msgspec.Struct):
    """By whom checkpoints may be signed, and how logs are followed."""

    keys: Mapping[str, str]
    """In PEM, by their ids."""
    strange: frozenset[str]
    """Ids of keys that nothing but the database vouches for."""
    follow: chain.Follow = chain.follow


async def _signers(database: Database, keyring: Keyring, asked: Asked) -> _By:
    published = await signing.public_keys(database, keyring)
    trusted = signing.trusted(keyring, published, asked.keys)
    if asked.keys:
        return _By(trusted, frozenset())
    keys = dict(trusted)
    for one in published:
        # What can't be read was written by somebody else, and has signed nothing.
        with suppress(ValueError):
            keys[signing.id_of(one.public_key)] = one.public_key
    return _By(keys, frozenset(keys.keys() - trusted.keys()))


async def _verify_all(database: Database, known: Sequence[str], asked: Asked, by: _By) -> Verdict:
    lines, is_whole, heads, strange = [], True, set[bytes](), set[str]()
    for customer_id in known:
        found = set[bytes]()
        look = partial(_look, database, customer_id, asked, by, found)
        try:
            said, signers = await _undisturbed(database, customer_id, look)
        except Wrong as problem:
            lines.append(f"{customer_id}  {problem}")
            is_whole = False
        else:
            lines += said
            strange |= by.strange & signers
        heads |= found
    named = "NOT of this secret, compare it with what you kept: key"
    lines += [f"{named} {one}" for one in sorted(strange)]
    lost = _lost(known, asked, heads)
    return lines + lost, is_whole and not lost


async def _look(
    database: Database, customer_id: str, asked: Asked, by: _By, found: set[bytes]
) -> tuple[list[str], set[str]]:
    """What to say of a log, and whose keys signed it. Raises Wrong.

    `found` holds what was noted and is there, also if something else is wrong; what an earlier look
    saw may be gone.
    """
    found.clear()
    signed = await _signed(database, customer_id, asked)
    kept = await _followed(database, customer_id, signed, asked, by)
    found.update(kept.found.wanted.values())
    _check(signed, kept, by)
    said, old = await archive_checks.check(database, customer_id, kept, asked.noted, signed)
    found.update(old)
    whole = f"{customer_id}  {_count(kept)} events  whole"
    return [whole, *said], {one.key_id for one in signed}


async def _undisturbed(database: Database, customer_id: str, look: Callable[[], Awaitable[T]]) -> T:
    """What is found of a log from which nothing is archived or erased meanwhile. Raises Wrong.

    What was read before and after that does not agree, and is no finding: it is looked at anew.
    """
    why = ""
    for _ in range(LOOKS):
        seen = await cuts.newest(database, customer_id)
        try:
            return await look()
        except (Wrong, *UNREADABLE) as problem:
            why = str(problem) if isinstance(problem, Wrong) else f"can't be read: {problem!r}"
            if not await cuts.is_cut_since(database, customer_id, seen):
                raise Wrong(why) from problem
    # Who has the database could go on putting such events in for ever.
    raise Wrong(f"{why} (it was archived or erased from during each of {LOOKS} looks)")


async def refuse(database: Database, keyring: Keyring, customer_id: str) -> None:
    """Raises Wrong if a log or what its archives left is not whole."""
    await _undisturbed(database, customer_id, partial(_refuse, database, keyring, customer_id))


async def _refuse(database: Database, keyring: Keyring, customer_id: str) -> None:
    asked = Asked(customer_id=customer_id)
    by = await _signers(database, keyring, asked)
    signed = await _signed(database, customer_id, asked)
    kept = await _followed(database, customer_id, signed, asked, by)
    # Of years there may be thousands of signatures, and a server has others to answer.
    await asyncio.to_thread(_check, signed, kept, by)
    await archive_checks.check_records(database, customer_id, kept)


async def _followed(
    database: Database, customer_id: str, signed: Sequence[Checkpoint], asked: Asked, by: _By
) -> Kept:
    """Follow what is left of a log, from where the newest archive ends. Raises Wrong."""
    wanted = frozenset[int | bytes](one.sequence for one in signed) | asked.noted
    begins = await beginning.begins(database, customer_id)
    checked = await chain.verify(database, customer_id, begins, wanted, by.follow)
    if checked.kept is None:
        raise Wrong(checked.problem)
    return checked.kept


def _check(signed: Sequence[Checkpoint], kept: Kept, by: _By) -> None:
    """Hold what was followed against what was signed and erased. Raises Wrong."""
    _check_signed(signed, kept.found, by.keys)
    _check_bare(kept)


def _count(kept: Kept) -> int:
    return kept.found.last.sequence - kept.found.first + 1 if kept.found.first else 0


def _check_bare(kept: Kept) -> None:
    """Personal values are only taken away by erasures, which say which. Raises Wrong."""
    for number, place in untaken(kept.bare, kept.told):
        raise Wrong(f"event {number} lacks {place}, and no erasure took that")


async def _signed(database: Database, customer_id: str, asked: Asked) -> list[Checkpoint]:
    """Everything that was signed of a log, oldest first: what we keep, and what was handed in."""
    signed = [one for one in asked.checkpoints if one.customer_id == customer_id]
    after = 0
    while kept := await checkpoints.kept(database, customer_id, after):
        signed += kept
        after = kept[-1].sequence
    return sorted(signed, key=lambda one: one.sequence)


def _check_signed(signed: Sequence[Checkpoint], found: Found, keys: Mapping[str, str]) -> None:
    """Hold a log against everything that was signed of it. Raises Wrong."""
    for one in signed:
        _who_signed(keys, msgspec.to_builtins(one))
        verify_audit.check_checkpoint(msgspec.to_builtins(one), found)


def _who_signed(keys: Mapping[str, str], checkpoint: Mapping[str, Any]) -> str:
    """What to say of a signature. Raises Wrong."""
    one = msgspec.convert(checkpoint, Checkpoint)
    if one.key_id not in keys or not signing.is_signed(one, keys[one.key_id]):
        raise Wrong(f"the checkpoint at event {one.sequence} is not signed by a key of ours")
    return f"signed by {one.key_id}"


def _lost(known: Sequence[str], asked: Asked, heads: set[bytes]) -> list[str]:
    """What was noted elsewhere, and is nowhere."""
    unknown = {one.customer_id for one in asked.checkpoints} - set(known)
    lost = [f"{one}  there is no such log, but a checkpoint of it" for one in sorted(unknown)]
    if asked.head and not asked.noted & heads:
        lost.append(f"no event has the hash {asked.head}: it was rewritten, or cut off")
    return lost


def verify_files(paths: Sequence[str], asked: Asked) -> Verdict:
    """Check exports that follow each other, with no database. Raises Problem 400, OSError.

    Without keys the signatures are left unchecked, and it is said how to check them.
    """
    signed = sorted(map(msgspec.to_builtins, asked.checkpoints), key=itemgetter("sequence"))
    lines = verify_audit.read_all(list(paths), asked.customer_id or "")
    try:
        keys = {signing.id_of(one.public_key): one.public_key for one in asked.keys}
        who = partial(_who_signed if keys else verify_audit.check_signature, keys)
        said = verify_audit.check(lines, signed, who, asked.noted, asked.jobs)
    except Wrong as problem:
        return [str(problem)], False
    return said, True
