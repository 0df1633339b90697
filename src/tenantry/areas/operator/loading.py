"""Loading a scenario: what lacks is created, what stands is left.

Everything is checked before the first write, so that a bad file changes nothing at all. A customer
is written in units of at most a few hundred rows, so that a server that runs meanwhile goes on
answering; what was cut off halfway is completed by loading again.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec

from tenantry.areas.invitations.model import PURPOSE
from tenantry.areas.operator.founding import create_operator_key
from tenantry.areas.operator.plan import Due, Plan
from tenantry.areas.operator.planning import plan_all, plan_keys
from tenantry.areas.operator.planning_prices import Offer, plan_prices, write_document
from tenantry.areas.operator.scenario_parts import BadScenario
from tenantry.areas.operator.scenario_shape import OperatorKey, Scenario
from tenantry.areas.operator.shelves import Kind
from tenantry.areas.operator.writing import write
from tenantry.areas.usage import parts
from tenantry.core.context import system_call
from tenantry.core.database import Database
from tenantry.core.errors import Problem
from tenantry.core.secrets import Keyring, hash_password
from tenantry.core.session import UniqueViolation
from tenantry.core.unit import Unit

ROWS_OF_A_UNIT = 200

Progress = Callable[[int, int], None]
"""Hears how many rows are written, of how many."""


class Issued(msgspec.Struct, frozen=True):
    """A secret that the file does not say; told this once.

    A token's own, or the code by which an invitation is accepted: for want of a mail.
    """

    place: str
    name: str
    secret: str


class Loaded(msgspec.Struct, frozen=True):
    """What loading did, in rows of each kind."""

    created: Mapping[Kind, int]
    unchanged: Mapping[Kind, int]
    skipped: Mapping[Kind, int]
    notes: list[str]
    """Where the file says something else than what stands, by the place in the file."""
    issued: list[Issued]

    def __str__(self) -> str:
        """Lines to show: what was created, then the notes, then the new secrets."""
        counts = [_counted(kind, count) for kind, count in self.created.items()]
        told = f"created {', '.join(counts)}" if counts else "nothing to create"
        unchanged, skipped = sum(self.unchanged.values()), sum(self.skipped.values())
        told += f"; {unchanged} unchanged" if unchanged else ""
        told += f"; {skipped} left out" if skipped else ""
        secrets = [f"  {one.place} {one.name!r}: {one.secret}" for one in self.issued]
        return "\n".join([told, *(f"  {note}" for note in self.notes), *secrets])


def _counted(kind: Kind, count: int) -> str:
    return f"{count} {kind}" if count == 1 else f"{count} {kind}{'es' if kind[-1] == 's' else 's'}"


def _unheard(done: int, total: int) -> None:
    """For who does not want to know."""


class _Written:
    """What was committed, however often it was planned."""

    def __init__(self, keyring: Keyring) -> None:
        self.created: Counter[Kind] = Counter()
        self.issued: list[Issued] = []
        self.keyring = keyring

    def add(self, rows: Iterable[Due]) -> None:
        """Take in a unit that was committed."""
        for due in rows:
            self.created[due.kind] += due.count
            if due.kind == "invitation":
                code = self.keyring.code_for(PURPOSE, due.id)
                self.issued.append(Issued(due.place, due.given.email, code))
            elif due.secret is not None and due.given.access_token is None:
                self.issued.append(Issued(due.place, due.given.name, due.secret))

    def beside(self, problem: BadScenario) -> BadScenario:
        """The problem with what was written before it: nobody else can tell its secrets."""
        told = Loaded(self.created, {}, {}, [], self.issued)
        return BadScenario(problem.place, f"{problem.why}; until then: {told}")


async def load(
    database: Database, keyring: Keyring, scenario: Scenario, progress: Progress = _unheard
) -> Loaded:
    """Create what a scenario lists and the database lacks.

    Raises BadScenario: before the first write, unless somebody else writes meanwhile.
    """
    written, failed = _Written(keyring), set[str]()
    while True:
        try:
            return await _load(database, scenario, progress, written)
        except BadScenario as problem:
            # Who loads the same at once may have been first: then it stands, when it is planned
            # again. What is wrong with the file is so twice, in whatever words.
            if problem.place in failed:
                if written.created:
                    raise written.beside(problem) from problem
                raise
            failed.add(problem.place)


async def _load(
    database: Database, scenario: Scenario, progress: Progress, written: _Written
) -> Loaded:
    keyring, earlier = written.keyring, Counter(written.created)
    offer = await plan_prices(database, scenario)
    plans = await plan_all(database, keyring, scenario, offer)
    keys = await plan_keys(database, keyring, scenario)
    total = len(offer.due) + sum(len(plan.due) for plan in plans) + len(keys)
    await parts.make(database, offer.months)
    await _write_prices(database, keyring, offer)
    written.created.update(due.kind for due in offer.due)
    done = len(offer.due)
    for plan in plans:
        for rows in _units(plan.due):
            await _write(database, keyring, plan, rows)
            written.add(rows)
            done += len(rows)
            progress(done, total)
    for place, key in keys:
        await _write_key(database, keyring, place, key)
        written.created["operator key"] += 1
        done += 1
        progress(done, total)
    keys_standing = len(scenario.operator_keys) - len(keys)
    return _told(offer, plans, keys_standing, written, earlier)


def _told(
    offer: Offer,
    plans: Sequence[Plan],
    keys_standing: int,
    written: _Written,
    earlier: Counter[Kind],
) -> Loaded:
    unchanged = Counter(offer.unchanged)
    unchanged["operator key"] = keys_standing
    skipped: Counter[Kind] = Counter()
    for plan in plans:
        unchanged.update(plan.unchanged)
        skipped.update(plan.skipped)
    notes = [*offer.notes, *(note for plan in plans for note in plan.notes)]
    # What was written before it was planned again stands by now, and is created all the same.
    return Loaded(written.created, unchanged - earlier, skipped, notes, written.issued)


def _units(due: Sequence[Due]) -> Iterator[list[Due]]:
    """What is written together."""
    unit, rows = list[Due](), 0
    for one in due:
        if unit and rows + one.count > ROWS_OF_A_UNIT:
            yield unit
            unit, rows = [], 0
        unit.append(one)
        rows += one.count
    if unit:
        yield unit


async def _write_prices(database: Database, keyring: Keyring, offer: Offer) -> None:
    async def work(unit: Unit) -> None:
        for due in offer.due:
            try:
                await write_document(system_call(unit, keyring, ""), due)
            except Problem as problem:
                raise BadScenario(due.place, problem.detail or problem.title) from problem

    if offer.due:
        await database.write(work)


async def _write(database: Database, keyring: Keyring, plan: Plan, rows: Sequence[Due]) -> None:
    hashes = await _hashed(rows)

    async def work(unit: Unit) -> None:
        call = system_call(unit, keyring, plan.customer_id)
        for due in rows:
            try:
                await write(call, due, hashes.get(due.id))
            except Problem as problem:
                raise BadScenario(due.place, problem.detail or problem.title) from problem
            except UniqueViolation as problem:
                raise BadScenario(due.place, "somebody else made it meanwhile") from problem

    await database.write(work, customer_id=plan.customer_id)


async def _write_key(database: Database, keyring: Keyring, place: str, key: OperatorKey) -> None:
    try:
        await create_operator_key(database, keyring, key.name, key.key)
    except UniqueViolation as problem:
        raise BadScenario(place, "somebody else made it meanwhile") from problem


async def _hashed(rows: Sequence[Due]) -> dict[str, str]:
    """The passwords, made before the unit of work: each takes about 50 ms."""
    users = [due for due in rows if due.kind == "user" and due.given.password is not None]
    hashes = await asyncio.gather(*(hash_password(due.given.password) for due in users))
    return {due.id: hashed for due, hashed in zip(users, hashes, strict=True)}
