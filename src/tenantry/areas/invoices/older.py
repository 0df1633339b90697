"""A month's bill as clients older than billing v3 read it (contract: billing §5).

Made from the same lines and terms, by the mapping of the contract; nothing of it is stored.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal

import msgspec

from tenantry.areas.invoices.document import period
from tenantry.areas.invoices.lines import Line, Usage
from tenantry.areas.invoices.older_shapes import (
    Extra,
    L,
    OlderBill,
    OlderEstimateLine,
    OlderLine,
    OlderTier,
    Region,
    Status,
    Told,
    Total,
    Traffic,
)
from tenantry.areas.pricing.money import MICROS, exactly, number, round_ratio, trimmed, units_of
from tenantry.areas.pricing.months import Month
from tenantry.areas.pricing.terms import ZERO, Terms

CDN = "cdn_usage"
_MEASURED = ("included", "usage", "uncharged")
"""Kinds of lines whose units are what was used."""
_METERED = (*_MEASURED, "fee")
_GIGABYTE = 10**9
"""Bytes, whatever the catalogue bills by."""
_PLACES = 6
"""Decimals of a discount."""


class Bill(msgspec.Struct, frozen=True, kw_only=True):
    """A month as it is told here: a posted one, or the running one so far."""

    invoice_id: int | str
    customer_id: str
    month: Month
    terms: Terms
    lines: Sequence[Line]
    usage: Usage
    total: Decimal
    status: Status


def is_told_by_lines(terms: Terms) -> bool:
    """Whether units of lines are what was delivered: of packages they are how many were sold."""
    return all(
        charge.model != "package" for charge in terms.plan.charges if charge.product_id == CDN
    )


@exactly
def told_by_lines(terms: Terms, lines: Iterable[Line]) -> Usage:
    """What was delivered."""
    units: dict[tuple[str, str, str], Decimal] = {}
    for line in lines:
        if line.kind in _MEASURED and line.product_id == CDN:
            key = (CDN, line.metric, line.region_key)
            units[key] = units.get(key, ZERO) + line.units
    # A line alone may end in the midst of a micro-unit, where its tier does.
    return {
        key: int((of * terms.catalogue.find(CDN, key[1]).divisor).scaleb(MICROS))
        for key, of in units.items()
    }


@exactly
def shown(bill: Bill) -> Told:
    """The bill as older clients read it."""
    if isinstance(bill.invoice_id, int):
        return _with(bill, [_line(bill, place, one) for place, one in enumerate(bill.lines, 1)])
    return _with(bill, [_estimated(bill, line) for line in bill.lines])


def _with(bill: Bill, lines: list[L]) -> OlderBill[L]:
    start, end = period(bill.month)
    return OlderBill(
        end_time=end,
        start_time=start,
        invoice_id=bill.invoice_id,
        customer_id=bill.customer_id,
        status=bill.status,
        total=_total(bill),
        regions=_regions(bill.lines),
        line_items=lines,
    )


def _total(bill: Bill) -> Total:
    plan = bill.terms.plan
    delivered = [line for line in bill.lines if _is_delivery(line)]
    bandwidth, requests = (_of(delivered, metric) for metric in ("bandwidth", "requests"))
    extras = _extras(bill.lines)
    incurred, extra = _cost(delivered), sum(extras.values(), ZERO)
    before = incurred + extra + _cost(_of_kind(bill.lines, "shortfall"))
    credited = -_cost(_of_kind(bill.lines, "credit"))
    return Total(
        bandwidth=number(_units(bill, "bandwidth", _GIGABYTE)),
        bandwidth_cost=number(_cost(bandwidth)),
        cost=number(bill.total),
        cost_before_discount=number(before),
        discount=number(_fraction(credited, before)),
        extras=[
            Extra(name, number(amount) if amount else msgspec.UNSET)
            for name, amount in extras.items()
        ],
        extras_cost=number(extra),
        incurred_cost=number(incurred),
        overage=number(max(ZERO, incurred + extra - plan.commit)),
        plan_code=plan.plan_code,
        plan_minimum=number(plan.commit),
        plan_name=plan.name,
        requests=int(_units(bill, "requests", 1)),
        requests_cost=number(_cost(requests)),
    )


def _is_delivery(line: Line) -> bool:
    return line.kind in _METERED and line.product_id == CDN


def _of(lines: Iterable[Line], metric: str) -> list[Line]:
    return [line for line in lines if line.metric == metric]


def _of_kind(lines: Iterable[Line], kind: str) -> list[Line]:
    return [line for line in lines if line.kind == kind]


def _cost(lines: Iterable[Line]) -> Decimal:
    return sum((line.amount for line in lines), ZERO)


def _units(bill: Bill, metric: str, divisor: int) -> Decimal:
    """What was used of a metric in all regions, in units of so many raw ones."""
    used = (
        micros
        for (product_id, name, _), micros in bill.usage.items()
        if (product_id, name) == (CDN, metric)
    )
    return units_of(sum(used), divisor)


def _extras(lines: Iterable[Line]) -> dict[str, Decimal]:
    """Recurring fees and products other than delivery, by name."""
    extras: dict[str, Decimal] = {}
    for line in lines:
        is_product = line.kind in _METERED and line.product_id != CDN
        if line.kind == "recurring" or is_product:
            extras[line.product_name] = extras.get(line.product_name, ZERO) + line.amount
    return extras


def _fraction(credited: Decimal, before: Decimal) -> Decimal:
    if not before:
        return ZERO
    # In whole millionths, which is how money without decimals is rounded.
    millionths = round_ratio(credited.scaleb(_PLACES), before, "JPY")
    return trimmed(millionths.scaleb(-_PLACES))


def _regions(lines: Iterable[Line]) -> dict[str, Region]:
    found: dict[str, list[Line]] = {}
    for line in lines:
        if _is_delivery(line) and line.region_key:
            found.setdefault(line.region_key, []).append(line)
    return {
        key: Region(
            number(_cost(some)), _traffic(_of(some, "bandwidth")), _traffic(_of(some, "requests"))
        )
        for key, some in found.items()
    }


def _traffic(lines: list[Line]) -> Traffic:
    tiers = [
        OlderTier(
            line.description,
            number(line.units),
            number(line.rate),
            number(line.rate),
            number(line.amount),
        )
        for line in lines
    ]
    return Traffic(number(_cost(lines)), tiers)


def _line(bill: Bill, place: int, line: Line) -> OlderLine:
    return OlderLine(
        amount=number(line.amount),
        credit_coupon_code=line.coupon or None,
        description=line.description,
        id=f"{bill.invoice_id}-{place}",
        line_number=place,
        plan_name=bill.terms.plan.name,
        rate_per_unit=number(line.rate),
        rate_schedule_tier_no=line.tier or None,
        service_name=line.product_name,
        units=number(line.units),
        usage_type_cd=line.usage_type,
    )


def _estimated(bill: Bill, line: Line) -> OlderEstimateLine:
    return OlderEstimateLine(
        description=line.description,
        units=number(line.units),
        per_unit_cost=number(line.rate),
        service_type=line.usage_type,
        amount=number(line.amount),
        client_service_id=line.product_id or None,
        client_plan_id=bill.terms.plan.plan_code,
    )
