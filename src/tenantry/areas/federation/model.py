"""A customer's own OpenID Connect provider: it is connected, changed, checked and removed here.

Who sets one up decides who may sign in as whom: so only superusers do.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UNSET
from sqlalchemy import bindparam, delete, insert, select, update

from tenantry.access.granting import grants_anything
from tenantry.areas.customers import single_sign_on
from tenantry.areas.federation import vouched
from tenantry.areas.federation.provider import ProviderChange, ProviderRow, changed_provider
from tenantry.core import audit
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import bad_request, not_authorized, not_found
from tenantry.core.ids import new_id
from tenantry.core.security_tables import identity_providers
from tenantry.core.statements import Statement, point

MOST = 20
"""Providers of one customer."""


_P = identity_providers.c
_COLUMNS = [_P[name] for name in ProviderRow.__struct_fields__]
_FIND = point(_COLUMNS, identity_providers, ProviderRow, customer_id=_P.customer_id, id=_P.id)
_LIST = Statement(
    select(*_COLUMNS)
    .where(_P.customer_id == bindparam("customer_id"))
    .order_by(_P.created_at, _P.id),
    ProviderRow,
)
_ADD = Statement(insert(identity_providers))
_CHANGEABLE = [name for name in ProviderRow.__struct_fields__ if name not in {"id", "customer_id"}]
_THIS = (_P.customer_id == bindparam("customer"), _P.id == bindparam("provider"))
_CHANGE = Statement(
    update(identity_providers).where(*_THIS).values({name: bindparam(name) for name in _CHANGEABLE})
)
_REMOVE = Statement(delete(identity_providers).where(*_THIS))
_CONNECTING = ("issuer", "client_id", "client_secret", "scopes")
"""What a check has looked at: once one of these changes, it is to be checked again."""
_VOUCHING = ("issuer", "client_id")
"""Whose word it is: once one of these changes, it is another provider's."""


async def find(call: Reading, provider_id: str) -> ProviderRow:
    """A provider of the call's customer. Raises Problem 404."""
    row = await call.one(_FIND, customer_id=call.customer_id, id=provider_id)
    if row is None:
        raise not_found("identity provider", provider_id)
    return row


async def list_all(call: Reading) -> list[ProviderRow]:
    """The customer's providers, oldest first."""
    return await call.all(_LIST, customer_id=call.customer_id)


def check_superuser(call: Reading) -> None:
    """Refuse whom a provider could make more than he is. Raises Problem 403."""
    if not grants_anything(call):
        raise not_authorized("customer.security")


async def create(call: Writing, asked: ProviderChange) -> ProviderRow:
    """Connect a provider. Raises Problem 400, 403, 404."""
    check_superuser(call)
    if len(await list_all(call)) >= MOST:
        detail = f"A customer has at most {MOST} identity providers"
        raise bad_request(detail)
    for name in ("name", "issuer"):
        if getattr(asked, name) is UNSET:
            detail = f"{name.capitalize()} is required"
            raise bad_request(detail)
    begun = ProviderRow(
        customer_id=call.customer_id,
        id=new_id(),
        name="",
        issuer="",
        client_id="",
        client_secret="",
        scopes="openid email profile",
        is_enabled=False,
        creates_users=False,
        default_role="user",
        groups_claim=None,
        role_map="{}",
        checked_at=None,
        created_at=call.now,
        updated_at=call.now,
    )
    row = await changed_provider(call, begun, asked)
    await call.run(_ADD, **msgspec.structs.asdict(row))
    await record(call, "create", row, {"new": _told(row)})
    return row


async def change(call: Writing, row: ProviderRow, asked: ProviderChange) -> ProviderRow:
    """Change a provider; the sessions that it made end where it is turned off or another's.

    Raises Problem 400, 403, 404.
    """
    check_superuser(call)
    changed = await changed_provider(call, row, asked)
    if changed == row:
        return row
    if any(getattr(changed, name) != getattr(row, name) for name in _CONNECTING):
        changed = msgspec.structs.replace(changed, checked_at=None)
    changed = msgspec.structs.replace(changed, updated_at=call.now)
    await _store(call, changed)
    if row.is_enabled and not changed.is_enabled:
        await single_sign_on.check_way_in(call)
    old, new = _told(row), _told(changed)
    differing = [name for name in new if old[name] != new[name]]
    about: dict[str, Any] = {
        "old": {name: old[name] for name in differing},
        "new": {name: new[name] for name in differing},
        "is_secret_new": row.client_secret != changed.client_secret,
    }
    await record(call, "update", changed, about)
    is_other = any(getattr(changed, name) != getattr(row, name) for name in _VOUCHING)
    if is_other or (row.is_enabled and not changed.is_enabled):
        await vouched.end_sessions(call, row)
    return changed


async def remove(call: Writing, provider_id: str) -> None:
    """Disconnect a provider: the sessions that it made end, and their people stay users.

    Raises Problem 400, 403, 404.
    """
    check_superuser(call)
    row = await find(call, provider_id)
    await call.run(_REMOVE, customer=row.customer_id, provider=row.id)
    await single_sign_on.check_way_in(call)
    await record(call, "delete", row, {"issuer": row.issuer})
    await vouched.end_sessions(call, row)


async def note_check(call: Writing, looked_at: ProviderRow, problems: list[str]) -> ProviderRow:
    """Keep what a check has found, unless it was of something else by now. Raises Problem 404."""
    row = await find(call, looked_at.id)
    is_same = all(getattr(row, name) == getattr(looked_at, name) for name in _CONNECTING)
    checked_at = call.now if is_same and not problems else None
    if checked_at == row.checked_at:
        return row
    row = msgspec.structs.replace(row, checked_at=checked_at)
    await _store(call, row)
    await record(call, "check", row, {"is_right": checked_at is not None})
    return row


async def _store(call: Writing, row: ProviderRow) -> None:
    values = {name: getattr(row, name) for name in _CHANGEABLE}
    if not await call.run(_CHANGE, customer=row.customer_id, provider=row.id, **values):
        raise not_found("identity provider", row.id)


def _told(row: ProviderRow) -> dict[str, Any]:
    """What the log tells of a provider: everything but its secret."""
    told = msgspec.structs.asdict(row)
    hidden = ("customer_id", "id", "client_secret", "checked_at", "created_at", "updated_at")
    for name in hidden:
        del told[name]
    # Groups may be named after people, and a log keeps their names for ever.
    told["role_map"] = sorted(set(row.roles_by_group.values()))
    return told


async def record(call: Writing, word: str, row: ProviderRow, about: Mapping[str, Any]) -> None:
    """Tell the log what was done to a provider."""
    action, done = f"identity_provider.{word}", f"{word}{'d' if word[-1] == 'e' else 'ed'}"
    await audit.record(
        call,
        action,
        f"Identity provider '{row.name}' was {done}",
        event_type="customer.update",
        metadata={"action": action, "identity_provider_id": row.id, "name": row.name, **about},
    )
