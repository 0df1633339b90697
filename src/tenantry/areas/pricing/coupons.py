"""The coupons that customers were granted: granted, listed, and withdrawn while unused.

A posting alone takes something from a coupon (contract: billing R13).
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, insert, select

from tenantry.areas.customers import model as customers
from tenantry.areas.pricing import documents, plans
from tenantry.areas.pricing.coupon import EVERYTHING, Coupon, parse_coupon
from tenantry.areas.pricing.money import decimals, plain, round_money
from tenantry.areas.pricing.reading import BadTerms
from tenantry.core import audit
from tenantry.core.billing_tables import coupon_uses
from tenantry.core.billing_tables import coupons as granted
from tenantry.core.clock import shown_or_none
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import Problem, bad_request, duplicate, not_found
from tenantry.core.session import Reads, UniqueViolation
from tenantry.core.statements import Statement, is_one_of

_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,63}")

_G, _U = granted.c, coupon_uses.c
_FIELDS = Coupon.__struct_fields__
_GRANTED = Statement(
    select(_G.customer_id, *(granted.c[name] for name in _FIELDS))
    .where(is_one_of(_G.customer_id, "customers"))
    .order_by(_G.customer_id, _G.created_at, _G.code)
)
_GRANT = Statement(insert(granted))
_USE = Statement(
    select(_U.invoice_id)
    .where(_U.customer_id == bindparam("customer"), _U.code == bindparam("code"))
    .limit(1)
)
_WITHDRAW = Statement(
    delete(granted).where(_G.customer_id == bindparam("customer"), _G.code == bindparam("coupon"))
)


async def coupons_of(reads: Reads, customer_ids: Sequence[str]) -> Mapping[str, list[Coupon]]:
    """What customers were granted, by their ids, in one query; the oldest first, used up or not."""
    found: dict[str, list[Coupon]] = defaultdict(list)
    for customer_id, *values in await reads.all(_GRANTED, customers=list(customer_ids)):
        found[customer_id].append(_read(dict(zip(_FIELDS, values, strict=True))))
    return found


def _read(row: dict[str, Any]) -> Coupon:
    """A row as a coupon: amounts of money are kept as text."""
    numbers = {
        name: None if row[name] is None else Decimal(row[name]) for name in ("value", "remaining")
    }
    return Coupon(**row | numbers)


async def list_all(call: Reading) -> list[Coupon]:
    """The coupons of the call's customer, the oldest first. Raises Problem 404."""
    customer = await customers.find(call, call.customer_id)
    return (await coupons_of(call, [customer.id])).get(customer.id, [])


async def grant(call: Writing, given: Any) -> Coupon:
    """Grant the call's customer a coupon. Raises Problem 400, 404, and 409 for a code he has."""
    coupon = await read_new(call, given)
    await call.unit.head(call.customer_id)
    customer = await customers.find(call, call.customer_id)
    await _check_cents(call, coupon)
    coupon = msgspec.structs.replace(coupon, created_at=call.now)
    row = msgspec.structs.asdict(coupon) | {
        "value": plain(coupon.value),
        "remaining": None if coupon.remaining is None else plain(coupon.remaining),
    }
    try:
        await call.run(_GRANT, customer_id=customer.id, **row)
    except UniqueViolation as problem:
        raise duplicate("coupon", coupon.code) from problem
    told = {name: value for name, value in row.items() if name != "created_at"}
    times = {name: shown_or_none(told[name]) for name in ("valid_from", "valid_until")}
    await audit.record(
        call,
        "coupon.create",
        f"Coupon '{coupon.code}' was granted",
        event_type="customer.update",
        metadata={"action": "coupon.create", **told, **times},
    )
    return coupon


async def read_new(reads: Reads, given: Any) -> Coupon:
    """A coupon as an operator wrote it. Raises Problem 400, naming the place that is wrong."""
    try:
        coupon = parse_coupon(given)
        _check(coupon, await _scopes(reads))
    except BadTerms as problem:
        raise bad_request(str(problem)) from problem
    return coupon


def _check(coupon: Coupon, scopes: set[str]) -> None:
    if _CODE.fullmatch(coupon.code) is None:
        raise BadTerms("code", "may have 64 letters, digits, '_', '.' and '-'")
    if coupon.remaining is not None and not 0 < coupon.remaining <= coupon.value:
        raise BadTerms("remaining", "must be more than 0 and at most the value")
    if coupon.periods_left == 0:
        raise BadTerms("periods_left", "must be at least 1")
    if coupon.scope not in scopes:
        raise BadTerms("scope", f"nothing that is sold is {coupon.scope!r}")


async def _check_cents(call: Writing, coupon: Coupon) -> None:
    """Money comes in whole cents, or a last part of one could never be taken off."""
    assigned = await plans.assignments(call)
    plan = await documents.plan(call, assigned[-1].plan_code) if assigned else None
    if plan is None or coupon.kind == "percent":
        return
    for name, amount in (("value", coupon.value), ("remaining", coupon.remaining)):
        if amount is not None and round_money(amount, plan.currency) != amount:
            places = decimals(plan.currency)
            detail = f"{name}: has more decimals than the {places} of {plan.currency}"
            raise bad_request(detail)


async def _scopes(reads: Reads) -> set[str]:
    """What a coupon can be for: the products and lines of the catalogue, and of plans' fees."""
    metrics = (await documents.catalogue(reads)).listed
    every = (await documents.every_plan(reads)).values()
    fees = [fee for plan in every for fee in plan.recurring_fees]
    products = {one.product_id for one in metrics} | {one.product_id for one in fees} - {""}
    lines = {one.product_line for one in metrics} | {one.product_line for one in fees}
    return {EVERYTHING} | products | lines


async def withdraw(call: Writing, code: str) -> None:
    """Take a coupon back that nothing was taken from yet. Raises Problem 404, 409.

    Whoever calls this holds the customer's billing account, so that no posting uses it meanwhile.
    """
    await call.unit.head(call.customer_id)
    coupon = next((one for one in await list_all(call) if one.code == code), None)
    if coupon is None:
        raise not_found("coupon", code)
    if await call.one(_USE, customer=call.customer_id, code=code) is not None:
        raise Problem(409, "Conflict", f"Coupon '{code}' was used on an invoice", code="in_use")
    await call.run(_WITHDRAW, customer=call.customer_id, coupon=code)
    await audit.record(
        call,
        "coupon.delete",
        f"Coupon '{code}' was withdrawn",
        event_type="customer.update",
        metadata={"action": "coupon.delete", "code": code},
    )
