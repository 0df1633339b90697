"""An invoice in words, as an accountant would read them out."""

from collections.abc import Iterator

from tenantry.areas.invoices.deductions import Deducted, owed_rules, where
from tenantry.areas.invoices.lines import Line
from tenantry.areas.invoices.model import Behind
from tenantry.areas.invoices.paper import title
from tenantry.areas.invoices.payments import Payment
from tenantry.areas.invoices.recurring import active_days, prorated
from tenantry.areas.pricing.coupon import EVERYTHING, Coupon
from tenantry.areas.pricing.money import exactly, plain
from tenantry.areas.pricing.months import Month
from tenantry.areas.pricing.terms import Terms
from tenantry.core.clock import shown


@exactly
def explain(invoice: Behind, deducted: Deducted, payment: Payment | None) -> list[str]:
    """What was billed, by which terms, and why each line is there."""
    return [
        *_opening(invoice),
        *_lines(invoice),
        *_commit(invoice),
        *_credits(deducted),
        *_tax(invoice, deducted),
        *_closing(invoice, payment),
    ]


def _opening(invoice: Behind) -> Iterator[str]:
    row, plan, month = invoice.invoice, invoice.terms.plan, invoice.month
    yield (
        f"{title(invoice.total)} {row.id} bills {month.text}, from {shown(month.first)} to "
        f"{shown(month.end)}, all times in UTC. It was posted at {shown(row.posted_at)} and never "
        "changes."
    )
    yield (
        f"The month was rated by the plan '{plan.name}' ({plan.plan_code}), in {plan.currency}, "
        "as it was when the invoice was posted."
    )
    days = active_days(invoice.terms, month)
    if days != month.days:
        yield f"The customer was there on {days} of {month.days} days: what is monthly is prorated."


def _lines(invoice: Behind) -> Iterator[str]:
    for number, line in enumerate(invoice.lines, 1):
        yield f"Line {number}: {_sentence(line, invoice.terms)}"


_SAID: dict[str, str] = {
    "recurring": "the fee '{description}', {amount}.",
    "included": "{description}: {units} units are free.",
    "uncharged": "{description}: {units} units, for which the plan has no price: {amount}.",
    "usage": "{description}: {units} units at {rate} are {amount}.",
    "fee": "{description}, owed once because use reached the tier: {amount}.",
    "shortfall": "what is missing to the commit of {commit}: {amount}.",
    "credit": "coupon {coupon} takes off {taken}.",
    "tax": "{description}: {rate} of {units} is {amount}.",
    "adjustment": "{description}: {why}: {amount}.",
}
"""How each kind of line is read out."""


def _sentence(line: Line, terms: Terms) -> str:
    currency = terms.plan.currency
    return _SAID[line.kind].format(
        description=line.description,
        units=plain(line.units),
        rate=plain(line.rate),
        amount=f"{plain(line.amount)} {currency}",
        commit=plain(terms.plan.commit),
        coupon=line.coupon,
        taken=f"{plain(-line.amount)} {currency}",
        why=_why(line),
    )


def _why(line: Line) -> str:
    month = Month(line.month).text
    counted = line.units if line.counted is None else line.counted
    if line.adjusts == "shortfall":
        return f"what was used late in {month} changes what is missing to its commit"
    if not counted:
        return f"what was used late in {month}, or voided, changes its price"
    # Units as they are billed: packages and fees of tiers are not what came.
    units = f"{plain(abs(counted))} unit{'' if abs(counted) == 1 else 's'}"
    differing = f"{units} {'more' if counted > 0 else 'fewer'} to bill for {month}"
    return f"{differing}, by what came or was voided after that month was posted"


def _commit(invoice: Behind) -> Iterator[str]:
    terms = invoice.terms
    if not terms.plan.commit:
        return
    commit = prorated(terms.plan.commit, terms, invoice.month)
    outside = {"adjustment", "credit", "shortfall", "tax"}
    come = sum(line.amount for line in invoice.lines if line.kind not in outside)
    is_short = any(line.kind == "shortfall" for line in invoice.lines)
    result = "which is less, so the rest is owed too" if is_short else "which is enough"
    yield f"The commit is {plain(commit)}; fees and use come to {come:f}, {result}."


def _credits(deducted: Deducted) -> Iterator[str]:
    for coupon in deducted.coupons:
        scope = "everything" if coupon.scope == EVERYTHING else coupon.scope
        yield f"Coupon {coupon.code} is {_worth(coupon)} and is for {scope}."


def _worth(coupon: Coupon) -> str:
    if coupon.kind == "percent":
        return f"{plain(coupon.value)} percent"
    left = "" if coupon.remaining is None else f", of which {plain(coupon.remaining)} was left,"
    return f"{plain(coupon.value)}{left}"


def _tax(invoice: Behind, deducted: Deducted) -> Iterator[str]:
    terms = invoice.terms
    if terms.is_tax_exempt:
        yield "The customer is exempt from tax."
        return
    address = terms.address
    if address is None:
        yield "No tax is owed, because the customer had no address when the invoice was posted."
        return
    parts = (address.postal_code, address.state, address.country)
    place = ", ".join(part for part in parts if part)
    rules = owed_rules(deducted)
    if not rules:
        yield f"No tax is owed at the customer's address ({place})."
    for rule in rules:
        said = f"Tax is owed by the rule '{rule.name}' for {where(rule)}"
        reverse = rule.is_reversed_for(terms.tax_id)
        by = f"; the customer owes it himself, by his tax id {terms.tax_id}" if reverse else ""
        yield f"{said}, because the customer's address is {place}{by}."


def _closing(invoice: Behind, payment: Payment | None) -> Iterator[str]:
    row = invoice.invoice
    yield f"Together the lines come to {row.total} {row.currency}."
    if payment is None:
        yield "No payment was told of yet."
    elif payment.status == "Paid":
        yield f"It was paid at {shown(payment.created_at)}."
    else:
        yield f"A payment failed at {shown(payment.created_at)}: it is outstanding."
