"""Posting by several processes, some killed: everything is there once, and nothing twice."""

import asyncio
import os
import random
import secrets
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tenantry.areas.operator.founding import create_operator_key
from tenantry.areas.pricing.months import Month
from tenantry.core import chain
from tenantry.core.clock import system_clock
from tenantry.core.database import Database, open_database
from tests.infrastructure.server import serving
from tests.live.billing_world import THIS_MONTH, day, found, grant, meter, read
from tests.world import World, settings

pytestmark = pytest.mark.live

MANY = 300
MONTHS = 3
KILLS = 4
INGESTING = 4
RACING = 60
"""Customers whose usage comes in while their month is posted."""
PER_UNIT = {"product_id": "cdn_usage", "metric": "requests", "model": "per_unit"}
PLAN = {"plan_code": "dollar", "commit": "0", "charges": [PER_UNIT | {"unit_price": "1"}]}
"""One unit, which is ten thousand requests, costs one dollar."""


@contextmanager
def command(url: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`tenantry post-invoices`, in a process of its own."""
    inherited = {name: value for name, value in os.environ.items() if "TENANTRY" not in name}
    started = subprocess.Popen(
        [sys.executable, "-m", "tenantry", "post-invoices", "--database", url, *arguments],
        env=inherited | {"TENANTRY_SECRET_KEY": settings(url).secret_key},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield started
    finally:
        started.kill()
        started.communicate()


async def _look(url: str, *tables: str) -> list[list[dict[str, Any]]]:
    database: Database = open_database(url, system_clock)
    await database.start()
    try:
        return [await read(database, table) for table in tables]
    finally:
        await database.stop()


async def test_what_was_killed_goes_on_where_it_was(
    world: World, database_url: str, tmp_path: Path
) -> None:
    """Four postings are killed, each a little later than the one before, and a fifth ends it."""
    del tmp_path
    names = [f"{number:03d}" for number in range(MANY)]
    ids = await found(world, names, MONTHS, **PLAN)
    await meter(world, ids, [THIS_MONTH.plus(-MONTHS), THIS_MONTH.plus(-1)])
    for customer_id in ids:
        await grant(world, customer_id, code="HALF", kind="percent", value="50", periods_left=1)
    killed = 0
    for attempt in range(KILLS):
        posted = len((await _look(database_url, "postings"))[0])
        with command(database_url) as running:
            while running.poll() is None:
                if len((await _look(database_url, "postings"))[0]) > posted + 40 * attempt:
                    break
                await asyncio.sleep(0.01)
            killed += running.poll() is None
    assert killed
    with command(database_url) as running:
        told, _ = running.communicate(timeout=120)
    assert told.startswith("posted "), told
    rows = await _look(
        database_url, "postings", "invoices", "coupons", "coupon_uses", "usage_changes"
    )
    await _check(world, ids, rows)


async def _check(world: World, ids: list[str], rows: list[list[dict[str, Any]]]) -> None:
    posted, invoiced, coupons, uses, changes = rows
    due = [THIS_MONTH.plus(-back).number for back in (3, 2, 1)]
    assert Counter((row["customer_id"], row["month"]) for row in posted) == Counter(
        (customer_id, month) for customer_id in ids for month in due
    )
    # The month in the middle had nothing in it.
    assert sorted((row["customer_id"], row["month"]) for row in invoiced) == sorted(
        (customer_id, month) for customer_id in ids for month in (due[0], due[2])
    )
    numbers = sorted(row["id"] for row in invoiced)
    assert numbers == list(range(numbers[0], numbers[0] + 2 * MANY))
    totals = Counter((row["month"], row["total"]) for row in invoiced)
    assert totals == {(due[0], "0.50"): MANY, (due[2], "1.00"): MANY}
    assert {row["periods_left"] for row in coupons} == {0}
    assert Counter((row["customer_id"], row["amount"]) for row in uses) == Counter(
        (customer_id, "0.50") for customer_id in ids
    )
    assert all(row["changes"] == row["invoiced"] for row in changes)
    for customer_id in ids[:: MANY // 10]:
        assert (await chain.verify(world.app.database, customer_id)).problem is None


async def test_every_event_is_billed_once_whoever_comes_first(
    world: World, database_url: str, tmp_path: Path
) -> None:
    """Four processes take usage in for a month while a fifth posts it; so for three months.

    Each event is worth a dollar, so the sum of all invoices tells whether one is missing, or there
    twice (contract: billing R24). A customer's month gets but few events, so that one which was
    overlooked is not found by the next. The fourth month takes up what came after the third's.
    """
    ids = await found(world, [f"{number:02d}" for number in range(RACING)], 4, **PLAN)
    key = await create_operator_key(world.app.database, world.app.keyring)
    accepted: list[int] = []
    with (
        serving(database_url, tmp_path, workers=INGESTING + 1, work="false") as server,
        ThreadPoolExecutor(INGESTING) as pool,
    ):
        for back in (4, 3, 2):
            month, before = THIS_MONTH.plus(-back), len(accepted)
            meters = [
                pool.submit(_ingest, (server.url, key), ids, month, accepted)
                for _ in range(INGESTING)
            ]
            while len(accepted) < before + INGESTING * RACING // 2:
                assert not any(one.done() and one.exception() for one in meters)
                await asyncio.sleep(0.001)
            _post_now(server.url, key, month)
            for one in meters:
                one.result()
        _post_now(server.url, key, THIS_MONTH.plus(-1))
    invoiced, lines, changes = await _look(
        database_url, "invoices", "invoice_lines", "usage_changes"
    )
    assert sum(Decimal(row["total"]) for row in invoiced) == sum(accepted)
    assert sum(accepted) == 3 * INGESTING * RACING
    assert all(row["changes"] == row["invoiced"] for row in changes)
    # The race was one: some of it came before its month was posted, and some after.
    kinds = {'"kind":"usage"', '"kind":"adjustment"'}
    assert {kind for row in lines for kind in kinds if kind in row["body"]} == kinds
    numbers = sorted(row["id"] for row in invoiced)
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def _post_now(url: str, key: str, month: Month) -> None:
    path = f"{url}/_operator/v1/periods/{month.text}/post"
    answer = httpx.post(path, headers={"Fastly-Key": key}, timeout=60)
    assert answer.status_code == 200, answer.text


def _ingest(server: tuple[str, str], ids: list[str], month: Month, accepted: list[int]) -> None:
    """Send an event of every customer, and each again with the next."""
    url, key = server
    meter, sent = secrets.token_hex(4), list[dict[str, str]]()
    with httpx.Client(base_url=url, headers={"Fastly-Key": key}, timeout=60) as client:
        for customer_id in random.sample(ids, len(ids)):
            event = {
                "source": "edge",
                "id": f"{meter}/{customer_id}/{month.text}",
                "customer_id": customer_id,
                "product_id": "cdn_usage",
                "metric": "requests",
                "region": "usa",
                "quantity": "10000",
                "timestamp": day(month),
            }
            sent = [event, *sent[:1]]
            answer = client.post("/_operator/v1/usage-events", json={"events": sent})
            assert answer.status_code == 200, answer.text
            told = [one["status"] for one in answer.json()["results"]]
            assert told in (["accepted"], ["accepted", "duplicate"])
            accepted.append(1)
