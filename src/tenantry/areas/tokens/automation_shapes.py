"""The shapes in which an automation token is told (contract: identity §7).

Each address has its own, as recorded: in the list the scope is called `scopes` and what is unset
is null; when a token is created, what is unset is an empty text.
"""

import msgspec

from tenantry.areas.tokens import model
from tenantry.core.clock import shown, shown_or_none
from tenantry.http.paging import ListMeta


class NamedRole(msgspec.Struct):
    """A role that a token bears."""

    id: str
    name: str


class CreatedAutomationToken(msgspec.Struct):
    """A token as it is told once, with its secret; unset texts are empty."""

    id: str
    services: list[str]
    name: str
    role: str
    access_token: str
    scope: str
    ip: str
    created_at: str
    last_used_at: str
    expires_at: str
    user_agent: str
    tls_access: bool
    customer_id: str
    user_id: str
    roles: list[NamedRole]
    limit_services: bool
    limit_workspaces: bool
    workspaces: list[str]


class AutomationToken(msgspec.Struct):
    """One token; `services` is null while nothing limits it."""

    id: str
    services: list[str] | None
    name: str
    role: str
    access_token: str
    scope: str
    ip: str | None
    created_at: str
    last_used_at: str | None
    expires_at: str | None
    user_agent: str | None
    customer_id: str
    tls_access: bool
    roles: list[NamedRole]
    limit_services: bool
    limit_workspaces: bool
    workspaces: list[str]


class ListedAutomationToken(msgspec.Struct):
    """A token in the list, where `scopes` is a text; `scope` is what clients decode."""

    id: str
    creator_id: str | None
    customer_id: str
    name: str
    access_token: str
    role: str
    ip: str | None
    user_agent: str | None
    scopes: str
    services: list[str] | None
    service_id: str | None
    sudo_expires_at: str | None
    last_used_at: str | None
    created_at: str
    expires_at: str | None
    tls_access: bool
    scope: str


class AutomationTokens(msgspec.Struct):
    """A page of the customer's automation tokens."""

    data: list[ListedAutomationToken]
    meta: ListMeta


class ServiceIds(msgspec.Struct):
    """The services that a token is limited to."""

    data: list[str]


class Workspace(msgspec.Struct):
    """A workspace; this server has none."""

    id: str
    name: str


class CursorMeta(msgspec.Struct):
    """Where a list by cursor stands."""

    limit: int
    next_cursor: str = ""
    previous_cursor: str = ""


class Workspaces(msgspec.Struct):
    """The workspaces that a token is limited to."""

    data: list[Workspace]
    meta: CursorMeta
    limit_workspaces: bool


class Nothing(msgspec.Struct):
    """An empty object: the one acknowledgement that every client accepts here."""


def _services(row: model.TokenRow) -> list[str] | None:
    return row.service_ids if row.limited else row.service_ids or None


def created(row: model.TokenRow, secret: str, roles: list[NamedRole]) -> CreatedAutomationToken:
    """A new token, with its secret."""
    return CreatedAutomationToken(
        id=row.id,
        services=row.service_ids,
        name=row.name,
        role=row.role or "user",
        access_token=secret,
        scope=row.scope,
        ip="",
        created_at=shown(row.created_at),
        last_used_at="",
        expires_at=shown_or_none(row.expires_at) or "",
        user_agent="",
        tls_access=row.tls_access,
        customer_id=row.customer_id,
        user_id=row.user_id or "",
        roles=roles,
        limit_services=row.limited,
        limit_workspaces=row.limit_workspaces,
        workspaces=msgspec.json.decode(row.workspaces),
    )


def single(row: model.TokenRow, roles: list[NamedRole]) -> AutomationToken:
    """A token asked for by its id."""
    return AutomationToken(
        id=row.id,
        services=_services(row),
        name=row.name,
        role=row.role or "user",
        access_token="",
        scope=row.scope,
        ip=row.ip,
        created_at=shown(row.created_at),
        last_used_at=shown_or_none(row.last_used_at),
        expires_at=shown_or_none(row.expires_at),
        user_agent=row.user_agent,
        customer_id=row.customer_id,
        tls_access=row.tls_access,
        roles=roles,
        limit_services=row.limited,
        limit_workspaces=row.limit_workspaces,
        workspaces=msgspec.json.decode(row.workspaces),
    )


def listed(row: model.TokenRow) -> ListedAutomationToken:
    """A token in the list; `access_token` is empty there, as it was recorded."""
    services = row.service_ids
    return ListedAutomationToken(
        id=row.id,
        creator_id=row.user_id,
        customer_id=row.customer_id,
        name=row.name,
        access_token="",
        role=row.role or "user",
        ip=row.ip,
        user_agent=row.user_agent,
        scopes=row.scope,
        services=_services(row),
        service_id=services[-1] if services else None,
        sudo_expires_at=shown_or_none(row.sudo_expires_at),
        last_used_at=shown_or_none(row.last_used_at),
        created_at=shown(row.created_at),
        expires_at=shown_or_none(row.expires_at),
        tls_access=row.tls_access,
        scope=row.scope,
    )
