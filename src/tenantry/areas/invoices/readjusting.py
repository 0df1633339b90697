"""What usage that came late, or was voided, changes of a month that is invoiced.

The month is rated again by its own terms, and only the difference to everything that was billed
for it so far goes on the next invoice (contract: billing R18).
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from tenantry.areas.invoices.lines import Kind, Line, Usage
from tenantry.areas.invoices.rating_usage import place, rate_usage
from tenantry.areas.invoices.shortfall import shortfall_lines
from tenantry.areas.pricing.money import exactly, round_money, trimmed
from tenantry.areas.pricing.months import Month
from tenantry.areas.pricing.terms import Terms

ZERO = Decimal(0)
ONE = Decimal(1)
_KINDS: dict[str, int] = {"included": 0, "usage": 1, "uncharged": 1, "fee": 2, "shortfall": 3}
"""Lines that usage changes, in their order."""

_Key = tuple[str, str, str, str, int]


@exactly
def readjust(terms: Terms, month: Month, usage: Usage, billed: Sequence[Line]) -> list[Line]:
    """The adjustment lines of a posted month.

    `terms` are those it was posted by; `billed` are all lines about it so far: of its own
    invoice, and adjustments on later ones.
    """
    rated = rate_usage(terms, month, usage)
    rated += shortfall_lines(terms, month, rated)
    now, before = _by_key(rated), _by_key(billed)
    keys = sorted(
        now.keys() | before.keys(), key=lambda key: _order((now.get(key) or before[key])[0])
    )
    adjusted = (_adjustment(now.get(key, []), before.get(key, []), terms) for key in keys)
    return [line for line in adjusted if line is not None]


def _kind(line: Line) -> Kind:
    return line.adjusts or line.kind


def _by_key(lines: Iterable[Line]) -> dict[_Key, list[Line]]:
    keyed: dict[_Key, list[Line]] = {}
    for line in lines:
        kind = _kind(line)
        if kind in _KINDS:
            key = (line.product_id, line.metric, line.region_key, kind, line.tier)
            keyed.setdefault(key, []).append(line)
    return keyed


def _order(line: Line) -> tuple[object, ...]:
    kind = _kind(line)
    return kind == "shortfall", *place(line, line.region_key), _KINDS[kind], line.tier


def _adjustment(now: list[Line], before: list[Line], terms: Terms) -> Line | None:
    """The line of one difference; None where there is none in money."""
    delta = sum((line.amount for line in now), ZERO) - sum((line.amount for line in before), ZERO)
    if not delta:
        return None
    units = trimmed(sum(map(_counted, now), ZERO) - sum(map(_counted, before), ZERO))
    original = next(line for line in (*now, *before) if line.counted is None)
    # Rounding, or what rounding left out earlier, can make the money differ from units times rate.
    is_exact = round_money(units * original.rate, terms.plan.currency) == delta
    month = Month(original.month)
    return Line(
        kind="adjustment",
        description=f"Adjustment {month.text}: {_described(original, month)}",
        amount=delta,
        rate=original.rate if is_exact else delta,
        units=units if is_exact else ONE,
        product_name=original.product_name,
        product_group=original.product_group,
        product_line=original.product_line,
        region=original.region,
        usage_type=original.usage_type,
        product_id=original.product_id,
        metric=original.metric,
        region_key=original.region_key,
        tier=original.tier,
        month=original.month,
        adjusts=_kind(original),
        counted=None if is_exact else units,
    )


def _described(line: Line, month: Month) -> str:
    """What the line was called before it was ever adjusted."""
    return line.description.removeprefix(f"Adjustment {month.text}: ")


def _counted(line: Line) -> Decimal:
    return line.units if line.counted is None else line.counted
