"""How credits and taxes of an invoice come about, step by step, from its other lines."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from tenantry.areas.invoices.arithmetic import Step, priced, step
from tenantry.areas.invoices.credits import credit
from tenantry.areas.invoices.lines import Line
from tenantry.areas.pricing.coupon import EVERYTHING, Coupon
from tenantry.areas.pricing.money import exactly, plain, round_ratio
from tenantry.areas.pricing.months import Month
from tenantry.areas.pricing.taxes import TaxRule, rules_of
from tenantry.areas.pricing.terms import ZERO, Terms

_WHOLE = Decimal(100)


class Deducted(msgspec.Struct, frozen=True):
    """An invoice, and the coupons that it used as they were before it."""

    terms: Terms
    month: Month
    lines: Sequence[Line]
    coupons: Sequence[Coupon]
    """In the order in which they were used."""

    @property
    def billed(self) -> list[Line]:
        """What credits are taken from, and taxes are owed on."""
        return [line for line in self.lines if line.kind not in {"credit", "tax"}]

    def left(self, used: int) -> list[Decimal]:
        """What the first coupons left of each of these lines."""
        currency = self.terms.plan.currency
        return credit(self.billed, self.coupons[:used], self.month, currency).left


@exactly
def credit_steps(of: Deducted, place: int) -> list[Step]:
    """Of the credit at this place among the credits (contract: billing R13)."""
    coupon, left = of.coupons[place], of.left(place)
    covered = [
        kept
        for line, kept in zip(of.billed, left, strict=True)
        if kept > 0 and covers(coupon, line)
    ]
    base, currency = sum(covered, ZERO), of.terms.plan.currency
    scope = "everything" if coupon.scope == EVERYTHING else coupon.scope
    steps = [
        step(
            "base",
            f"Coupon {coupon.code} is for {scope}: what there is of it comes to {plain(base)}",
            base,
        )
    ]
    if coupon.kind == "percent":
        offered = round_ratio(base * coupon.value, _WHOLE, currency)
        text = f"{plain(coupon.value)} % of {plain(base)}, rounded, is {plain(offered)}"
    else:
        offered = coupon.remaining or ZERO
        text = f"Of its {plain(coupon.value)}, {plain(offered)} was not used yet"
    steps.append(step("offered", text, offered))
    room = min(base, sum(left, ZERO))
    taken = min(offered, room)
    said = f"No more than {plain(room)} can be taken off: {plain(taken)}"
    line = [line for line in of.lines if line.kind == "credit"][place]
    return [*steps, step("taken", said, taken), *priced(line, currency)]


def covers(coupon: Coupon, line: Line) -> bool:
    """Whether a line is in a coupon's scope; a percentage is of this month's own prices only."""
    if coupon.kind == "percent" and line.kind == "adjustment":
        return False
    return coupon.scope in {EVERYTHING, line.product_line, line.product_id}


@exactly
def tax_steps(of: Deducted, place: int) -> list[Step]:
    """Of the tax at this place among the taxes (contract: billing R14)."""
    rule = owed_rules(of)[place]
    taxable = [line for line in of.billed if rule.taxes(line.product_line)]
    whole, base = sum((line.amount for line in taxable), ZERO), _base(of, rule)
    what = "Every line" if not rule.applies_to else f"What is {' or '.join(rule.applies_to)}"
    line = [line for line in of.lines if line.kind == "tax"][place]
    text = f"{where(rule)}: {rule.name} of {plain(rule.rate)}"
    if line.rate != rule.rate:
        text += ", which the customer owes himself by his tax id (reverse charge)"
    credited = whole - base
    return [
        step("rule", text, line.rate),
        step("taxable", f"{what} comes to {plain(whole)}", whole),
        step("base", f"Less credits of {plain(credited)}: {plain(base)}", base),
        *priced(line, of.terms.plan.currency),
    ]


def owed_rules(of: Deducted) -> list[TaxRule]:
    """The tax rules that made a line, in their order."""
    rules = rules_of(of.terms.tax_rules, of.terms.address)
    return [] if of.terms.is_tax_exempt else [rule for rule in rules if _base(of, rule)]


def _base(of: Deducted, rule: TaxRule) -> Decimal:
    left = zip(of.billed, of.left(len(of.coupons)), strict=True)
    return sum((kept for line, kept in left if rule.taxes(line.product_line)), ZERO)


def where(rule: TaxRule) -> str:
    """The place that a rule is for."""
    parts = (rule.postal_prefix, rule.state, rule.country)
    return ", ".join(part for part in parts if part)
