"""The coupons that customers were granted: granted, listed, and withdrawn while unused.

A posting alone takes something from a coupon (contract: billing R13).
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, insert, select

from tenantry.areas.customers import model as customers
from tenantry.areas.pricing import documents, plans
from tenantry.areas.pricing.catalogue import Catalogue
from tenantry.areas.pricing.coupon import EVERYTHING, Coupon, parse_coupon, refuse_parts_of_cents
from tenantry.areas.pricing.money import plain
from tenantry.areas.pricing.reading import BadTerms
from tenantry.areas.pricing.terms import Plan, lines_sold
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
    await call.unit.head(call.customer_id)
    customer = await customers.find(call, call.customer_id)
    sold = await documents.catalogue(call), await documents.every_plan(call)
    assigned = await plans.assignments(call)
    plan = sold[1][assigned[-1].plan_code] if assigned else None
    try:
        coupon = read_new(given, *sold, plan)
    except BadTerms as problem:
        raise bad_request(str(problem)) from problem
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


def read_new(
    given: Any, catalogue: Catalogue, sold: Mapping[str, Plan], plan: Plan | None
) -> Coupon:
    """A coupon as an operator wrote it, for a customer of that plan, if he has one.

    Raises BadTerms, naming the place that is wrong.
    """
    coupon = parse_coupon(given)
    if _CODE.fullmatch(coupon.code) is None:
        raise BadTerms("code", "may have 64 letters, digits, '_', '.' and '-'")
    if coupon.remaining is not None and not 0 < coupon.remaining <= coupon.value:
        raise BadTerms("remaining", "must be more than 0 and at most the value")
    if coupon.periods_left == 0:
        raise BadTerms("periods_left", "must be at least 1")
    check_scope(coupon, catalogue, sold.values())
    if plan is not None and coupon.kind == "fixed":
        refuse_parts_of_cents(coupon, plan.currency)
    return coupon


def check_scope(coupon: Coupon, catalogue: Catalogue, sold: Iterable[Plan]) -> None:
    """See that a coupon is for something that is sold, a product or a line. Raises BadTerms."""
    plans = list(sold)
    fees = {fee.product_id for plan in plans for fee in plan.recurring_fees} - {""}
    products = {metric.product_id for metric in catalogue.listed} | fees
    if coupon.scope not in {EVERYTHING} | products | lines_sold(catalogue, plans):
        raise BadTerms("scope", f"nothing that is sold is {coupon.scope!r}")


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
