"""What a scenario lacks of keys, of users and of programs, in one customer."""

from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from tenantry.areas.operator.plan import Due, Plan, facts_of_roles, given
from tenantry.areas.operator.scenario_parts import BadScenario
from tenantry.areas.operator.scenario_shape import AutomationToken, Customer, Token
from tenantry.areas.tokens import terms
from tenantry.areas.tokens.model import MAX_LIVE
from tenantry.core.clock import Instant, read, shown
from tenantry.core.secrets import Keyring, new_token

if TYPE_CHECKING:
    from collections.abc import Hashable


def plan_tokens(plan: Plan, customer: Customer, keyring: Keyring, now: Instant) -> None:
    """The keys of users and of programs. Raises BadScenario where there are too many."""
    for at, token in enumerate(customer.tokens):
        place = f"{plan.place}.tokens[{at}]"
        user = plan.user(f"{place}.user", token.user)
        facts = {"kind": "user", "user": user.id}
        _plan_token(plan, Due("token", place, "", token, user.id), facts, keyring)
    for at, program in enumerate(customer.automation_tokens):
        place = f"{plan.place}.automation_tokens[{at}]"
        maker = plan.owner_id
        roles = plan.several_roles(place, program.roles)
        facts = {
            "kind": "automation",
            **given(program, ("tls_access",)),
            **facts_of_roles(program, roles),
        }
        if program.user is not None:
            maker = facts["user"] = plan.user(f"{place}.user", program.user).id
        due = Due("automation token", place, "", program, maker, roles=roles)
        _plan_token(plan, due, facts, keyring)
    _check_limits(plan, now)


def _plan_token(plan: Plan, due: Due, facts: dict[str, Any], keyring: Keyring) -> None:
    row: Token | AutomationToken = due.given
    named = enumerate(row.services)
    services = [plan.service(f"{due.place}.services[{at}]", text) for at, text in named]
    maker = plan.users.get(due.user_id or "")
    if any(one.is_gone for one in services) or (maker is not None and maker.is_gone):
        plan.skip(due.kind, due.place, "is left out: what it belongs to was removed")
        return
    ids = tuple(dict.fromkeys(one.id for one in services))
    facts = given(row, ("name",)) | facts
    if "scope" in row.said:
        facts["scope"] = terms.checked_scope(row.scope)
    if "services" in row.said:
        facts["services"] = list(ids)
    if row.expires_at is not None:
        facts["expires_at"] = shown(read(row.expires_at))
    key: Hashable = (due.user_id if due.kind == "token" else None, row.name)
    if row.access_token is not None:
        key = facts["access_token"] = keyring.digest(row.access_token)
    target = plan.settle(due.kind, due.place, row.id, key, facts)
    if target.is_due:
        secret = row.access_token or new_token()
        replaced = msgspec.structs.replace(due, id=target.id, services=ids, secret=secret)
        plan.due.append(replaced)


def _check_limits(plan: Plan, now: Instant) -> None:
    counts: Counter[str | None] = Counter()
    for stand in plan.standing["token"].all:
        expires_at = stand.facts["expires_at"]
        if stand.facts["kind"] != "session" and (expires_at is None or expires_at > shown(now)):
            counts[stand.facts["user"] if stand.facts["kind"] == "user" else None] += 1
    for due in plan.due:
        if due.kind in {"automation token", "token"}:
            holder = due.user_id if due.kind == "token" else None
            counts[holder] += 1
            if counts[holder] > MAX_LIVE:
                whose = "a user" if holder else "a customer's programs"
                raise BadScenario(due.place, f"{whose} can have {MAX_LIVE} tokens at most")
