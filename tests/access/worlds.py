"""Random customers, for the evaluators to disagree on."""

import random

from tests.access.naive import COLUMNS, MATRIX, Rows, Token, User

SCOPES = ("global", "global:read", "purge_all", "purge_select")
LADDER = ("read_only", "purge_select", "purge_all", "full")
SERVICES = ("s1", "s2", "s3")
USERS = ("u1", "u2", "u3")
GROUPS = ("g1", "g2", "g3")
SERVICE_GROUPS = ("h1", "h2")
ROLES = ("r1", "r2")
GROUP_ROLES = (*(one for one in COLUMNS if one != "superuser"), *ROLES)


def some(dice: random.Random, of: tuple[str, ...], most: int = 3) -> list[str]:
    """A few of them, maybe none."""
    return dice.sample(of, dice.randint(0, min(most, len(of))))


def random_rows(dice: random.Random) -> Rows:
    """A customer in which everything that can be is there by chance."""
    rows = Rows()
    for role in ROLES:
        rows.roles[role] = some(dice, tuple(MATRIX), 12)
    for user in USERS:
        roles = some(dice, (*COLUMNS, *ROLES), 2) or ["user"]
        # Superusers hold nothing besides, and are never limited (contract: access §9.1, §9.5).
        roles = ["superuser"] if "superuser" in roles else roles
        is_limited = roles != ["superuser"] and dice.random() < 0.5
        rows.users[user] = User(roles, is_limited, is_gone=dice.random() < 0.05)
    _fill_groups(dice, rows)
    for user in USERS:
        rows.authorizations += [
            (user, service, dice.choice(LADDER)) for service in some(dice, SERVICES)
        ]
        rows.tokens[f"t-{user}"] = _random_token(dice, user)
    rows.tokens["t-bot"] = _random_token(dice, None)
    rows.tokens["t-bot"].roles = some(dice, GROUP_ROLES, 2) or ["user"]
    return rows


def _fill_groups(dice: random.Random, rows: Rows) -> None:
    for group in GROUPS:
        rows.members += [(group, user) for user in some(dice, USERS, 2)]
        rows.group_roles += [(group, role) for role in some(dice, GROUP_ROLES, 2)]
        rows.group_service_groups += [(group, one) for one in some(dice, SERVICE_GROUPS, 2)]
    for group in SERVICE_GROUPS:
        rows.service_group_services += [(group, one) for one in some(dice, SERVICES, 2)]


def _random_token(dice: random.Random, user: str | None) -> Token:
    scopes = ["global"] if dice.random() < 0.5 else some(dice, SCOPES, 2) or ["global"]
    return Token(user, scopes, is_limited=dice.random() < 0.3, services=some(dice, SERVICES, 2))
