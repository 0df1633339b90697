"""How spend alerts are reached."""

import msgspec

from tenantry.areas.invoices import alerts
from tenantry.areas.invoices.alerts import AlertRow, NewAlert
from tenantry.areas.pricing.months import Month
from tenantry.core.clock import shown
from tenantry.core.context import Reading, Writing
from tenantry.http.body import Body
from tenantry.http.operation import operation, permission
from tenantry.http.wire import PLAIN

_SEE = permission("invoice.read")
_SET = permission("billing_address.manage")
"""What lets somebody change how the customer is billed."""


class SpendAlert(msgspec.Struct):
    """An alert; its amount is in the currency of the plan, before credits and tax."""

    id: str
    name: str
    threshold: str
    sent_month: str | None
    """The last month in which its mail was sent: "2026-03"."""
    created_at: str
    updated_at: str


class SpendAlertList(msgspec.Struct):
    """All of a customer's, the oldest first."""

    data: list[SpendAlert]


def _shown(row: AlertRow) -> SpendAlert:
    return SpendAlert(
        id=row.id,
        name=row.name,
        threshold=row.threshold,
        sent_month=Month(row.sent_month).text if row.sent_month else None,
        created_at=shown(row.created_at),
        updated_at=shown(row.updated_at),
    )


@operation("GET /_tenantry/v1/spend-alerts", allow=_SEE, wire=PLAIN)
async def list_spend_alerts(call: Reading) -> SpendAlertList:
    """Every spend alert."""
    return SpendAlertList([_shown(row) for row in await alerts.list_all(call)])


@operation("POST /_tenantry/v1/spend-alerts", allow=_SET, wire=PLAIN, status=201)
async def create_spend_alert(call: Writing, body: Body[NewAlert]) -> SpendAlert:
    """Have the billing contacts told by mail, once a month, when it passes an amount."""
    return _shown(await alerts.add(call, body()))


@operation("GET /_tenantry/v1/spend-alerts/{spend_alert_id}", allow=_SEE, wire=PLAIN)
async def get_spend_alert(call: Reading, spend_alert_id: str) -> SpendAlert:
    """One of them."""
    return _shown(await alerts.find(call, spend_alert_id))


@operation("PUT /_tenantry/v1/spend-alerts/{spend_alert_id}", allow=_SET, wire=PLAIN)
async def update_spend_alert(
    call: Writing, spend_alert_id: str, body: Body[NewAlert]
) -> SpendAlert:
    """Set it otherwise; at another amount it may tell once more this month."""
    row = await alerts.find(call, spend_alert_id)
    return _shown(await alerts.change(call, row, body()))


@operation("DELETE /_tenantry/v1/spend-alerts/{spend_alert_id}", allow=_SET, wire=PLAIN, status=204)
async def delete_spend_alert(call: Writing, spend_alert_id: str) -> None:
    """Remove it."""
    await alerts.remove(call, spend_alert_id)
