"""What the use of a month costs by the plan's charges (contract: billing R1 to R11, R16)."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import chain, pairwise

import msgspec

from tenantry.areas.invoices.lines import Kind, Line, Usage
from tenantry.areas.invoices.recurring import recurring_lines
from tenantry.areas.pricing.catalogue import Metric
from tenantry.areas.pricing.money import exactly, round_money, trimmed, units_of
from tenantry.areas.pricing.months import Month
from tenantry.areas.pricing.regions import region_name, region_order
from tenantry.areas.pricing.terms import ANY_REGION, ZERO, Charge, Terms, Tier

ONE = Decimal(1)
_METRICS = {"bandwidth": 0, "requests": 1}


@exactly
def rate_usage(terms: Terms, month: Month, usage: Usage) -> list[Line]:
    """Rate fees and usage, without shortfall, credits and tax: also the running month (R19)."""
    charges = {(each.product_id, each.metric, each.region): each for each in terms.plan.charges}
    sums = [
        _Sum(metric, region, units_of(micros, metric.divisor), month.number, terms.plan.currency)
        for (product_id, name, region), micros in usage.items()
        if micros
        for metric in [terms.catalogue.find(product_id, name)]
    ]
    sums.sort(key=lambda each: place(each.metric, each.region))
    lines = (_lines(each, _charge_of(charges, each)) for each in sums)
    return [*recurring_lines(terms, month), *chain.from_iterable(lines)]


def place(of: Metric | Line, region: str) -> tuple[str | int, ...]:
    """Where the lines of a metric in a region stand (contract: billing R16)."""
    return (
        of.product_line,
        of.product_group,
        of.product_name,
        region_order(region),
        _METRICS.get(of.metric, len(_METRICS)),
        of.metric,
        of.product_id,
        region,
    )


class _Sum(msgspec.Struct, frozen=True):
    """All that was used of a metric in a region in the month."""

    metric: Metric
    region: str
    units: Decimal
    month: int
    currency: str

    def line(self, kind: Kind, suffix: str, units: Decimal, rate: Decimal, tier: int = 0) -> Line:
        """One line about it."""
        return Line(
            kind=kind,
            description=self.metric.label(self.region) + suffix,
            amount=round_money(units * rate, self.currency),
            rate=rate,
            units=trimmed(units),
            product_name=self.metric.product_name,
            product_group=self.metric.product_group,
            product_line=self.metric.product_line,
            region=region_name(self.region),
            usage_type=self.metric.usage_type,
            product_id=self.metric.product_id,
            metric=self.metric.metric,
            region_key=self.region,
            tier=tier,
            month=self.month,
        )


def _charge_of(charges: dict[tuple[str, str, str], Charge], of: _Sum) -> Charge | None:
    """The charge of the region itself, else that of any (contract: billing R4)."""
    key = (of.metric.product_id, of.metric.metric)
    return charges.get((*key, of.region)) or charges.get((*key, ANY_REGION))


def _lines(of: _Sum, charge: Charge | None) -> Iterator[Line]:
    if charge is None:
        yield of.line("uncharged", "", of.units, ZERO)
        return
    included = min(of.units, charge.free_units)
    if included:
        yield of.line("included", " - Included", included, ZERO)
    priced = of.units - included
    if not priced:
        return
    if charge.model == "package":
        yield _packages(of, charge, priced)
    elif charge.model == "per_unit":
        yield of.line("usage", "", priced, charge.tiers[0].unit_price)
    else:
        yield from _tiers(of, charge.tiers, priced)


def _packages(of: _Sum, charge: Charge, priced: Decimal) -> Line:
    """Packages are sold whole. Raises ValueError for a charge that isn't of packages."""
    if not charge.package_size or charge.package_price is None:
        message = f"{charge.product_id} {charge.metric} has no packages"
        raise ValueError(message)
    whole, rest = divmod(priced, charge.package_size)
    return of.line("usage", "", whole + bool(rest), charge.package_price)


def _tiers(of: _Sum, tiers: tuple[Tier, ...], priced: Decimal) -> Iterator[Line]:
    """What falls into each tier, then the fees of those that were reached."""
    bounds = [ZERO, *(priced if tier.up_to is None else tier.up_to for tier in tiers)]
    reached = [
        (number, tier, min(priced, upper) - lower)
        for number, (tier, (lower, upper)) in enumerate(
            zip(tiers, pairwise(bounds), strict=True), start=1
        )
        if priced > lower
    ]
    for number, tier, units in reached:
        suffix = f" - Tier {number}" if len(tiers) > 1 else ""
        yield of.line("usage", suffix, units, tier.unit_price, number)
    for number, tier, _ in reached:
        if tier.flat_fee:
            yield of.line("fee", f" - Tier {number} fee", ONE, tier.flat_fee, number)
