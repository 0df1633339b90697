"""Rows of a small customer, as revisions have them, by hand and by chance."""

import random
from typing import Any

from tenantry.access.history import Change, State
from tenantry.core.addresses import EVERYWHERE
from tenantry.core.permissions import PERMISSIONS, ROLE_IDS
from tests.world import NOW

CUSTOMER = "1Customer0000000000000"
USERS = ("u1", "u2", "u3", "u4")
SERVICES = ("s1", "s2", "s3")
ROLES = ("r1", "r2", ROLE_IDS["billing"], ROLE_IDS["engineer"], ROLE_IDS["user"])
SCOPES = ("global", "global:read", "purge_all", "purge_select", "global:read purge_all")
LADDER = ("read_only", "purge_select", "purge_all", "full")


def customer(*, deleted: bool = False) -> Change:
    policies = {"force_2fa": False, "force_sso": False, "ip_whitelist": EVERYWHERE}
    return Change("customer", CUSTOMER, {"deleted": deleted, **policies})


def user(user_id: str, *roles: str, limited: bool = False, locked: bool = False) -> Change:
    body = {"limit_services": limited, "locked": locked, "role": "user", "roles": list(roles)}
    return Change("user", user_id, body)


def token(token_id: str, user_id: str | None, scope: str = "global", **more: Any) -> Change:
    """A user's token, or, without a user, an automation token."""
    body: dict[str, Any] = {
        "expires_at": None,
        "kind": "automation" if user_id is None else "user",
        "limited": False,
        "role": None,
        "roles": [],
        "scope": scope,
        "services": [],
        "user_id": user_id,
    }
    return Change("token", token_id, {**body, **more})


def service(service_id: str) -> Change:
    return Change("service", service_id, {"type": "vcl"})


def authorization(row_id: str, user_id: str, service_id: str, permission: str) -> Change:
    body = {"permission": permission, "service_id": service_id, "user_id": user_id}
    return Change("service_authorization", row_id, body)


def named(kind: str, row_id: str, *permissions: str) -> Change:
    more = {"permissions": sorted(permissions)} if kind == "role" else {}
    return Change(kind, row_id, {"name": row_id, **more})


def member(group: str, user_id: str) -> Change:
    body = {"kind": "user", "member_id": user_id, "user_group_id": group}
    return Change("user_group_member", f"{group}/{user_id}", body)


def pair(kind: str, first: tuple[str, str], second: tuple[str, str]) -> Change:
    return Change(kind, f"{first[1]}/{second[1]}", dict((first, second)))


def in_service_group(group: str, service_id: str) -> Change:
    of = ("service_group_id", group), ("service_id", service_id)
    return pair("service_group_service", *of)


def group_role(group: str, role: str) -> Change:
    return pair("user_group_role", ("user_group_id", group), ("role_id", role))


def group_services(group: str, service_group: str) -> Change:
    of = ("user_group_id", group), ("service_group_id", service_group)
    return pair("user_group_service_group", *of)


def gone(change: Change) -> Change:
    return Change(change.kind, change.row_id, None)


def state(*rows: Change) -> State:
    return State.of(CUSTOMER, 1, NOW, (customer(), *rows))


def random_change(dice: random.Random) -> Change:
    """Any row of a small customer, there or gone."""
    group, service_group = dice.choice(("g1", "g2")), dice.choice(("h1", "h2"))
    one, on = dice.choice(USERS), dice.choice(SERVICES)
    permissions = dice.sample(sorted(PERMISSIONS), 8)
    made = dice.choice(
        (
            user(one, *dice.sample(ROLES, 1), limited=dice.random() < 0.5),
            user(one, locked=dice.random() < 0.3),
            service(on),
            token(f"t-{one}", one, dice.choice(SCOPES), limited=dice.random() < 0.5, services=[on]),
            token("t-bot", None, dice.choice(SCOPES), roles=dice.sample(ROLES, 1)),
            authorization(f"a-{one}-{on}", one, on, dice.choice(LADDER)),
            named("role", dice.choice(("r1", "r2")), *permissions),
            named("user_group", group),
            named("service_group", service_group),
            member(group, one),
            in_service_group(service_group, on),
            group_role(group, dice.choice(ROLES)),
            group_services(group, service_group),
        )
    )
    return gone(made) if dice.random() < 0.25 else made
