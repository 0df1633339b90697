"""What a scenario lacks in the database: found out, and refused as a whole, before any writing.

A row that stands is left as it is; where the file says something else of it, that is noted. One
that was removed under the id that the file gives it stays removed, and what hangs on it is left
out.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from tenantry.areas.customers.model import CONTACTS, CustomerRow
from tenantry.areas.operator import standing
from tenantry.areas.operator.plan import (
    Due,
    Plan,
    Target,
    check_limitable,
    facts_of_roles,
    given,
)
from tenantry.areas.operator.planning_access import plan_access, plan_roles
from tenantry.areas.operator.planning_billing import is_passing, moment, plan_billing, plan_usage
from tenantry.areas.operator.planning_prices import Offer
from tenantry.areas.operator.planning_tokens import plan_tokens
from tenantry.areas.operator.scenario_checks import Taken
from tenantry.areas.operator.scenario_parts import BadScenario
from tenantry.areas.operator.scenario_shape import (
    Customer,
    OperatorKey,
    Scenario,
    Service,
    User,
)
from tenantry.areas.users import model as users
from tenantry.core.clock import Instant, shown
from tenantry.core.database import Database
from tenantry.core.ids import new_id
from tenantry.core.permissions import ROLE_IDS
from tenantry.core.secrets import Keyring

ASKED_AT_ONCE = 200
"""Reads that wait together: on PostgreSQL they become one query."""

SETTINGS = [
    name
    for name in Customer.__struct_fields__
    if name in CustomerRow.__struct_fields__ and name not in {"created_at", "id"}
]


async def plan_all(
    database: Database, keyring: Keyring, scenario: Scenario, offer: Offer
) -> list[Plan]:
    """A plan for each customer. Raises BadScenario, before anything is written."""
    known = _Known(await standing.customers(database))
    taken = Taken()
    plans = []
    for at, customer in enumerate(scenario.customers):
        place = f"customers[{at}]"
        found = known.find(place, customer)
        taken.take(place, found or place)
        if found in known.closed:
            plan = Plan(place, found)
            plan.skip("customer", place, "was closed, and stays so")
        else:
            row = await standing.customer_row(database, found) if found else None
            plan = await _plan(database, keyring, (place, customer), row)
            since = row.created_at if row else _beginning(place, customer, database.clock())
            plan_billing(plan, customer, offer)
            await plan_usage(database, plan, (customer, offer), since)
        plans.append(plan)
    due = [one for plan in plans for one in plan.due]
    for at in range(0, len(due), ASKED_AT_ONCE):
        asked = due[at : at + ASKED_AT_ONCE]
        await asyncio.gather(*(_check_elsewhere(database, keyring, one) for one in asked))
    return plans


class _Known:
    """The customers that there are."""

    def __init__(self, rows: Iterable[standing.CustomerName]) -> None:
        self.ids: set[str] = set()
        self.closed: set[str] = set()
        self._named: dict[str, list[str]] = {}
        for row_id, name, deleted_at in rows:
            self.ids.add(row_id)
            if deleted_at is None:
                self._named.setdefault(name, []).append(row_id)
            else:
                self.closed.add(row_id)

    def find(self, place: str, customer: Customer) -> str:
        """The id of the customer that is meant; empty for a new one. Raises BadScenario."""
        if customer.id is not None:
            return customer.id if customer.id in self.ids else ""
        found = self._named.get(customer.name, [""])
        if len(found) > 1:
            raise BadScenario(f"{place}.id", f"is needed: {len(found)} customers have this name")
        return found[0]


async def _plan(
    database: Database, keyring: Keyring, asked: tuple[str, Customer], row: CustomerRow | None
) -> Plan:
    place, customer = asked
    if row is None:
        plan = Plan(place, customer.id or new_id())
    else:
        plan = Plan(place, row.id, await standing.inside(database, row))
        plan.owner_id = row.owner_id
    plan_roles(plan, customer)
    plan_users(plan, customer.users, is_pci=row is not None and row.has_pci_passwords)
    plan_customer(plan, customer, row, database.clock())
    plan_services(plan, customer)
    plan_tokens(plan, customer, keyring, database.clock())
    plan_access(plan, customer)
    plan_contacts(plan, customer)
    plan_stars(plan, customer)
    return plan


async def _check_elsewhere(database: Database, keyring: Keyring, due: Due) -> None:
    """What is one in the whole installation: logins and secrets."""
    if due.kind == "user":
        if await standing.login_holder(database, users.login_key(due.given.login)) is not None:
            raise BadScenario(f"{due.place}.login", "a user of another customer has it")
    elif due.kind == "invitation":
        if await standing.login_holder(database, users.login_key(due.given.email)) is not None:
            raise BadScenario(f"{due.place}.email", "a user of another customer has it")
    elif due.secret is not None and due.given.access_token is not None:
        digest = keyring.digest(due.secret)
        if await standing.is_token(database, digest):
            raise BadScenario(f"{due.place}.access_token", "another token has it")
        if await standing.is_operator_key(database, digest):
            raise BadScenario(f"{due.place}.access_token", "an operator key is the same")


async def plan_keys(
    database: Database, keyring: Keyring, scenario: Scenario
) -> list[tuple[str, OperatorKey]]:
    """The operator keys that lack, with their places. Raises BadScenario."""
    due = []
    for at, key in enumerate(scenario.operator_keys):
        place, digest = f"operator_keys[{at}].key", keyring.digest(key.key)
        if await standing.is_token(database, digest):
            raise BadScenario(place, "a token is the same")
        if not await standing.is_operator_key(database, digest):
            due.append((place, key))
    return due


def plan_users(plan: Plan, rows: Iterable[User], *, is_pci: bool) -> None:
    """The users, the owner first; `is_pci` of a customer who asks for new passwords himself."""
    for stand in plan.standing["user"].all:
        target = Target(stand.id, stand.is_gone)
        plan.users[stand.id] = target
        plan.roles_of[stand.id] = stand.facts["roles"]
        if not stand.is_gone:
            plan.users |= {str(key): target for key in stand.keys}
    due = []
    for at, row in enumerate(rows):
        place, key = f"{plan.place}.users[{at}]", users.login_key(row.login)
        roles = plan.several_roles(place, row.roles)
        if row.limit_services:
            check_limitable(f"{place}.roles", roles)
        facts = {"login": key, **_facts_of_user(row, is_pci=is_pci), **facts_of_roles(row, roles)}
        target = plan.settle("user", place, row.id, key, facts)
        plan.users |= {key: target, target.id: target}
        if target.is_due:
            plan.roles_of[target.id] = sorted(roles) or [ROLE_IDS[row.role]]
            due.append(Due("user", place, target.id, row, roles=roles))
    if plan.owner_id is None:
        plan.owner_id = _owner(plan, due)
    # The owner before everything else, whatever unit the rest is written in.
    plan.due = [one for one in due if one.id == plan.owner_id] + plan.due
    plan.due += [one for one in due if one.id != plan.owner_id]


def _facts_of_user(row: User, *, is_pci: bool) -> dict[str, Any]:
    facts = given(row, ("name", "limit_services", "locked"))
    # Whoever is said to be no owner is made it if nobody else is.
    if row.owner:
        facts["owner"] = True
    if row.require_new_password or not is_pci:
        facts |= given(row, ("require_new_password",))
    return facts


def _owner(plan: Plan, due: list[Due]) -> str:
    owners = [one for one in due if one.given.owner]
    able = [one for one in due if one.given.role == "superuser" and not one.given.locked]
    if not able:
        raise BadScenario(f"{plan.place}.users", "a new customer needs a superuser to own it")
    return (owners or able)[0].id


def plan_customer(plan: Plan, customer: Customer, stands: CustomerRow | None, now: Instant) -> None:
    """The customer's own row; after its users, whom it names."""
    named: dict[str, Any] = {}
    for kind in CONTACTS:
        text = getattr(customer, f"{kind}_contact")
        if text is not None:
            target = plan.user(f"{plan.place}.{kind}_contact", text)
            named[f"{kind}_contact_id"] = target.id
    if stands is not None:
        plan.unchanged["customer"] += 1
        facts = given(customer, SETTINGS) | {"name": customer.name} | named
        since = customer.created_at
        if since is not None and not is_passing(since, stands.created_at):
            facts["created_at"] = shown(moment(f"{plan.place}.created_at", since, now))
        shown_since = {"created_at": shown(stands.created_at)}
        plan.compare(plan.place, facts, msgspec.structs.asdict(stands) | shown_since)
        return
    settings = {name: getattr(customer, name) for name in SETTINGS}
    settings["created_at"] = _beginning(plan.place, customer, now)
    row = CustomerRow(id=plan.customer_id, owner_id=plan.owner_id, **settings, **named)
    plan.due.insert(0, Due("customer", plan.place, plan.customer_id, row))


