"""Checking logs: against their chains, the history of rows, and whatever was signed of them."""

import gc
import multiprocessing
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from operator import itemgetter
from typing import Any

import msgspec
from sqlalchemy import func, select

from tenantry.areas.audit import retention
from tenantry.core import chain, checkpoints, schema, signing, verify_audit
from tenantry.core.checkpoints import Checkpoint
from tenantry.core.database import Database
from tenantry.core.errors import bad_request, not_found
from tenantry.core.secrets import Keyring
from tenantry.core.shares import MANY, Shares
from tenantry.core.statements import Statement
from tenantry.core.verify_audit import Found, Wrong

_LONGEST = Statement(select(func.max(schema.chains.c.sequence)))


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be checked, and against what."""

    customer_id: str | None = None
    head: str | None = None
    """The hash of an event that was noted elsewhere."""
    checkpoints: Sequence[Checkpoint] = ()
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


def read(customer: str | None, checkpoint: Sequence[str], **more: Any) -> Asked:
    """What the command line says; checkpoints are read from their files.

    Raises ValueError, OSError.
    """
    noted = msgspec.convert(verify_audit.documents(list(checkpoint)), list[Checkpoint])
    return Asked(customer_id=customer, checkpoints=noted, **more)


async def verify(database: Database, keyring: Keyring, asked: Asked) -> Verdict:
    """Check one customer's log, or every log. Raises Problem 400, 404."""
    known = await chain.customers(database, asked.customer_id)
    if asked.customer_id is not None and not known:
        raise not_found("customer", asked.customer_id)
    keys = {key.key_id: key.public_key for key in await signing.public_keys(database, keyring)}
    longest = await database.one(_LONGEST)
    if asked.jobs == 1 or not longest or (longest[0] or 0) < MANY:
        return await _verify_all(database, known, asked, keys, chain.follow)
    context = multiprocessing.get_context("spawn")
    # Nothing there ends in a circle, and looking for one takes a tenth of the time.
    with ProcessPoolExecutor(asked.jobs, context, gc.disable) as pool:
        follow = Shares(asked.url, pool, asked.jobs).follow
        return await _verify_all(database, known, asked, keys, follow)


async def _verify_all(
    database: Database,
    known: Sequence[str],
    asked: Asked,
    keys: Mapping[str, str],
    follow: chain.Follow,
) -> Verdict:
    lines, is_whole, heads = [], True, set[bytes]()
    for customer_id in known:
        signed = await _signed(database, customer_id, asked)
        wanted = frozenset[int | bytes](one.sequence for one in signed) | asked.noted
        checked = await _checked(database, customer_id, wanted, follow)
        problem = checked.problem
        if checked.found is not None:
            heads.update(checked.found.wanted.values())
            problem = _against(signed, checked.found, keys)
        whole = f"{checked.events} events  whole"
        lines.append(f"{customer_id}  {problem or whole}")
        is_whole = is_whole and problem is None
    lost = _lost(known, asked, heads)
    return lines + lost, is_whole and not lost


async def _checked(
    database: Database, customer_id: str, wanted: frozenset[int | bytes], follow: chain.Follow
) -> chain.Checked:
    """Follow what is left of a log, from where the newest archive ends."""
    try:
        begins = await retention.begins(database, customer_id)
    except Wrong as problem:
        return chain.Checked(0, str(problem))
    return await chain.verify(database, customer_id, begins, wanted, follow)


async def _signed(database: Database, customer_id: str, asked: Asked) -> list[Checkpoint]:
    """Everything that was signed of a log, oldest first: what we keep, and what was handed in."""
    signed = [one for one in asked.checkpoints if one.customer_id == customer_id]
    after = 0
    while kept := await checkpoints.kept(database, customer_id, after):
        signed += kept
        after = kept[-1].sequence
    return sorted(signed, key=lambda one: one.sequence)


def _against(signed: Sequence[Checkpoint], found: Found, keys: Mapping[str, str]) -> str | None:
    """What of that does not hold; None if all does."""
    for one in signed:
        if one.key_id not in keys or not signing.is_signed(one, keys[one.key_id]):
            return f"the checkpoint at event {one.sequence} is not signed by a key of ours"
        try:
            verify_audit.check_checkpoint(msgspec.to_builtins(one), found)
        except Wrong as problem:
            return str(problem)
    return None


def _lost(known: Sequence[str], asked: Asked, heads: set[bytes]) -> list[str]:
    """What was noted elsewhere, and is nowhere."""
    unknown = {one.customer_id for one in asked.checkpoints} - set(known)
    lost = [f"{one}  there is no such log, but a checkpoint of it" for one in sorted(unknown)]
    if asked.head and not asked.noted & heads:
        lost.append(f"no event has the hash {asked.head}: it was rewritten, or cut off")
    return lost


def verify_files(paths: Sequence[str], asked: Asked) -> Verdict:
    """Check exports that follow each other, with no database: the signatures are left unchecked.

    Raises Problem 400, OSError.
    """
    signed = sorted(map(msgspec.to_builtins, asked.checkpoints), key=itemgetter("sequence"))
    lines = verify_audit.read_all(list(paths), asked.customer_id or "")
    try:
        said = verify_audit.check(lines, signed, {}, asked.noted, asked.jobs)
    except Wrong as problem:
        return [str(problem)], False
    return said, True
