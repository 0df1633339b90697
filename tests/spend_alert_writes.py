"""Examples of setting spend alerts, and of passing one."""

from tenantry.areas.invoices.alerts_watch import Watch
from tests.world import ADA, OPERATOR, World
from tests.write import Write

ALERTS = "/_tenantry/v1/spend-alerts"
_ALERT = f"{ALERTS}/{{spend_alert_id}}"
_BODY = {"name": "Half of the budget", "threshold": "250.00"}


async def _alert(world: World) -> dict[str, str]:
    answer = await world.ask(ADA, "POST", ALERTS, json=_BODY)
    return {"spend_alert_id": answer.json()["id"]}


async def pass_an_amount(world: World) -> None:
    """A fee, of a plan that was free, that is more than an alert's amount."""
    plan = {"name": "Free no more", "recurring_fees": [{"name": "Support", "amount": "500.00"}]}
    answer = await world.ask(OPERATOR, "PUT", "/_operator/v1/plans/free", json=plan)
    assert answer.status_code == 200, answer.text
    await _alert(world)
    assert await Watch(world.app.database, world.app.keyring).look() == 1


SPEND_ALERTS = {
    f"POST {ALERTS}": Write(["spend_alert.create"], body=_BODY),
    f"PUT {_ALERT}": Write(
        ["spend_alert.update"], body={"name": "Budget", "threshold": "500"}, before=_alert
    ),
    f"DELETE {_ALERT}": Write(["spend_alert.delete"], before=_alert),
}
