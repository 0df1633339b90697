"""Spend alerts: who pays is told when a running month passes an amount that he set.

One is added, changed and removed; the watch (alerts_watch.py) sends its mail, once a month. An
alert that is set to another amount may tell once more.
"""

import re
from collections.abc import Mapping
from decimal import Decimal

import msgspec
from sqlalchemy import bindparam, delete, func, insert, select, update

from tenantry.areas.pricing.money import plain, trimmed
from tenantry.core import audit
from tenantry.core.billing_tables import spend_alerts
from tenantry.core.clock import Instant
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import Problem, bad_request, not_found
from tenantry.core.ids import new_id
from tenantry.core.statements import Statement, point

MOST = 100
"""Alerts of one customer."""
LONGEST_NAME = 255

_AMOUNT = re.compile(r"[0-9]{1,15}(\.[0-9]{1,6})?")
_A = spend_alerts.c


class AlertRow(msgspec.Struct, frozen=True, array_like=True):
    """An alert as it is stored, in the order of the table."""

    customer_id: str
    id: str
    name: str
    threshold: str
    sent_month: int
    """The last month in which it told; 0: none yet."""
    created_at: Instant
    updated_at: Instant


class NewAlert(msgspec.Struct, kw_only=True):
    """What an alert is made from."""

    name: str
    threshold: str
    """In the currency of the plan, before credits and tax: a decimal number as text."""


_COLUMNS = [_A[name] for name in AlertRow.__struct_fields__]
_FIND = point(_COLUMNS, spend_alerts, AlertRow, customer_id=_A.customer_id, id=_A.id)
_LIST = Statement(
    select(*_COLUMNS).where(_A.customer_id == bindparam("customer")).order_by(_A.created_at, _A.id),
    AlertRow,
)
_COUNT = Statement(
    select(func.count()).where(_A.customer_id == bindparam("customer")).select_from(spend_alerts),
    int,
)
_ONE = (_A.customer_id == bindparam("customer"), _A.id == bindparam("alert"))
_ADD = Statement(insert(spend_alerts))
_CHANGE = Statement(
    update(spend_alerts)
    .where(*_ONE)
    .values(
        name=bindparam("named"),
        threshold=bindparam("amount"),
        sent_month=bindparam("sent"),
        updated_at=bindparam("now"),
    )
)
_REMOVE = Statement(delete(spend_alerts).where(*_ONE))


async def list_all(call: Reading) -> list[AlertRow]:
    """The alerts of the call's customer, the oldest first."""
    return await call.all(_LIST, customer=call.customer_id)


async def find(call: Reading, alert_id: str) -> AlertRow:
    """One of them. Raises Problem 404."""
    row = await call.one(_FIND, customer_id=call.customer_id, id=alert_id)
    if row is None:
        raise not_found("spend alert", alert_id)
    return row


async def add(call: Writing, new: NewAlert) -> AlertRow:
    """Set one. Raises Problem 400, and 409 if there are too many."""
    name, threshold = _checked(new)
    if (await call.all(_COUNT, customer=call.customer_id))[0] >= MOST:
        raise Problem(409, "Conflict", f"A customer has at most {MOST} spend alerts")
    row = AlertRow(call.customer_id, new_id(), name, threshold, 0, call.now, call.now)
    await call.run(_ADD, **msgspec.structs.asdict(row))
    await _record(call, row, "create", {"name": name, "threshold": threshold})
    return row


async def change(call: Writing, row: AlertRow, new: NewAlert) -> AlertRow:
    """Set it otherwise; what changes nothing is not logged. Raises Problem 400."""
    name, threshold = _checked(new)
    old = {"name": row.name, "threshold": row.threshold}
    given = {"name": name, "threshold": threshold}
    differing = [key for key in given if given[key] != old[key]]
    if not differing:
        return row
    sent = 0 if "threshold" in differing else row.sent_month
    changed = msgspec.structs.replace(row, **given, sent_month=sent, updated_at=call.now)
    await call.run(
        _CHANGE,
        customer=row.customer_id,
        alert=row.id,
        named=name,
        amount=threshold,
        sent=sent,
        now=call.now,
    )
    told = {"old": {key: old[key] for key in differing}}
    told["new"] = {key: given[key] for key in differing}
    await _record(call, changed, "update", told)
    return changed


async def remove(call: Writing, alert_id: str) -> None:
    """Remove it. Raises Problem 404."""
    row = await find(call, alert_id)
    await call.run(_REMOVE, customer=row.customer_id, alert=row.id)
    await _record(call, row, "delete", {"name": row.name, "threshold": row.threshold})


def _checked(new: NewAlert) -> tuple[str, str]:
    """Name and amount as they are stored. Raises Problem 400."""
    name = new.name.strip()
    if not 1 <= len(name) <= LONGEST_NAME:
        detail = f"Name must have 1 to {LONGEST_NAME} characters"
        raise bad_request(detail)
    if _AMOUNT.fullmatch(new.threshold) is None or not Decimal(new.threshold):
        raise bad_request("Threshold must be a decimal number above 0, such as 250.00")
    return name, plain(trimmed(Decimal(new.threshold)))


async def _record(call: Writing, row: AlertRow, what: str, told: Mapping[str, object]) -> None:
    """The wire has no event type for alerts."""
    action = f"spend_alert.{what}"
    await audit.record(
        call,
        action,
        f"Spend alert '{row.name}' was {what}d",
        event_type="customer.update",
        metadata={"action": action, "spend_alert_id": row.id, **told},
    )
