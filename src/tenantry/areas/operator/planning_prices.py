"""What a scenario lacks of prices: documents of the installation, for all of its customers."""

from collections import Counter
from typing import Any

import msgspec

from tenantry.areas.operator.scenario_checks import Taken
from tenantry.areas.operator.scenario_parts import BadScenario
from tenantry.areas.operator.scenario_shape import Scenario
from tenantry.areas.operator.shelves import Kind
from tenantry.areas.pricing import documents, setting
from tenantry.areas.pricing.catalogue import Catalogue
from tenantry.areas.pricing.reading import BadTerms
from tenantry.areas.pricing.terms import Plan, TaxRule
from tenantry.core.context import Writing
from tenantry.core.database import Database


class DueDocument(msgspec.Struct, frozen=True):
    """A document to be written."""

    kind: Kind
    place: str
    name: str
    given: Any


class Offer:
    """What is sold, once the file's documents stand beside those that do."""

    def __init__(self, catalogue: Catalogue, plans: dict[str, Plan]) -> None:
        self.catalogue = catalogue
        self.plans = plans
        self.due: list[DueDocument] = []
        self.unchanged: Counter[Kind] = Counter()
        self.notes: list[str] = []
        self.taken = Taken()
        """Identities of usage events: one in the whole installation."""
        self.months: set[int] = set()
        """In which something is used."""

    def settle(self, due: DueDocument, stands: Any, wanted: Any) -> None:
        """Have a document written if there is none; note if it is another."""
        if stands is None:
            self.due.append(due)
            return
        self.unchanged[due.kind] += 1
        if stands != wanted:
            self.notes.append(f"{due.place}: another {due.kind} stands, and is left")


async def plan_prices(database: Database, scenario: Scenario) -> Offer:
    """The documents that lack. Raises BadScenario, before anything is written."""
    standing = await documents.every_plan(database)
    offer = Offer(await documents.catalogue(database), dict(standing))
    if scenario.catalogue is not None:
        await _plan_catalogue(database, offer, scenario.catalogue)
    for at, plan in enumerate(scenario.plans):
        _plan_plan(offer, f"plans[{at}]", plan, standing.get(plan.plan_code))
    if scenario.tax_rules:
        # Behind the plans: what a fee is for can be taxed by itself.
        await _plan_taxes(database, offer, tuple(scenario.tax_rules))
    return offer


async def _plan_taxes(database: Database, offer: Offer, rules: tuple[TaxRule, ...]) -> None:
    found = await documents.find(database, "tax_rules")
    stands = None if found is None else await documents.tax_rules(database)
    if stands is None:
        try:
            setting.check_lines(rules, offer.catalogue, offer.plans.values())
        except BadTerms as problem:
            raise BadScenario(f"tax_rules{problem.path}", problem.reason) from problem
    given = {"tax_rules": msgspec.to_builtins(rules)}
    offer.settle(DueDocument("tax table", "tax_rules", "", given), stands, rules)


async def _plan_catalogue(database: Database, offer: Offer, wanted: Catalogue) -> None:
    found = await documents.find(database, "catalogue")
    stands = None if found is None else offer.catalogue
    given = msgspec.to_builtins(wanted)
    offer.settle(DueDocument("catalogue", "catalogue", "", given), stands, wanted)
    if stands is not None:
        return
    offer.catalogue = wanted
    for code, plan in offer.plans.items():
        try:
            setting.check_charges(plan, wanted)
        except BadTerms as problem:
            raise BadScenario("catalogue", f"plan {code!r} stands, and needs more") from problem


def _plan_plan(offer: Offer, place: str, plan: Plan, stands: Plan | None) -> None:
    offer.taken.take(f"{place}.plan_code", "plan", plan.plan_code)
    given = msgspec.to_builtins(plan)
    try:
        setting.read_plan(plan.plan_code, given)
        if stands is None:
            setting.check_charges(plan, offer.catalogue)
    except BadTerms as problem:
        raise BadScenario(f"{place}.{problem.path}", problem.reason) from problem
    offer.settle(DueDocument("plan", place, plan.plan_code, given), stands, plan)
    offer.plans.setdefault(plan.plan_code, plan)


async def write_document(call: Writing, due: DueDocument) -> None:
    """Set a document. Raises Problem."""
    if due.kind == "catalogue":
        await setting.set_catalogue(call, due.given)
    elif due.kind == "tax table":
        await setting.set_tax_rules(call, due.given)
    else:
        await setting.set_plan(call, due.name, due.given)
