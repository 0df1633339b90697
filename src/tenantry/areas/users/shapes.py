"""A user as clients are shown him (contract: identity §3)."""

from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET, UnsetType

from tenantry.access.decide import decide
from tenantry.areas.users import model
from tenantry.core.clock import shown
from tenantry.core.context import Policies, Reading

if TYPE_CHECKING:
    from hashlib import md5
else:
    try:
        # CPython's own, where it has one: OpenSSL takes twice as long for so little.
        from _md5 import md5
    except ImportError:
        from hashlib import md5


class User(msgspec.Struct):
    """A user as the wire shows it; what a reader may not see is left out, never null."""

    id: str
    created_at: str
    updated_at: str
    name: str
    customer_id: str
    require_new_password: bool | UnsetType | None
    role: str
    login: str
    deleted_at: str | None
    locked: bool | UnsetType | None
    two_factor_auth_enabled: bool | UnsetType | None
    limit_services: bool
    last_active_at: str | UnsetType | None
    two_factor_setup_required: bool | UnsetType
    email_hash: str | UnsetType
    roles: list[str] | UnsetType
    limit_workspaces: bool | UnsetType


_FIRST_IN_PUT = ("id", "customer_id", "name", "role", "created_at", "updated_at")
_FIELDS = {field.name: field.type for field in msgspec.structs.fields(User)}
UpdatedUser = msgspec.defstruct(
    "UpdatedUser",
    [(name, _FIELDS[name]) for name in dict.fromkeys((*_FIRST_IN_PUT, *_FIELDS))],
    namespace={"__doc__": "The same in the order that PUT was recorded with."},
    module=__name__,
)


def _email_hash(login: str) -> str:
    """MD5 as Gravatar has it: a public name, not a protection."""
    # Not kept: to find one among many thousands takes longer than to make it.
    return md5(login.strip().lower().encode(), usedforsecurity=False).hexdigest()


def shown_user(row: model.UserRow, call: Reading, *, own: bool = False) -> User:
    """A user as this reader may see it: whole for himself and superusers (access §9.2)."""
    return shown_seen(model.seen(row), call, row.policies, whole=own or sees_all(call, row.id))


def sees_all(call: Reading, user_id: str) -> bool:
    """Whether the caller is shown all of a user: of himself, and superusers of everybody."""
    principal = call.principal
    return user_id == principal.user_id or decide(principal.grants, "user.read:full").allowed


_HELD_BACK = (
    *("require_new_password", "locked", "two_factor_auth_enabled", "last_active_at"),
    *("two_factor_setup_required", "email_hash", "roles", "limit_workspaces"),
)


_BOOLEANS = {0: False, 1: True, None: None}
"""As both databases store them: 0 equals False here, and 1 True."""


def shown_seen(row: model.Seen, call: Reading, policies: Policies, *, whole: bool) -> User:
    """As `shown_user`, of what was read for that, under what his customer asks of him."""
    user = _whole(row, call, policies)
    if not whole:
        _hold_back(user)
    return user


def shown_list(rows: list[model.Seen], call: Reading) -> list[User]:
    """Users of the caller's customer as he may see each."""
    principal = call.principal
    users = [_whole(row, call, principal.policies) for row in rows]
    if not decide(principal.grants, "user.read:full").allowed:
        for user in users:
            if user.id != principal.user_id:
                _hold_back(user)
    return users


def _whole(row: model.Seen, call: Reading, policies: Policies) -> User:
    # In the order of `model.SEEN`.
    id_, made, changed, name, renew, role, login, locked, second, limited, active, roles, at = row
    has_second = _BOOLEANS[second]
    is_outdated = policies.has_pci_passwords and model.is_outdated(at, call.now)
    # By position, in the struct's order: names cost a third of a list of users.
    return User(
        id_,
        shown(made),
        shown(changed),
        name,
        call.customer_id,
        is_outdated or _BOOLEANS[renew],
        role,
        login,
        None,  # he lives
        _BOOLEANS[locked],
        has_second,
        limited == 1,
        None if active is None else shown(active),
        policies.force_2fa and not has_second,
        _email_hash(login),
        model.ids_of(role, roles),
        limit_workspaces=False,
    )


def _hold_back(user: User) -> None:
    for held_back in _HELD_BACK:
        setattr(user, held_back, UNSET)
