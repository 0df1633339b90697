"""How a line comes to its amount, step by step, from what is behind it. Nothing is looked up here.

Each step says in words what it does and what it comes to; the last one comes to the line's amount.
"""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from tenantry.areas.invoices.lines import Line
from tenantry.areas.invoices.recurring import active_days, prorated
from tenantry.areas.pricing.catalogue import Metric
from tenantry.areas.pricing.money import (
    EXACT,
    decimals,
    exactly,
    plain,
    round_money,
    trimmed,
    units_of,
)
from tenantry.areas.pricing.months import Month
from tenantry.areas.pricing.terms import ANY_REGION, ZERO, Charge, Terms


class Step(msgspec.Struct, frozen=True):
    """One step of a calculation."""

    name: str
    """A word for programs."""
    text: str
    value: str
    """What it comes to, exactly."""


def step(name: str, text: str, value: Decimal) -> Step:
    """A step that comes to a value."""
    return Step(name, text, plain(value))


def raw_of(micros: int) -> Decimal:
    """A quantity in raw units."""
    return units_of(micros, 1)


def charge_for(terms: Terms, line: Line) -> Charge | None:
    """The charge of the region itself, else that of any (contract: billing R4)."""
    of = {
        each.region: each
        for each in terms.plan.charges
        if (each.product_id, each.metric) == (line.product_id, line.metric)
    }
    return of.get(line.region_key) or of.get(ANY_REGION)


@exactly
def metered(terms: Terms, line: Line, events: int, micros: int) -> list[Step]:
    """Of a line about use: from the sum of the events on (contract: billing R2 to R10)."""
    metric = terms.catalogue.find(line.product_id, line.metric)
    raw, units = raw_of(micros), units_of(micros, metric.divisor)
    steps = [
        step("raw", f"{_events(events)} to {plain(raw)} {metric.raw_unit}s", raw),
        step("units", f"{plain(raw)} / {metric.divisor} = {plain(units)} {_unit(metric)}", units),
    ]
    charge = charge_for(terms, line)
    if charge is None:
        none = step("charge", "The plan has no charge for it: it costs nothing", ZERO)
        return [*steps, none, *priced(line, terms.plan.currency)]
    free = min(units, charge.free_units)
    if charge.free_units:
        text = f"Of {plain(units)}, {plain(charge.free_units)} are free: {plain(free)}"
        steps.append(step("allowance", text, free))
    if line.kind == "included":
        return [*steps, *priced(line, terms.plan.currency)]
    rest = units - free
    if charge.free_units:
        steps.append(step("rest", f"{plain(units)} - {plain(free)} = {plain(rest)}", rest))
    return [*steps, *_charged(charge, line, rest), *priced(line, terms.plan.currency)]


def _events(count: int) -> str:
    return "1 event comes" if count == 1 else f"{count} events come"


def _unit(metric: Metric) -> str:
    return metric.unit if metric.unit != "unit" else "units"


def _charged(charge: Charge, line: Line, rest: Decimal) -> list[Step]:
    """What of the rest the line is about."""
    if charge.model == "package" and charge.package_size:
        whole, part = EXACT.divmod(rest, charge.package_size)
        packages = whole + bool(part)
        size = plain(charge.package_size)
        text = f"{plain(rest)} / {size}, rounded up to whole packages, is {plain(packages)}"
        return [step("packages", text, packages)]
    if charge.model != "graduated":
        return []
    lower = ZERO if line.tier == 1 else charge.tiers[line.tier - 2].up_to or ZERO
    upper = charge.tiers[line.tier - 1].up_to
    bound = "" if upper is None else f" up to {plain(upper)}"
    if line.kind == "fee":
        text = f"{plain(rest)} reaches tier {line.tier}, above {plain(lower)}{bound}"
        return [step("fee", text, line.units)]
    top = rest if upper is None else min(rest, upper)
    text = (
        f"Tier {line.tier} is what is above {plain(lower)}{bound}: "
        f"{plain(top)} - {plain(lower)} = {plain(top - lower)}"
    )
    return [step("tier", text, top - lower)]


