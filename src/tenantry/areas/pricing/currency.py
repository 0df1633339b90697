"""What keeps a customer's currency: amounts that say none of their own, and months to be billed.

A fixed coupon and the amount of a spend alert are in the currency of the plan. Under one in another
currency the same number would be other money.
"""

from decimal import Decimal

from sqlalchemy import bindparam, select

from tenantry.areas.pricing.coupon import Coupon, refuse_parts_of_cents
from tenantry.areas.pricing.reading import BadTerms
from tenantry.core.billing_tables import coupons, postings, spend_alerts, usage_changes
from tenantry.core.context import Reading
from tenantry.core.errors import Problem
from tenantry.core.statements import Statement

_K, _L = coupons.c, spend_alerts.c
_USED = select(usage_changes.c.month).where(usage_changes.c.customer_id == bindparam("customer"))
_CLOSED = select(postings.c.month).where(postings.c.customer_id == bindparam("customer"))
_BEGUN = Statement(_USED.union_all(_CLOSED).limit(1))
_FIXED = Statement(
    select(_K.code, _K.value, _K.remaining)
    .where(_K.customer_id == bindparam("customer"), _K.kind == "fixed")
    .order_by(_K.code)
)
_ALERTS = Statement(
    select(_L.name, _L.threshold)
    .where(_L.customer_id == bindparam("customer"))
    .order_by(_L.created_at, _L.id)
    .limit(1)
)


async def refuse_another(call: Reading, was: str, new: str) -> None:
    """See that nothing of the call's customer is in the currency of before. Raises Problem 409."""
    of = {"customer": call.customer_id}
    if await call.one(_BEGUN, **of) is not None:
        raise other_currency(f"What the customer used is billed in {was}", new)
    if coupon := await call.one(_FIXED, **of):
        raise other_currency(f"Coupon '{coupon[0]}' is worth {coupon[1]} {was}", new)
    if alert := await call.one(_ALERTS, **of):
        raise other_currency(f"Spend alert '{alert[0]}' is set to {alert[1]} {was}", new)


async def refuse_parts(call: Reading, new: str) -> None:
    """See that all of each coupon can be taken off in a first plan's currency. Raises Problem 409.

    Whoever granted one before could not know it.
    """
    for code, value, remaining in await call.all(_FIXED, customer=call.customer_id):
        coupon = Coupon(code=code, kind="fixed", value=Decimal(value), remaining=Decimal(remaining))
        try:
            refuse_parts_of_cents(coupon, new)
        except BadTerms as problem:
            raise other_currency(f"Coupon '{code}': {problem}", new) from problem


def other_currency(why: str, new: str) -> Problem:
    """409: what stands is not in the currency of the plan."""
    return Problem(409, "Conflict", f"{why}, and the plan is in {new}", code="other_currency")
