"""A customer who was billed, for the cases to read: Ada's, by the worked example (billing §7.3).

He used what the example uses in the month before the last, and a little now; the last two months
are posted. What he used comes before his plan, because who has none is not billed meanwhile.
The months before, which the server posts when it next looks for what is due, have the bare commit.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tenantry.areas.pricing.months import Month
from tenantry.core.clock import DAY, HOUR, shown, system_clock
from tests.address_writes import TAX
from tests.areas.invoice_calls import USED, event
from tests.areas.rating_example import PLAN
from tests.world import ADA, OPERATOR, WIDGETS

if TYPE_CHECKING:
    from tests.clients.stage import Stage

TAX_RULE = {"country": "CA", "state": "ON", "name": "Example Province tax", "rate": "0.13"}
TOTALS = (2147.00, 2260.00)
"""1489.41 of usage, the rest of the commit, the coupon, and 13 %; then the bare commit and 13 %."""
NOW = "87.90"
"""What the running month would cost."""


@dataclass(frozen=True)
class Billed:
    """What there is to be read."""

    used: Month
    """The month of the example's use; the one after it has nothing but the commit."""
    now: Month
    invoice_ids: tuple[int, int]
    """Of the two months, the older first."""


def bill(stage: "Stage") -> Billed:
    """Have him use, agree, and be billed."""
    now = system_clock()
    used = Month.of(now).plus(-2)
    noon = shown(used.first + DAY + 12 * HOUR)
    events = [event(f"billed-{name}", what, timestamp=noon) for name, what in USED.items()]
    requests = ("cdn_usage", "requests", "usa", "117200000")
    moment = shown(now)
    events += [event("billed-now", requests, timestamp=moment)]
    _do(stage, "POST", "usage-events", {"events": events})
    _do(stage, "PUT", "tax-rules", {"tax_rules": [TAX_RULE]})
    stage.ask(ADA, "POST", "/billing/v3/customer-addresses", json=TAX)
    coupon = {"code": "WELCOME100", "kind": "fixed", "value": "100.00"}
    _do(stage, "POST", f"customers/{WIDGETS}/coupons", coupon)
    code = PLAN["plan_code"]
    plan = {name: value for name, value in PLAN.items() if name != "plan_code"}
    _do(stage, "PUT", f"plans/{code}", plan)
    _do(stage, "PUT", f"customers/{WIDGETS}/plan", {"plan_code": code})
    ids = [_post(stage, used), _post(stage, used.plus(1))]
    # As the server may do at any moment, so every case has to bear it.
    _post(stage, used.plus(-1))
    return Billed(used, Month.of(now), (ids[0], ids[1]))


def _do(stage: "Stage", method: str, path: str, body: Any) -> Any:
    return stage.ask(OPERATOR, method, f"/_operator/v1/{path}", json=body)


def _post(stage: "Stage", month: Month) -> int:
    (number,) = _do(stage, "POST", f"periods/{month.text}/post", {"customer_id": WIDGETS})
    return int(number)
