"""What a scenario lacks of plans, addresses, taxes, coupons and usage in one customer."""

import asyncio
from typing import Any

import msgspec

from tenantry.areas.addresses import tax_numbers
from tenantry.areas.addresses.row import PARTS
from tenantry.areas.operator.plan import Due, Plan, given
from tenantry.areas.operator.planning_prices import Offer
from tenantry.areas.operator.scenario_billing import MONTHS, UsageEvent, read_moment
from tenantry.areas.operator.scenario_parts import BadScenario
from tenantry.areas.operator.scenario_shape import Customer
from tenantry.areas.operator.shelves import Kind
from tenantry.areas.operator.standing_billing import coupon_facts
from tenantry.areas.pricing.coupons import read_new
from tenantry.areas.pricing.money import plain, units_of
from tenantry.areas.pricing.months import Month
from tenantry.areas.pricing.reading import BadTerms
from tenantry.areas.usage.event import REASONS, Check, Event, Refused, Sent, Span
from tenantry.areas.usage.ledger import LEDGER, Entry
from tenantry.core.clock import Instant, shown
from tenantry.core.database import Database
from tenantry.core.errors import Problem

EVENTS_AT_ONCE = 200
"""Usage events that are looked up, and written, together."""


def moment(place: str, text: str, now: Instant) -> Instant:
    """What a moment in the file means. Raises BadScenario."""
    try:
        return read_moment(text, now)
    except ValueError as problem:
        why = f"is neither an RFC 3339 time nor `last month` or `this month`: {problem}"
        raise BadScenario(place, why) from problem


def is_passing(text: str, stands: Instant) -> bool:
    """Whether a moment moves along, away from what stands since it was `last month`, say."""
    return text in MONTHS and stands == Month.of(stands).first


def plan_billing(plan: Plan, customer: Customer, offer: Offer) -> None:
    """Everything of it but usage."""
    rates = _plan_assignment(plan, customer, offer)
    for slot, home in (("billing", customer.billing_address), ("tax", customer.tax_address)):
        if home is not None:
            due = Due("address", f"{plan.place}.{slot}_address", slot, home)
            _settle(plan, due, slot, given(home, PARTS))
    _plan_taxes(plan, customer)
    for at, row in enumerate(customer.coupons):
        place = f"{plan.place}.coupons[{at}]"
        fields = msgspec.structs.asdict(row)
        terms = {name: value for name, value in fields.items() if value is not None}
        try:
            coupon = read_new(terms, offer.catalogue, offer.plans, offer.plans.get(rates or ""))
        except BadTerms as problem:
            raise BadScenario(f"{place}.{problem.path}", problem.reason) from problem
        said = given(row, row.said)
        facts = {name: value for name, value in coupon_facts(coupon).items() if name in said}
        _settle(plan, Due("coupon", place, row.code, terms), row.code, facts)


def _settle(plan: Plan, due: Due, key: str, facts: dict[str, Any]) -> None:
    if plan.settle(due.kind, due.place, None, key, facts).is_due:
        plan.due.append(due)


def _settle_value(plan: Plan, kind: Kind, name: str, value: Any) -> None:
    """What a customer has one of, and is a value in his own row."""
    if plan.settle(kind, plan.place, None, name, {name: value}).is_due:
        plan.due.append(Due(kind, f"{plan.place}.{name}", name, value))


def _plan_assignment(plan: Plan, customer: Customer, offer: Offer) -> str | None:
    """Which plan the customer has or gets."""
    stands = plan.standing["plan assignment"].by_key.get("plan")
    code = customer.plan
    if code is None:
        return None if stands is None else str(stands.facts["plan"])
    place = f"{plan.place}.plan"
    if code not in offer.plans:
        raise BadScenario(place, f"there is no plan {code!r}")
    _settle_value(plan, "plan assignment", "plan", code)
    return code if stands is None else str(stands.facts["plan"])


def _plan_taxes(plan: Plan, customer: Customer) -> None:
    if customer.tax_id is not None:
        place = f"{plan.place}.tax_id"
        try:
            number = tax_numbers.read(customer.tax_id)
        except Problem as problem:
            raise BadScenario(place, problem.detail or problem.title) from problem
        _settle_value(plan, "tax id", "tax_id", number)
    # Who is not exempt has nothing that says so.
    is_refuted = "is_tax_exempt" in customer.said and bool(plan.standing["tax status"].all)
    if customer.is_tax_exempt or is_refuted:
        _settle_value(plan, "tax status", "is_tax_exempt", customer.is_tax_exempt)


