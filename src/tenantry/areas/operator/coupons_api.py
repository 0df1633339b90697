"""How an operator grants coupons (contract: billing §9 O6)."""

from dataclasses import replace
from typing import Literal

import msgspec

from tenantry.areas.pricing import coupons
from tenantry.areas.pricing.coupon import Coupon, NewCoupon
from tenantry.areas.pricing.money import plain
from tenantry.areas.usage import accounts
from tenantry.core.clock import shown, shown_or_none
from tenantry.core.context import Reading, Writing
from tenantry.http.body import Body
from tenantry.http.operation import OPERATOR, operation
from tenantry.http.wire import LEGACY


class Granted(msgspec.Struct):
    """A coupon that a customer was granted."""

    code: str
    kind: Literal["fixed", "percent"]
    value: str
    remaining: str | None
    periods_left: int | None
    scope: str
    valid_from: str | None
    valid_until: str | None
    """The first instant at which it is no longer valid."""
    created_at: str


def _shown(coupon: Coupon) -> Granted:
    return Granted(
        code=coupon.code,
        kind=coupon.kind,
        value=plain(coupon.value),
        remaining=None if coupon.remaining is None else plain(coupon.remaining),
        periods_left=coupon.periods_left,
        scope=coupon.scope,
        valid_from=shown_or_none(coupon.valid_from),
        valid_until=shown_or_none(coupon.valid_until),
        created_at=shown(coupon.created_at),
    )


@operation(
    "POST /_operator/v1/customers/{customer}/coupons", allow=OPERATOR, wire=LEGACY, status=201
)
async def grant_coupon(call: Writing, body: Body[NewCoupon], customer: str) -> Granted:
    """Grant a customer a coupon."""
    return _shown(await coupons.grant(replace(call, customer_id=customer), body.values()))


@operation("GET /_operator/v1/customers/{customer}/coupons", allow=OPERATOR, wire=LEGACY)
async def list_coupons(call: Reading, customer: str) -> list[Granted]:
    """A customer's coupons, the oldest first, and what is left of each."""
    rows = await coupons.list_all(replace(call, customer_id=customer))
    return [_shown(row) for row in rows]


@operation(
    "DELETE /_operator/v1/customers/{customer}/coupons/{code}",
    allow=OPERATOR,
    wire=LEGACY,
    status=204,
)
async def withdraw_coupon(call: Writing, customer: str, code: str) -> None:
    """Take back a coupon that no invoice has used."""
    await call.unit.head(customer)
    await accounts.lock(call.unit, [customer])
    await coupons.withdraw(replace(call, customer_id=customer), code)
