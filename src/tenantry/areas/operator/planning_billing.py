"""What a scenario lacks of plans, addresses, taxes, coupons and usage in one customer."""

import asyncio
from typing import Any

import msgspec

from tenantry.areas.addresses import tax_numbers
from tenantry.areas.addresses.row import PARTS
from tenantry.areas.operator.plan import Due, Plan
from tenantry.areas.operator.planning_prices import Offer
from tenantry.areas.operator.scenario_billing import UsageEvent, read_moment
from tenantry.areas.operator.scenario_parts import BadScenario
from tenantry.areas.operator.scenario_shape import Customer
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


def plan_billing(plan: Plan, customer: Customer, offer: Offer) -> None:
    """Everything of it but usage."""
    rates = _plan_assignment(plan, customer, offer)
    for slot, home in (("billing", customer.billing_address), ("tax", customer.tax_address)):
        if home is not None:
            facts = {name: getattr(home, name) for name in PARTS}
            _settle(plan, Due("address", f"{plan.place}.{slot}_address", slot, home), slot, facts)
    _plan_taxes(plan, customer)
    for at, row in enumerate(customer.coupons):
        place = f"{plan.place}.coupons[{at}]"
        fields = msgspec.structs.asdict(row)
        given = {name: value for name, value in fields.items() if value is not None}
        try:
            coupon = read_new(given, offer.catalogue, offer.plans, offer.plans.get(rates or ""))
        except BadTerms as problem:
            raise BadScenario(f"{place}.{problem.path}", problem.reason) from problem
        _settle(plan, Due("coupon", place, row.code, given), row.code, coupon_facts(coupon))


def _settle(plan: Plan, due: Due, key: str, facts: dict[str, Any]) -> None:
    # What a customer has one of is a value in his own row.
    place = due.place.removesuffix(f".{key}")
    if plan.settle(due.kind, place, None, key, facts).is_due:
        plan.due.append(due)


def _plan_assignment(plan: Plan, customer: Customer, offer: Offer) -> str | None:
    """Which plan the customer has or gets."""
    stands = plan.standing["plan assignment"].by_key.get("plan")
    code = customer.plan
    if code is None:
        return None if stands is None else str(stands.facts["plan"])
    place = f"{plan.place}.plan"
    if code not in offer.plans:
        raise BadScenario(place, f"there is no plan {code!r}")
    _settle(plan, Due("plan assignment", place, code, code), "plan", {"plan": code})
    return code if stands is None else str(stands.facts["plan"])


def _plan_taxes(plan: Plan, customer: Customer) -> None:
    if customer.tax_id is not None:
        place = f"{plan.place}.tax_id"
        try:
            number = tax_numbers.read(customer.tax_id)
        except Problem as problem:
            raise BadScenario(place, problem.detail or problem.title) from problem
        _settle(plan, Due("tax id", place, number, number), "tax_id", {"tax_id": number})
    if customer.is_tax_exempt:
        due = Due("tax status", f"{plan.place}.is_tax_exempt", "", customer.is_tax_exempt)
        _settle(plan, due, "is_tax_exempt", {})


async def plan_usage(
    database: Database, plan: Plan, asked: tuple[Customer, Offer], since: Instant
) -> None:
    """The usage events that lack, of a customer who was there since then."""
    customer, offer = asked
    sent = [
        one
        for at, row in enumerate(customer.usage)
        if (one := _sent(plan, f"{plan.place}.usage[{at}]", row, database.clock())) is not None
    ]
    for place, event in sent:
        offer.taken.take(f"{place}.id", "usage", event.source, event.id)
    services = {(plan.customer_id, event.service_id or "") for _, event in sent}
    span = {plan.customer_id: Span(since, None)}
    check = Check(database.clock(), offer.catalogue, span, services)
    for first in range(0, len(sent), EVENTS_AT_ONCE):
        due = await _lacking(database, plan, sent[first : first + EVENTS_AT_ONCE], check)
        checked = [(one, _checked(place, one, check)) for place, one in due]
        if checked:
            offer.months |= {event.month for _, event in checked}
            members = tuple(event.id for _, event in checked)
            plan.due.append(Due("usage event", due[0][0], "", checked, members=members))


def _sent(plan: Plan, place: str, row: UsageEvent, now: Instant) -> tuple[str, Sent] | None:
    """An event as if it had been sent; None if its service was removed."""
    service_id = None
    if row.service is not None:
        service = plan.service(f"{place}.service", row.service)
        if service.is_gone:
            plan.skip("usage event", place, "is left out: its service was removed")
            return None
        service_id = service.id
    is_told = row.timestamp not in {"last month", "this month"}
    at = moment(f"{place}.timestamp", row.timestamp, now)
    return place, Sent(
        source=row.source,
        id=row.id,
        customer_id=plan.customer_id,
        product_id=row.product_id,
        metric=row.metric,
        quantity=msgspec.Raw(str(row.quantity).encode()),
        timestamp=row.timestamp if is_told else shown(at),
        service_id=service_id,
        region=row.region,
    )


async def _lacking(
    database: Database, plan: Plan, sent: list[tuple[str, Sent]], check: Check
) -> list[tuple[str, Sent]]:
    """The events whose identities nobody has used. Raises BadScenario if another customer has."""
    found = await asyncio.gather(*(LEDGER.find(database, one.source, one.id) for _, one in sent))
    lacking = []
    for (place, one), entry in zip(sent, found, strict=True):
        if entry is None:
            lacking.append((place, one))
        elif entry.customer_id != plan.customer_id:
            raise BadScenario(f"{place}.id", "an event of another customer has it")
        else:
            plan.unchanged["usage event"] += 1
            asked = check.look(one)
            _compare(plan, place, asked.event if isinstance(asked, Refused) else asked, entry)
    return lacking


def _compare(plan: Plan, place: str, asked: Event | str, entry: Entry) -> None:
    """Note where the file says something else of an event than the ledger."""
    if isinstance(asked, str):
        raise BadScenario(place, REASONS[asked])
    said = _facts(asked)
    # `last month` moves along, and what was used in it stays.
    if all(one.at == Month.of(one.at).first for one in (asked, entry)):
        del said["timestamp"]
    plan.compare(place, said, _facts(entry))


def _facts(event: Event | Entry) -> dict[str, str]:
    return {
        "service": event.service_id,
        "product_id": event.product_id,
        "metric": event.metric,
        "region": event.region,
        "quantity": plain(units_of(event.quantity, 1)),
        "timestamp": shown(event.at),
    }


def _checked(place: str, sent: Sent, check: Check) -> Event:
    checked = check(sent)
    if isinstance(checked, str):
        raise BadScenario(place, REASONS[checked])
    return checked
