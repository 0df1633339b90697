"""How long a customer's sessions last, and what lets its people in (contract: access §10)."""

import msgspec
from sqlalchemy import bindparam

from tenantry.access.granting import grants_anything
from tenantry.access.sessions import IDLE_SECONDS, SESSION_SECONDS
from tenantry.core import audit
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import bad_request, not_authorized
from tenantry.core.security_tables import sign_in_policies
from tenantry.core.statements import Statement, point

SHORTEST_IDLE, SHORTEST_SESSION, LONGEST = 300, 900, 30 * 24 * 3600
"""Seconds: five and fifteen minutes, and thirty days (NIST SP 800-63B §2.1.3)."""

_P = sign_in_policies.c
_FIND = point(
    [_P.idle_seconds, _P.session_seconds, _P.allows_passkey_alone],
    sign_in_policies,
    customer_id=_P.customer_id,
)
_SET = Statement(
    lambda insert: (
        insert(sign_in_policies)
        .values(
            customer_id=bindparam("customer_id"),
            idle_seconds=bindparam("idle_seconds"),
            session_seconds=bindparam("session_seconds"),
            allows_passkey_alone=bindparam("allows_passkey_alone"),
            updated_at=bindparam("updated_at"),
        )
        .on_conflict_do_update(
            index_elements=["customer_id"],
            set_={
                "idle_seconds": bindparam("idle_seconds"),
                "session_seconds": bindparam("session_seconds"),
                "allows_passkey_alone": bindparam("allows_passkey_alone"),
                "updated_at": bindparam("updated_at"),
            },
        )
    )
)


class SignInPolicy(msgspec.Struct, frozen=True):
    """How a customer's people sign in."""

    idle_seconds: int = IDLE_SECONDS
    """After how long without use a session ends."""
    session_seconds: int = SESSION_SECONDS
    """After how long a session ends in any case."""
    allows_passkey_alone: bool = False
    """Whether a passkey that its owner unlocked is enough, without a password."""


async def find_policy(call: Reading) -> SignInPolicy:
    """The policy of the call's customer."""
    row = await call.one(_FIND, customer_id=call.customer_id)
    return SignInPolicy() if row is None else SignInPolicy(*row)


async def set_policy(call: Writing, new: SignInPolicy) -> None:
    """Set it; sessions that last longer by it than they may end at once.

    Raises Problem 400, 403.
    """
    if not grants_anything(call):
        raise not_authorized("customer.security")
    check_policy(new)
    old = await find_policy(call)
    if old == new:
        return
    given = {name: getattr(new, name) for name in SignInPolicy.__struct_fields__}
    await call.run(_SET, customer_id=call.customer_id, updated_at=call.now, **given)
    differing = [name for name in given if getattr(old, name) != given[name]]
    await audit.record(
        call,
        "sign_in_policy.update",
        "The sign-in policy was updated",
        event_type="customer.update",
        metadata={
            "action": "sign_in_policy.update",
            "old": {name: getattr(old, name) for name in differing},
            "new": {name: given[name] for name in differing},
        },
    )


def check_policy(new: SignInPolicy) -> None:
    """Refuse what is out of bounds. Raises Problem 400."""
    if not SHORTEST_SESSION <= new.session_seconds <= LONGEST:
        detail = f"Session seconds must be between {SHORTEST_SESSION} and {LONGEST}"
        raise bad_request(detail)
    if not SHORTEST_IDLE <= new.idle_seconds <= new.session_seconds:
        detail = f"Idle seconds must be between {SHORTEST_IDLE} and session seconds"
        raise bad_request(detail)
