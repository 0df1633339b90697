"""Access: what a decision costs, warm and after a change, and what questions about everybody do."""

import asyncio
import time
from functools import partial
from statistics import median

import msgspec
import uvloop

from bench.access_asking import Asking, Call, asking, seconds
from bench.access_fill import World, fill
from bench.databases import Kind
from bench.machine import beside
from bench.plan import Run
from bench.report import Result, within
from bench.server import SECRET_KEY
from tenantry.access import history
from tenantry.access.decide import decide
from tenantry.access.history import State
from tenantry.core.context import Principal
from tenantry.core.secrets import parse_key

CHECK = 1.10
FIRST_MILLISECONDS = 20
NEXT_MICROSECONDS = 100
HOLDERS_MILLISECONDS = 2000
LIST = 1.5
STATE_MILLISECONDS = 1000
_MANY, _FEW = 200, 5
"""How often in a round: what takes up to milliseconds, and what takes longer."""


def measure(plan: Run, kind: Kind) -> None:
    """Everything about access, on one database."""
    sizes = plan.sizes
    with plan.databases.empty(kind) as url:
        print(f"filling {kind} with {sizes.people:,} people …", flush=True)
        world = asyncio.run(fill(url, parse_key(SECRET_KEY), sizes.people, sizes.services))
        with beside("server"):
            uvloop.run(_measure(plan, kind, url, world))


async def _measure(plan: Run, kind: Kind, url: str, world: World) -> None:
    async with asking(url) as ours:
        for measured in (_checks, _decisions, _lists, _holders, _states):
            for result in await measured(ours, world, plan.sizes.rounds):
                plan.add(msgspec.structs.replace(result, name=f"{result.name}, {kind}"))


async def _checks(ours: Asking, world: World, rounds: int) -> list[Result]:
    """A request against the same without its decision."""
    crowd = world.crowd
    path = f"/service/{crowd.service_id}"
    results = []
    for who, key in (("a superuser", crowd.owner), ("who is in 50 groups", crowd.member)):
        principal = await ours.read(key)
        await ours.ask(key, path)
        taken = [await _microseconds(partial(ours.ask, key, path)) for _ in range(rounds)]
        asked = "service.read", crowd.service_id
        decided = [_decided(principal, *asked) * 1e6 for _ in taken]
        pairs = [(whole, whole - own) for whole, own in zip(taken, decided, strict=True)]
        name = f"GET /service/{{id}} by {who}, against it less its decision"
        results.append(_against(name, pairs, CHECK))
    return results


def _decided(principal: Principal, permission: str, service_id: str | None) -> float:
    """Seconds that a decision takes, once the rights have been worked out."""
    decide(principal.grants, permission, service_id)
    before = time.perf_counter()
    for _ in range(_MANY):
        decide(principal.grants, permission, service_id)
    return (time.perf_counter() - before) / _MANY


async def _decisions(ours: Asking, world: World, rounds: int) -> list[Result]:
    """What follows a change, for who is in 50 groups with 10 000 services."""
    crowd = world.crowd

    async def first() -> None:
        principal = await ours.read(crowd.member)
        decide(principal.grants, "service.read", crowd.service_id)

    principal = await ours.read(crowd.member)
    questions = (
        ("service.read", crowd.service_id),
        ("service.read", world.few.service_id),
        ("service.delete", None),
        ("user.update", None),
    )
    following = [
        max(_decided(principal, *question) for question in questions) * 1e6 for _ in range(rounds)
    ]
    of = "decision for who is in 50 groups with 10,000 services"
    return [
        await _long(f"first {of}", first, rounds, limit=FIRST_MILLISECONDS),
        within(f"next {of}, held or not", following, limit=NEXT_MICROSECONDS, unit="µs"),
    ]


async def _lists(ours: Asking, world: World, rounds: int) -> list[Result]:
    """Pages of services: of twenty visible ones among many and among few."""
    many, few = world.many, world.few
    pairs = []
    for _ in range(rounds + 1):
        ask_many, ask_few = (partial(ours.ask, one.limited, "/service") for one in (many, few))
        pairs.append((await _microseconds(ask_many), await _microseconds(ask_few)))
    name = (
        f"time of GET /service by who sees 20 of {many.services:,}, against 20 of {few.services:,}"
    )
    return [_against(name, pairs[1:], LIST)]


async def _holders(ours: Asking, world: World, rounds: int) -> list[Result]:
    """Who may purge a service: a page for which everybody is looked at."""
    crowd = world.crowd

    async def ask(permission: str, cursor: str = "") -> str:
        query = f"permission={permission}&service={crowd.service_id}&limit=1000&cursor={cursor}"
        body = await ours.ask(crowd.owner, "/_tenantry/v1/access/who", query)
        following: str = msgspec.json.decode(body)["meta"]["next_cursor"]
        return following

    async def page_by_page() -> None:
        cursor = await ask("service.read")
        while cursor:
            cursor = await ask("service.read", cursor)

    name = f"GET /_tenantry/v1/access/who, {crowd.people:,} users, one service"
    one_page = partial(ask, "service.purge_all")
    result = await _long(name, one_page, rounds, limit=HOLDERS_MILLISECONDS)
    whole = (
        f"all who may read it, 1,000 a page: {sum(await seconds(page_by_page, 1)) * 1e3:,.0f} ms"
    )
    return [msgspec.structs.replace(result, more=f"{result.more}; {whole}")]


async def _states(ours: Asking, world: World, rounds: int) -> list[Result]:
    """All that access in a customer depends on, and what would follow from a change to it."""
    crowd, database = world.crowd, ours.application.database

    async def load() -> State:
        return await history.load(database, crowd.customer_id, crowd.sequence, database.clock())

    body = msgspec.json.encode({"permissions": [{"id": crowd.permission_id}]})
    path = f"/roles/{crowd.role_id}/permissions"
    dry_run = partial(ours.ask, crowd.owner, path, "dry_run=true", method="DELETE", body=body)
    told = msgspec.json.decode(await dry_run())["changes"]
    calls: dict[str, Call] = {
        f"reading the state of {crowd.people:,} users": load,
        f"dry run of a change to a role of {len(told):,} of {crowd.people:,} users": dry_run,
    }
    return [
        await _long(name, call, rounds, limit=STATE_MILLISECONDS) for name, call in calls.items()
    ]


async def _microseconds(call: Call) -> float:
    """How long a short call takes."""
    return median(await seconds(call, _MANY)) * 1e6


async def _long(name: str, call: Call, rounds: int, *, limit: float) -> Result:
    """The fewest milliseconds of each round, and how many there were by core time.

    A call of many milliseconds is interrupted by whatever else the machine does: that only adds.
    """
    await call()
    before = time.process_time()
    taken = [min(await seconds(call, _FEW)) * 1e3 for _ in range(rounds)]
    by_core = (time.process_time() - before) / (rounds * _FEW) * 1e3
    result = within(name, taken, limit=limit, unit="ms")
    return msgspec.structs.replace(result, more=f"{by_core:,.1f} ms by core time")


def _against(name: str, pairs: list[tuple[float, float]], target: float) -> Result:
    """Microseconds against microseconds."""
    rounds = [ours / other for ours, other in pairs]
    return Result(
        name=name,
        ours=median(ours for ours, _ in pairs),
        against=median(other for _, other in pairs),
        unit="µs",
        target=target,
        goal="at most",
        rounds=rounds,
        ratio=median(rounds),
    )