def _beginning(place: str, customer: Customer, now: Instant) -> Instant:
    """Since when a new customer is one."""
    if customer.created_at is None:
        return now
    at = moment(f"{place}.created_at", customer.created_at, now)
    if at > now:
        raise BadScenario(f"{place}.created_at", "is yet to come")
    return at


def plan_services(plan: Plan, customer: Customer) -> None:
    """The services with their versions."""
    by_id: dict[str, Target] = {}
    for stand in plan.standing["service"].all:
        by_id[stand.id] = target = Target(stand.id, stand.is_gone)
        if not stand.is_gone:
            plan.services[stand.facts["name"]] = target
    for at, row in enumerate(customer.services):
        place = f"{plan.place}.services[{at}]"
        facts = {"name": row.name, **given(row, ("type", "comment", "active_version"))}
        target = plan.settle("service", place, row.id, row.name, facts)
        plan.services[row.name] = by_id[target.id] = target
        if target.is_due:
            plan.due.append(Due("service", place, target.id, row))
        elif "versions" in row.said and not target.is_gone:
            stand = plan.standing["service"].by_id[target.id]
            _compare_versions(plan, place, row, stand.facts["versions"])
    plan.services |= by_id


def _compare_versions(
    plan: Plan, place: str, row: Service, stands: Sequence[Mapping[str, Any]]
) -> None:
    if len(row.versions) != len(stands):
        comments = {"versions": [one["comment"] for one in stands]}
        plan.compare(place, {"versions": [one.comment for one in row.versions]}, comments)
        return
    for at, (said, stand) in enumerate(zip(row.versions, stands, strict=True)):
        # The active one is locked, whatever is said.
        names = ("comment",) if at + 1 == row.active_version else ("comment", "locked")
        plan.compare(f"{place}.versions[{at}]", given(said, names), stand)


def plan_contacts(plan: Plan, customer: Customer) -> None:
    """The contacts."""
    for at, row in enumerate(customer.contacts):
        place = f"{plan.place}.contacts[{at}]"
        who = Target((row.email or "").casefold())
        if row.user is not None:
            who = plan.user(f"{place}.user", row.user)
        if who.is_gone:
            plan.skip("contact", place, "is left out: its user was removed")
            continue
        key = (row.contact_type, who.id)
        target = plan.settle("contact", place, None, key, given(row, ("name", "phone")))
        if target.is_due:
            user_id = who.id if row.user is not None else None
            plan.due.append(Due("contact", place, target.id, row, user_id))


def plan_stars(plan: Plan, customer: Customer) -> None:
    """The stars."""
    for at, row in enumerate(customer.stars):
        place = f"{plan.place}.stars[{at}]"
        user = plan.user(f"{place}.user", row.user)
        service = plan.service(f"{place}.service", row.service)
        if user.is_gone or service.is_gone:
            plan.skip("star", place, "is left out: its user or service was removed")
            continue
        target = plan.settle("star", place, None, (user.id, service.id), {})
        if target.is_due:
            plan.due.append(Due("star", place, target.id, row, user.id, (service.id,)))