class _Asked(msgspec.Struct, frozen=True):
    """An event of the file, and as if it had been sent."""

    place: str
    row: UsageEvent
    sent: Sent


async def plan_usage(
    database: Database, plan: Plan, asked: tuple[Customer, Offer], since: Instant
) -> None:
    """The usage events that lack, of a customer who was there since then."""
    customer, offer = asked
    sent = [
        one
        for at, row in enumerate(customer.usage)
        if (one := _asked(plan, f"{plan.place}.usage[{at}]", row, database.clock())) is not None
    ]
    for one in sent:
        offer.taken.take(f"{one.place}.id", "usage", one.row.source, one.row.id)
    services = {(plan.customer_id, one.sent.service_id or "") for one in sent}
    span = {plan.customer_id: Span(since, None)}
    check = Check(database.clock(), offer.catalogue, span, services)
    for first in range(0, len(sent), EVENTS_AT_ONCE):
        due = await _lacking(database, plan, sent[first : first + EVENTS_AT_ONCE], check)
        checked = [(one.sent, _checked(one, check)) for one in due]
        if checked:
            offer.months |= {event.month for _, event in checked}
            members = tuple(event.id for _, event in checked)
            plan.due.append(Due("usage event", due[0].place, "", checked, members=members))


def _asked(plan: Plan, place: str, row: UsageEvent, now: Instant) -> _Asked | None:
    """An event as if it had been sent; None if its service was removed."""
    service_id = None
    if row.service is not None:
        service = plan.service(f"{place}.service", row.service)
        if service.is_gone:
            plan.skip("usage event", place, "is left out: its service was removed")
            return None
        service_id = service.id
    at = moment(f"{place}.timestamp", row.timestamp, now)
    sent = Sent(
        source=row.source,
        id=row.id,
        customer_id=plan.customer_id,
        product_id=row.product_id,
        metric=row.metric,
        quantity=msgspec.Raw(str(row.quantity).encode()),
        timestamp=shown(at) if row.timestamp in MONTHS else row.timestamp,
        service_id=service_id,
        region=row.region,
    )
    return _Asked(place, row, sent)


async def _lacking(
    database: Database, plan: Plan, asked: list[_Asked], check: Check
) -> list[_Asked]:
    """The events whose identities nobody has used. Raises BadScenario if another customer has."""
    found = await asyncio.gather(
        *(LEDGER.find(database, one.row.source, one.row.id) for one in asked)
    )
    lacking = []
    for one, entry in zip(asked, found, strict=True):
        if entry is None:
            lacking.append(one)
        elif entry.customer_id != plan.customer_id:
            raise BadScenario(f"{one.place}.id", "an event of another customer has it")
        elif entry.voided_at is not None:
            plan.skip("usage event", one.place, "was voided, and stays so")
        else:
            plan.unchanged["usage event"] += 1
            _compare(plan, one, check.look(one.sent), entry)
    return lacking


def _compare(plan: Plan, asked: _Asked, event: Event | Refused | str, entry: Entry) -> None:
    """Note where the file says something else of an event than the ledger."""
    if isinstance(event, str):
        raise BadScenario(asked.place, REASONS[event])
    facts = _facts(event.event if isinstance(event, Refused) else event)
    said = set(given(asked.row, asked.row.said))
    if is_passing(asked.row.timestamp, entry.at):
        said.remove("timestamp")
    said_facts = {name: value for name, value in facts.items() if name in said}
    plan.compare(asked.place, said_facts, _facts(entry))


def _facts(event: Event | Entry) -> dict[str, str]:
    return {
        "service": event.service_id,
        "product_id": event.product_id,
        "metric": event.metric,
        "region": event.region,
        "quantity": plain(units_of(event.quantity, 1)),
        "timestamp": shown(event.at),
    }


def _checked(asked: _Asked, check: Check) -> Event:
    checked = check(asked.sent)
    if isinstance(checked, str):
        raise BadScenario(asked.place, REASONS[checked])
    return checked
