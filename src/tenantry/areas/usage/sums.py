"""What a ledger's events come to: by day and service, and by month, as it is rated.

Kept current in the unit of work that changes the ledger. A quantity is counted in micro-units,
millionths of a raw unit, and stored as two whole numbers (see `core/billing_tables.py`).
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Table, bindparam, literal_column, select

from tenantry.core.billing_tables import usage_changes, usage_days, usage_months
from tenantry.core.bulk import Insert, adding
from tenantry.core.session import Reads
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit

MILLION = 10**12
"""Micro-units in what a row counts as `millions`."""

DayOfService = tuple[str, int, str, str, str, str, int]
"""Customer, month, product, metric, region, service and day: what a sum is kept of."""

Usage = Mapping[tuple[str, str, str], int]
"""Micro-units by product, metric and region key (empty where the metric has none)."""


class Changes(msgspec.Struct, frozen=True, array_like=True):
    """How often a month's ledger changed, and how many of these changes are invoiced."""

    month: int
    changes: int
    invoiced: int

    @property
    def is_late(self) -> bool:
        """Whether something changed since the month was invoiced, if it was (R18)."""
        return self.changes != self.invoiced


_M, _C = usage_months.c, usage_changes.c
_MONTH = Statement(
    select(_M.product_id, _M.metric, _M.region, _M.millions, _M.micros)
    .where(_M.customer_id == bindparam("customer"), _M.month == bindparam("month"))
    .order_by(_M.product_id, _M.metric, _M.region)
)
_CHANGES = Statement(
    select(_C.month, _C.changes, _C.invoiced)
    .where(_C.customer_id == bindparam("customer"))
    .order_by(_C.month),
    Changes,
)
_SETTLE = Statement(
    lambda insert_: (
        insert_(usage_changes)
        .values(
            customer_id=bindparam("customer"),
            month=bindparam("in_month"),
            changes=bindparam("count"),
            invoiced=bindparam("count"),
        )
        .on_conflict_do_update(
            index_elements=["customer_id", "month"], set_={"invoiced": bindparam("count")}
        )
    )
)


def _names(table: Table) -> list[str]:
    return [column.name for column in table.c]


def _carried(table: Table, *replaced: str) -> Statement[Any]:
    """Add to the sum under a key, carrying what exceeds a million."""
    million = literal_column(str(MILLION), BigInteger)

    def add(insert: Insert) -> Insert:
        new = insert.excluded
        micros = table.c.micros + new.micros
        values = {
            "millions": table.c.millions + new.millions + micros // million,
            "micros": micros % million,
            **{name: new[name] for name in replaced},
        }
        return insert.on_conflict_do_update(index_elements=table.primary_key.columns, set_=values)

    return adding(table, _names(table), add)


_ADD_TO_DAYS = _carried(usage_days)
_ADD_TO_MONTHS = _carried(usage_months, "updated_at")
_COUNT_CHANGES = adding(
    usage_changes,
    _names(usage_changes),
    lambda insert: insert.on_conflict_do_update(
        index_elements=usage_changes.primary_key.columns,
        set_={"changes": _C.changes + insert.excluded.changes},
    ),
)


async def add(unit: Unit, changed: Iterable[tuple[DayOfService, int]]) -> None:
    """Change the sums as the ledger was changed: micro-units, negative ones for what was voided.

    The customers' accounts are locked meanwhile.
    """
    days: dict[DayOfService, int] = {}
    counts: dict[tuple[str, int], int] = {}
    for key, micros in changed:
        days[key] = days.get(key, 0) + micros
        of_month = key[:2]
        counts[of_month] = counts.get(of_month, 0) + 1
    months: dict[tuple[str, int, str, str, str], int] = {}
    for key, micros in days.items():
        metered = key[:5]
        months[metered] = months.get(metered, 0) + micros
    await unit.add_all(_ADD_TO_DAYS, [(*key, *divmod(days[key], MILLION)) for key in sorted(days)])
    await unit.add_all(
        _ADD_TO_MONTHS,
        [(*key, *divmod(months[key], MILLION), unit.now) for key in sorted(months)],
    )
    await unit.add_all(_COUNT_CHANGES, [(*key, counts[key], 0) for key in sorted(counts)])


async def month_usage(reads: Reads, customer_id: str, month_number: int) -> Usage:
    """What a customer used in a month such as 202405, of everything that he used any of."""
    rows = await reads.all(_MONTH, customer=customer_id, month=month_number)
    return {
        (product_id, metric, region): micro_units(millions, micros)
        for product_id, metric, region, millions, micros in rows
    }


async def changes(reads: Reads, customer_id: str) -> list[Changes]:
    """Every month of a customer's in which the ledger ever changed, the oldest first."""
    return await reads.all(_CHANGES, customer=customer_id)


async def settle(unit: Unit, customer_id: str, month_number: int, count: int) -> None:
    """Say that so many changes of a month are invoiced; his account is locked meanwhile."""
    await unit.run(_SETTLE, customer=customer_id, in_month=month_number, count=count)


def micro_units(millions: int, micros: int) -> int:
    """A stored quantity as one number."""
    return millions * MILLION + micros
