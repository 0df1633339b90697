"""Watching what is spent: whose running month passes an amount gets the mail of its alert.

Any number of processes may watch at once: an alert that has told this month is not changed again,
and its mail is a letter of the commit that says so.
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from functools import partial

import msgspec
from sqlalchemy import BindParameter, bindparam, exists, func, or_, select, update

from tenantry.areas.invoices import paper
from tenantry.areas.invoices.alerts import AlertRow
from tenantry.areas.invoices.billing_contacts import addresses_of
from tenantry.areas.invoices.spending import Spent, spent
from tenantry.areas.pricing.money import plain
from tenantry.areas.pricing.months import Month
from tenantry.core import audit, schema
from tenantry.core.billing_tables import (
    plan_assignments,
    pricing_documents,
    spend_alerts,
    usage_months,
)
from tenantry.core.clock import MINUTE, Instant
from tenantry.core.context import Writing, system_call
from tenantry.core.database import Database
from tenantry.core.outbox import post
from tenantry.core.secrets import Keyring
from tenantry.core.statements import Statement, is_one_of
from tenantry.core.unit import Unit

TOGETHER = 100
"""Customers who are looked at at once, and told in one commit."""
LATE = 10 * MINUTE
"""By how much a stamp may be older than the moment from which others see its row."""

_A, _C, _M, _P = spend_alerts.c, schema.customers.c, usage_months.c, plan_assignments.c
_SINCE: BindParameter[int] = bindparam("since")
_IS_SILENT = _A.sent_month < bindparam("in_month")
_MOVED = or_(
    _A.updated_at >= _SINCE,
    exists().where(
        _M.customer_id == _A.customer_id,
        _M.month == bindparam("in_month"),
        _M.updated_at >= _SINCE,
    ),
    exists().where(_P.customer_id == _A.customer_id, _P.requested_at >= _SINCE),
)
_DUE = Statement(
    select(_A.customer_id)
    .distinct()
    .join(schema.customers, _C.id == _A.customer_id)
    .where(_C.deleted_at.is_(None), _A.customer_id > bindparam("after"), _IS_SILENT, _MOVED)
    .order_by(_A.customer_id)
    .limit(TOGETHER),
    str,
)
_ALERTS = Statement(
    select(*(_A[name] for name in AlertRow.__struct_fields__))
    .where(is_one_of(_A.customer_id, "customers"), _IS_SILENT)
    .order_by(_A.customer_id, _A.created_at, _A.id),
    AlertRow,
)
_PRICED = Statement(select(func.max(pricing_documents.c.created_at)))
_TELL = Statement(
    update(spend_alerts)
    .where(
        _A.customer_id == bindparam("customer"),
        _A.id == bindparam("alert"),
        _A.threshold == bindparam("amount"),
        _IS_SILENT,
    )
    .values(sent_month=bindparam("in_month"))
)


class Passed(msgspec.Struct, frozen=True):
    """An alert whose amount a month has reached."""

    alert: AlertRow
    spent: Spent


class Watch:
    """Looks at whom something happened to since it looked last; at first, at everybody."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        """Nothing is looked at yet."""
        self._database = database
        self._keyring = keyring
        self._seen: tuple[Month, Instant, Instant] | None = None
        """The month, when it was looked at, and the newest prices then."""

    async def look(self) -> int:
        """Tell whoever is to be told; how many alerts were."""
        now = self._database.clock()
        month, priced = Month.of(now), await self._database.one(_PRICED)
        newest = priced[0] or 0 if priced else 0
        since, count, after = self._since(month, newest), 0, ""
        while found := await self._database.all(
            _DUE, in_month=month.number, since=since, after=after
        ):
            after = found[-1]
            count += await self._tell(found, month)
        self._seen = month, now, newest
        return count

    def _since(self, month: Month, priced: Instant) -> Instant:
        """From when on whatever happened counts: from ever, in a new month or by new prices."""
        if self._seen is None or (month, priced) != (self._seen[0], self._seen[2]):
            return 0
        return self._seen[1] - LATE

    async def _tell(self, customer_ids: list[str], month: Month) -> int:
        amounts = await spent(self._database, customer_ids, month)
        alerts = await self._database.all(_ALERTS, customers=customer_ids, in_month=month.number)
        passed = [
            Passed(alert, amounts[alert.customer_id])
            for alert in alerts
            if alert.customer_id in amounts
            and amounts[alert.customer_id].total >= Decimal(alert.threshold)
        ]
        if not passed:
            return 0
        return await self._database.write(partial(_tell_all, self._keyring, passed, month))


async def _tell_all(keyring: Keyring, passed: list[Passed], month: Month, unit: Unit) -> int:
    """In the order of customers, in which others lock the ends of their logs too."""
    call = system_call(unit, keyring)
    told = await addresses_of(unit, sorted({one.alert.customer_id for one in passed}))
    count = 0
    for one in passed:
        count += await _tell(replace(call, customer_id=one.alert.customer_id), one, month, told)
    return count


async def _tell(call: Writing, passed: Passed, month: Month, told: Mapping[str, list[str]]) -> bool:
    """Unless somebody else did, or the alert was changed meanwhile."""
    alert, terms = passed.alert, passed.spent.terms
    await call.unit.head(alert.customer_id)
    of = {"customer": alert.customer_id, "alert": alert.id}
    if not await call.run(_TELL, **of, amount=alert.threshold, in_month=month.number):
        return False
    await _record(call, passed, month)
    facts = {
        "alert_name": alert.name,
        "amount": paper.money(passed.spent.total, terms.plan.currency),
        "customer_name": call.customer_id if terms.customer is None else terms.customer.name,
        "month": paper.month_name(month),
        "threshold": paper.money(Decimal(alert.threshold), terms.plan.currency),
    }
    for address in told.get(alert.customer_id, []):
        post(call, "mail", template="spend_alert", to=address, facts=facts)
    return True


async def _record(call: Writing, passed: Passed, month: Month) -> None:
    alert, action = passed.alert, "spend_alert.send"
    await audit.record(
        call,
        action,
        f"Spend alert '{alert.name}' was sent",
        event_type="customer.update",
        metadata={
            "action": action,
            "amount": plain(passed.spent.total),
            "currency": passed.spent.terms.plan.currency,
            "month": month.text,
            "spend_alert_id": alert.id,
            "threshold": alert.threshold,
        },
    )
