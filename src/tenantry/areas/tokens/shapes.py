"""How users' tokens look on the wire (contract: identity §6.1, §6.3)."""

import msgspec

from tenantry.areas.tokens.model import TokenRow
from tenantry.core.clock import shown, shown_or_none
from tenantry.core.context import Reading


class Token(msgspec.Struct):
    """A token as listed; its secret is never shown again."""

    id: str
    user_id: str | None
    customer_id: str
    name: str
    last_used_at: str | None
    created_at: str
    expires_at: str | None
    ip: str | None
    user_agent: str | None
    sudo_expires_at: str | None
    scopes: list[str]
    scope: str
    services: list[str]
    service_id: str | None


class CreatedToken(msgspec.Struct):
    """A token as it is told once, with its secret."""

    id: str
    name: str
    user_id: str
    customer_id: str
    service_id: str | None
    expires_at: str | None
    created_at: str
    updated_at: str
    scope: str
    services: list[str]
    access_token: str


def shown_token(row: TokenRow, call: Reading) -> Token:
    """A token; of the calling one, the very use that is under way."""
    if row.id == call.principal.token_id:
        row = msgspec.structs.replace(
            row, last_used_at=call.now, ip=call.ip[:255], user_agent=call.user_agent
        )
    services = row.service_ids
    return Token(
        id=row.id,
        # An automation token is its own principal (contract: identity §6.2).
        user_id=row.id if row.kind == "automation" else row.user_id,
        customer_id=row.customer_id,
        name=row.name,
        last_used_at=shown_or_none(row.last_used_at),
        created_at=shown(row.created_at),
        expires_at=shown_or_none(row.expires_at),
        ip=row.ip,
        user_agent=row.user_agent,
        sudo_expires_at=shown_or_none(row.sudo_expires_at),
        scopes=row.scope.split(),
        scope=row.scope,
        services=services,
        service_id=services[-1] if services else None,
    )


def created_token(row: TokenRow, secret: str) -> CreatedToken:
    """A new token with its secret, this once."""
    services = row.service_ids
    return CreatedToken(
        id=row.id,
        name=row.name,
        user_id=row.user_id or "",
        customer_id=row.customer_id,
        service_id=services[-1] if services else None,
        expires_at=shown_or_none(row.expires_at),
        created_at=shown(row.created_at),
        updated_at=shown(row.updated_at),
        scope=row.scope,
        services=services,
        access_token=secret,
    )