@exactly
def priced(line: Line, currency: str) -> list[Step]:
    """Units times rate, rounded once (contract: billing R10)."""
    product = line.units * line.rate
    amount = round_money(product, currency)
    text = f"{plain(line.units)} x {plain(line.rate)} = {plain(product)}"
    places = decimals(currency)
    rounded = (
        f"{plain(product)}, rounded to {places} decimals half away from zero, is {plain(amount)}"
    )
    return [step("price", text, product), step("amount", f"{rounded} {currency}", amount)]


@exactly
def recurring(terms: Terms, line: Line, place: int) -> list[Step]:
    """Of the fee at this place of the plan (contract: billing R11)."""
    fee, month = terms.plan.recurring_fees[place], Month(line.month)
    return [
        step("fee", f"The plan's fee '{fee.name}' is {plain(fee.amount)} a month", fee.amount),
        *_part(terms, month, fee.amount),
        *priced(line, terms.plan.currency),
    ]


def _part(terms: Terms, month: Month, amount: Decimal) -> list[Step]:
    days = active_days(terms, month)
    if days == month.days:
        return []
    owed = prorated(amount, terms, month)
    text = (
        f"The customer was there on {days} of {month.days} days: "
        f"{plain(amount)} x {days} / {month.days}, rounded, is {plain(owed)}"
    )
    return [step("days", text, owed)]


@exactly
def shortfall(terms: Terms, month: Month, own: Sequence[Line]) -> list[Step]:
    """From the month's own fees and use (contract: billing R12); comes to 0 where none is due."""
    come = sum((line.amount for line in own), ZERO)
    commit = prorated(terms.plan.commit, terms, month)
    missing = max(ZERO, commit - come)
    amount = round_money(missing, terms.plan.currency)
    text = f"The plan's commit is {plain(terms.plan.commit)} a month"
    said = f"{plain(commit)} - {plain(come)} is missing: {plain(missing)}"
    return [
        step("sum", f"Fees and use come to {plain(come)}", come),
        step("commit", text, terms.plan.commit),
        *_part(terms, month, terms.plan.commit),
        step("missing", said if missing else f"Nothing is missing to {plain(commit)}", missing),
        step("amount", f"Rounded, that is {plain(amount)} {terms.plan.currency}", amount),
    ]


@exactly
def difference(line: Line, now: Decimal, before: Sequence[Decimal], currency: str) -> list[Step]:
    """Of an adjustment: what is owed by now, less all that was billed (contract: billing R18)."""
    billed = sum(before, ZERO)
    delta = now - billed
    steps = [
        step("owed", f"Rated again by the month's own terms, it comes to {plain(now)}", now),
        step("billed", f"Billed for it so far, on earlier invoices: {plain(billed)}", billed),
        step("difference", f"{plain(now)} - {plain(billed)} = {plain(delta)}", delta),
    ]
    if line.counted is None:
        return [*steps, *priced(line, currency)]
    text = (
        f"By {plain(trimmed(line.counted))} units; rounded on their own they would come to another "
        f"amount, so the difference itself is shown: {plain(line.amount)} {currency}"
    )
    return [*steps, step("amount", text, line.amount)]


@exactly
def changed(terms: Terms, line: Line, before: int, changes: tuple[int, int]) -> list[Step]:
    """Of an adjustment about use: what was known before, what came since, and both together."""
    metric = terms.catalogue.find(line.product_id, line.metric)
    events, since = changes
    raw, units = raw_of(before + since), units_of(before + since, metric.divisor)
    known = f"Until the posting before, events came to {plain(raw_of(before))} {metric.raw_unit}s"
    came = f"Since then, {_events(events)} to {plain(raw_of(since))}; what was voided is negative"
    text = f"{plain(raw)} / {metric.divisor} = {plain(units)} {_unit(metric)}"
    return [
        step("before", known, raw_of(before)),
        step("raw", came, raw_of(since)),
        step("units", f"Together {text}", units),
    ]
