"""The running month of a customer with many services: what reading it costs as it is asked for."""

import asyncio
from collections.abc import Iterator
from functools import partial
from typing import Any

import msgspec
import uvloop

from bench.access_asking import Asking, asking, seconds
from bench.databases import Kind
from bench.machine import beside
from bench.plan import Run
from bench.report import Result, within
from bench.server import SECRET_KEY
from tenantry.areas.operator.founding import (
    Founded,
    begin,
    create_operator_key,
    found_customer,
    new_password,
)
from tenantry.areas.pricing.regions import REGIONS
from tenantry.core.clock import SECOND, shown, system_clock
from tenantry.core.database import open_database
from tenantry.core.secrets import parse_key
from tenantry.migrations import migrate

LIMIT_MICROSECONDS = 50_000
SERVICES = 1_000
_OPERATOR = "bench-operator-key-0000000000000"
_TOGETHER = 1_000
"""Events that are taken in at once."""
_OFTEN = 50
_MTD = "/billing/v3/invoices/month-to-date"
_METRICS = (("cdn_usage", "bandwidth"), ("cdn_usage", "requests"))


def _charge(product_id: str, metric: str) -> dict[str, Any]:
    tiers = [{"up_to": "100", "unit_price": "0.12"}, {"up_to": None, "unit_price": "0.08"}]
    return {"product_id": product_id, "metric": metric, "model": "graduated", "tiers": tiers}


PLAN = {"name": "Bench", "commit": "2000", "charges": [_charge(*one) for one in _METRICS]}


def measure(plan: Run, kind: Kind) -> None:
    """Ask for it, on one database, of a customer all of whose services were used in all regions."""
    with plan.databases.empty(kind) as url:
        print(f"filling {kind} with {SERVICES:,} services that were used …", flush=True)
        founded = asyncio.run(_found(url))
        with beside("server"):
            result = uvloop.run(_measure(plan, url, founded))
    plan.add(msgspec.structs.replace(result, name=f"{result.name}, {kind}"))


async def _found(url: str) -> Founded:
    await migrate(url)
    keyring = parse_key(SECRET_KEY)
    database = open_database(url, system_clock)
    await database.start()
    await begin(database, keyring)
    await create_operator_key(database, keyring, key=_OPERATOR)
    founded = await found_customer(
        database, keyring, name="Bench", login="bench@example.com", password=new_password()
    )
    await database.stop()
    return founded


async def _measure(plan: Run, url: str, founded: Founded) -> Result:
    async with asking(url) as ours:
        await _use(ours, founded)
        ask = partial(ours.ask, founded.token, _MTD)
        lines = len(msgspec.json.decode(await ask())["transaction_line_items"])
        taken = [min(await seconds(ask, _OFTEN)) * 1e6 for _ in range(plan.sizes.rounds)]
    name = f"GET {_MTD} of {SERVICES:,} services, {lines} lines"
    return within(name, taken, limit=LIMIT_MICROSECONDS, unit="µs")


async def _use(ours: Asking, founded: Founded) -> None:
    """Agree on a plan, make the services, and let each be used in every way."""
    operate = partial(ours.ask, _OPERATOR)
    await operate("/_operator/v1/plans/bench", method="PUT", body=msgspec.json.encode(PLAN))
    path = f"/_operator/v1/customers/{founded.customer_id}/plan"
    await operate(path, method="PUT", body=b'{"plan_code":"bench"}')
    for events in _batches(founded.customer_id, await _services(ours, founded)):
        body = msgspec.json.encode({"events": events})
        told = await operate("/_operator/v1/usage-events", method="POST", body=body)
        assert told.count(b"accepted") == len(events), told[:300]  # noqa: S101 - else nothing was measured


async def _services(ours: Asking, founded: Founded) -> list[str]:
    made = []
    for number in range(SERVICES):
        body = msgspec.json.encode({"name": f"service {number}"})
        answer = await ours.ask(founded.token, "/service", method="POST", body=body)
        made.append(msgspec.json.decode(answer)["id"])
    return made


def _batches(customer_id: str, services: list[str]) -> Iterator[list[dict[str, Any]]]:
    at = shown(system_clock() + SECOND)
    events = [
        {
            "source": "bench",
            "id": f"{service_id}/{metric}/{region}",
            "customer_id": customer_id,
            "service_id": service_id,
            "product_id": product_id,
            "metric": metric,
            "region": region,
            "quantity": "123456789.5",
            "timestamp": at,
        }
        for service_id in services
        for product_id, metric in _METRICS
        for region in REGIONS
    ]
    for begins in range(0, len(events), _TOGETHER):
        yield events[begins : begins + _TOGETHER]
