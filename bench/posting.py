"""How long posting a month takes: invoices of about ten lines, some adjusted, some with a coupon.

Each customer used the five things of the contract's worked example, has a coupon and an address
that is taxed, and of one in six something came late in the month before. Memory is read after each
commit: it has to stay where it was.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import psutil
from sqlalchemy import update

from bench.databases import Kind
from bench.fill import Row, Tables, store
from bench.plan import Run
from bench.report import within
from bench.server import SECRET_KEY
from tenantry.areas.customers.model import CustomerRow
from tenantry.areas.invoices.closing import Outcome, Wanted, close_months
from tenantry.areas.pricing.months import Month
from tenantry.areas.usage.sums import MILLION
from tenantry.core.billing_tables import usage_changes, usage_months
from tenantry.core.database import open_database
from tenantry.core.ids import new_id
from tenantry.core.secrets import parse_key
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit

LIMIT_SECONDS = 60.0
LIMIT_MEGABYTES = 50.0
"""By which memory may grow, caches of the database included, however many are posted."""
MAY, JUNE = Month(202405), Month(202406)
USED = (
    ("cdn_usage", "bandwidth", "usa", 12_345_678_901_234),
    ("cdn_usage", "requests", "usa", 123_456_789),
    ("cdn_usage", "bandwidth", "europe", 3_500_000_000),
    ("cdn_usage", "requests", "europe", 5_000),
    ("image_optimizer", "requests", "", 1_250_000),
)
LATE = 1_000
"""GB, of the customers whose id begins with a digit: one in six."""
_M, _U = usage_months.c, usage_changes.c
_USE_LATE = Statement(
    update(usage_months)
    .where(_M.month == MAY.number, _M.metric == "bandwidth", _M.customer_id < "A")
    .values(millions=_M.millions + LATE * 1_000)
)
_CHANGE = Statement(
    update(usage_changes)
    .where(_U.month == MAY.number, _U.customer_id < "A")
    .values(changes=_U.changes + 1)
)
_BATCH = 500


def _charge(product_id: str, metric: str, region: str, **more: Any) -> dict[str, Any]:
    return {"product_id": product_id, "metric": metric, "region": region, **more}


PLAN: dict[str, Any] = {
    "plan_code": "growth",
    "name": "Example Growth",
    "commit": "2000.00",
    "charges": [
        _charge(
            *("cdn_usage", "bandwidth", "*"),
            model="graduated",
            tiers=[
                {"up_to": "10000", "unit_price": "0.12"},
                {"up_to": None, "unit_price": "0.08"},
            ],
        ),
        _charge("cdn_usage", "requests", "usa", model="per_unit", unit_price="0.0075"),
        _charge("cdn_usage", "requests", "europe", model="per_unit", unit_price="0.009"),
        _charge(
            *("image_optimizer", "requests", "*"),
            model="per_unit",
            free_units="100",
            unit_price="0.35",
        ),
    ],
}
TAX = {"country": "US", "state": "DE", "name": "Example State sales tax", "rate": "0.0825"}


def measure(run: Run, kind: Kind) -> None:
    """Post a month of ten thousand customers, who have one behind them."""
    customers = run.sizes.few
    with run.databases.empty(kind) as url:
        asyncio.run(store(url, parse_key(SECRET_KEY), _world(customers)))
        # The month before, so that there are lines to adjust, and all that is cached is there.
        asyncio.run(_post(url, MAY, customers))
        asyncio.run(_use_late(url))
        seconds, grown = asyncio.run(_post(url, JUNE, customers))
    limit = LIMIT_SECONDS * customers / 10_000
    run.add(
        within(f"month of {customers:,} customers posted, {kind}", [seconds], limit=limit, unit="s")
    )
    run.add(within(f"memory grown meanwhile, {kind}", [grown], limit=LIMIT_MEGABYTES, unit="MB"))


async def _post(url: str, month: Month, customers: int) -> tuple[float, float]:
    """How many seconds it took, and by how many megabytes memory grew behind its first tenth."""
    database = open_database(url, lambda: month.plus(1).first)
    await database.start()
    memory: list[int] = []
    before = time.perf_counter()
    wanted = Wanted(month=month)
    outcome = await close_months(database, parse_key(SECRET_KEY), wanted, _watch(memory))
    taken = time.perf_counter() - before
    assert outcome == Outcome(customers, customers), outcome  # noqa: S101 - else nothing was measured
    await database.stop()
    return taken, (max(memory) - memory[len(memory) // 10]) / 2**20


def _watch(memory: list[int]) -> Callable[[int, int], None]:
    process = psutil.Process()

    def look(_done: int, _total: int) -> None:
        memory.append(process.memory_info().rss)

    return look


async def _use_late(url: str) -> None:
    async def work(unit: Unit) -> None:
        await unit.run(_USE_LATE)
        await unit.run(_CHANGE)

    database = open_database(url, lambda: JUNE.first)
    await database.start()
    await database.write(work)
    await database.stop()


def _world(customers: int) -> Iterator[Tables]:
    yield {
        "pricing_documents": [_document("plan", "growth", PLAN), _document("tax_rules", "", TAX)]
    }
    ids = sorted(new_id() for _ in range(customers))
    for at in range(0, customers, _BATCH):
        tables: Tables = {}
        for customer_id in ids[at : at + _BATCH]:
            for table, row in _customer(customer_id):
                tables.setdefault(table, []).append(row)
        yield tables


def _document(kind: str, name: str, body: Any) -> Row:
    text = msgspec.json.encode([body] if kind == "tax_rules" else body).decode()
    now = MAY.first
    return {"kind": kind, "name": name, "revision": 1, "id": new_id(), "body": text} | {
        "key_name": "bench",
        "created_at": now,
    }


def _customer(customer_id: str) -> Iterator[tuple[str, Row]]:
    of: Row = {"customer_id": customer_id}
    stamps: Row = {"created_at": MAY.first, "updated_at": MAY.first}
    row = CustomerRow(customer_id, "Busy", None, **stamps)
    yield "customers", msgspec.structs.asdict(row)
    assigned = {"from_month": MAY.number, "plan_code": "growth", "requested_at": MAY.first}
    yield "plan_assignments", of | assigned
    place = {"address_1": "1 Example Way", "country": "US", "postal_code": "00000", "state": "DE"}
    yield "addresses", of | {"type": "billing", "id": new_id()} | place | stamps
    coupon = {"code": "TENTH", "kind": "percent", "value": "10", "scope": "all"}
    yield "coupons", of | coupon | {"created_at": MAY.first}
    for month in (MAY, JUNE):
        yield "usage_changes", of | {"month": month.number, "changes": 5, "invoiced": 0}
        for product_id, metric, region, quantity in USED:
            millions, micros = divmod(quantity * 10**6, MILLION)
            key = {"product_id": product_id, "metric": metric, "region": region}
            sums = {"millions": millions, "micros": micros, "updated_at": month.first}
            yield "usage_months", of | {"month": month.number} | key | sums
