"""Setting prices: a document that can't be used is refused, and nothing of it is kept.

What is refused as such is a 400 that names the place; what only the other documents, or what was
used already, stand against is a 409.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import bindparam, select

from tenantry.areas.pricing import documents
from tenantry.areas.pricing.catalogue import Catalogue, Metric, parse_catalogue
from tenantry.areas.pricing.documents import Document
from tenantry.areas.pricing.terms import (
    ANY_REGION,
    BadTerms,
    Plan,
    TaxRule,
    lines_sold,
    parse_plan,
    parse_tax_rules,
)
from tenantry.core.billing_tables import usage_months
from tenantry.core.context import Writing
from tenantry.core.errors import Problem, bad_request
from tenantry.core.statements import Statement

_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,63}")
_USED = Statement(
    select(usage_months.c.month)
    .where(
        usage_months.c.product_id == bindparam("product"),
        usage_months.c.metric == bindparam("of_metric"),
    )
    .limit(1)
)


class TaxRules(msgspec.Struct, frozen=True):
    """The table of taxes, in the order of an invoice's lines."""

    tax_rules: tuple[TaxRule, ...]


async def set_catalogue(call: Writing, given: Any) -> Document:
    """Replace what is metered. Raises Problem 400, 409.

    What a plan charges or a tax rule taxes stays; what was used keeps its divisor and whether it
    has regions, or past months would tell other quantities than their invoices.
    """
    try:
        new = parse_catalogue(given)
    except BadTerms as problem:
        raise bad_request(str(problem)) from problem
    await documents.lock(call)
    plans = await documents.every_plan(call)
    for code, plan in plans.items():
        try:
            check_charges(plan, new)
        except BadTerms as problem:
            raise _in_use(f"Plan '{code}' needs what would be gone: {problem}") from problem
    old = await documents.catalogue(call)
    for key, metric in old.metrics.items():
        if not _counts_alike(metric, new.metrics.get(key)) and await _is_used(call, metric):
            what = f"{metric.product_id} {metric.metric}"
            detail = f"There is usage of {what}: its divisor and its regions stay as they are"
            raise _in_use(detail)
    await _refuse_untaxed(call, lines_sold(old, plans.values()), lines_sold(new, plans.values()))
    return await documents.put(call, "catalogue", "", new)


def _counts_alike(old: Metric, new: Metric | None) -> bool:
    return new is not None and (old.divisor, old.is_regional) == (new.divisor, new.is_regional)


async def _is_used(call: Writing, metric: Metric) -> bool:
    used = await call.one(_USED, product=metric.product_id, of_metric=metric.metric)
    return used is not None


async def _refuse_untaxed(call: Writing, before: set[str], after: set[str]) -> None:
    """See that no tax rule loses what it taxes. Raises Problem 409."""
    for rule in await documents.tax_rules(call):
        if gone := sorted((before - after).intersection(rule.applies_to or ())):
            raise _in_use(f"Tax rule '{rule.name}' taxes the product line '{gone[0]}'")


def _in_use(detail: str) -> Problem:
    return Problem(409, "Conflict", detail, code="in_use")


async def set_tax_rules(call: Writing, given: Any) -> Document:
    """Replace the table of taxes. Raises Problem 400, also for a rule that could tax nothing."""
    try:
        rules = parse_tax_rules(given)
        await documents.lock(call)
        plans = await documents.every_plan(call)
        check_lines(rules, await documents.catalogue(call), plans.values())
    except BadTerms as problem:
        raise bad_request(str(problem.within("tax_rules"))) from problem
    return await documents.put(call, "tax_rules", "", TaxRules(rules))


async def set_plan(call: Writing, code: str, given: dict[str, Any]) -> Document:
    """Make or replace a plan; it counts for whatever is not posted yet. Raises Problem 400, 409."""
    try:
        plan = read_plan(code, given)
        await documents.lock(call)
        catalogue = await documents.catalogue(call)
        check_charges(plan, catalogue)
    except BadTerms as problem:
        raise bad_request(str(problem)) from problem
    plans = await documents.every_plan(call)
    before = plans.get(code)
    if before is not None and before.currency != plan.currency:
        detail = f"currency: the plan is in {before.currency}, and stays so"
        raise bad_request(detail)
    after = {**plans, code: plan}
    await _refuse_untaxed(
        call, lines_sold(catalogue, plans.values()), lines_sold(catalogue, after.values())
    )
    return await documents.put(call, "plan", code, plan)


def read_plan(code: str, given: dict[str, Any]) -> Plan:
    """A plan as an operator wrote it, under its code. Raises BadTerms."""
    plan = parse_plan({"plan_code": code, **given})
    if plan.plan_code != code:
        raise BadTerms("plan_code", f"is '{code}' in the path")
    if _CODE.fullmatch(code) is None:
        raise BadTerms("plan_code", "may have 64 letters, digits, '_', '.' and '-'")
    return plan


def check_charges(plan: Plan, catalogue: Catalogue) -> None:
    """See that what a plan charges can be metered. Raises BadTerms."""
    for at, charge in enumerate(plan.charges):
        metric = catalogue.metrics.get((charge.product_id, charge.metric))
        what = f"{charge.product_id} {charge.metric}"
        if metric is None:
            raise BadTerms(f"charges[{at}].metric", f"the catalogue has no {what}")
        if charge.region != ANY_REGION and not metric.is_regional:
            raise BadTerms(f"charges[{at}].region", f"{what} has no regions")


def check_lines(rules: Sequence[TaxRule], catalogue: Catalogue, plans: Iterable[Plan]) -> None:
    """See that what tax rules name can be sold: they'd never tax what is misspelt. Raises BadTerms.

    The place is within the list of rules.
    """
    sold = lines_sold(catalogue, plans)
    for at, rule in enumerate(rules):
        for place, line in enumerate(rule.applies_to or ()):
            if line not in sold:
                reason = f"nothing that is sold is of the product line {line!r}"
                raise BadTerms(f"[{at}].applies_to[{place}]", reason)
