"""How automation tokens are reached: keys of programs, nobody's own (contract: identity §7)."""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from tenantry.areas.customers import keys
from tenantry.areas.customers.model import find as find_customer
from tenantry.areas.roles import model as roles
from tenantry.areas.tokens import automation_shapes as shapes
from tenantry.areas.tokens import model, terms
from tenantry.areas.users import standing
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import Problem, bad_request
from tenantry.core.ids import is_id
from tenantry.http import paging
from tenantry.http.body import Body, Shape
from tenantry.http.message import Query
from tenantry.http.operation import CURSORED, PAGED, Answer, operation, permission
from tenantry.http.wire import PLAIN, PLAIN_ERRORS

READ = permission("automation_token.read")
MAX_WORKSPACES = 1000


class NewAutomationToken(msgspec.Struct, kw_only=True):
    """What a token is created from: flat, or inside `attributes` as older clients have it."""

    name: str | None = None
    expires_at: str | None = None
    role: Literal["engineer", "billing", "user"] | None = None
    roles: list[str] | None = None
    scope: str | None = None
    services: list[str] | None = None
    limit_services: bool | None = None
    limit_workspaces: bool | None = None
    workspaces: list[str] | None = None
    tls_access: bool | None = None
    attributes: dict[str, Any] | None = None


_SHAPE = Shape(NewAutomationToken)


@operation(
    "POST /automation-tokens",
    allow=permission("automation_token.manage", sudo=True, person=True),
    wire=PLAIN,
)
async def create_automation_token(
    call: Writing, body: Body[NewAutomationToken]
) -> shapes.CreatedAutomationToken:
    """Make a key for a program: by a superuser in sudo mode, where no policy forbids it."""
    await _check_policies(call)
    await standing.welcome_to_new_keys(call, call.principal.user_id or "", standing.BY_PASSWORD)
    asked = body()
    if asked.attributes is not None:
        asked = _SHAPE.read(asked.attributes)
    row = await _checked_row(call, asked)
    secret = await model.issue(call, row)
    return shapes.created(row, secret, await _named_roles(call, row))


async def _named_roles(call: Reading, row: model.TokenRow) -> list[shapes.NamedRole]:
    found = await roles.names(call, row.role_ids)
    return [shapes.NamedRole(one, found[one]) for one in row.role_ids if one in found]


async def _check_policies(call: Reading) -> None:
    customer = await find_customer(call, call.customer_id)
    if customer.force_sso or customer.force_2fa:
        raise Problem(
            403,
            "You are not authorized to perform this action",
            "Automation tokens cannot be created while the account forces SSO or two factors",
        )


async def _checked_row(call: Writing, asked: NewAutomationToken) -> model.TokenRow:
    if asked.name is None:
        raise bad_request("Name is required")
    name = terms.checked_name(asked.name)
    role, several = await terms.checked_roles(call, asked.role, asked.roles or [])
    scope = terms.checked_scope(asked.scope)
    services = await terms.checked_services(call, asked.services or [])
    # Older clients know only the list (contract: identity §7.1).
    limited = bool(services) if asked.limit_services is None else asked.limit_services
    terms.check_not_wider(call, scope, services if limited else None)
    row = model.new_row(
        call,
        "automation",
        user_id=call.principal.user_id,
        name=name,
        scope=scope,
        services=_as_json(services),
        limited=limited,
        role=role,
        roles=several,
        tls_access=bool(asked.tls_access),
        limit_workspaces=asked.limit_workspaces is not False,
        workspaces=_as_json(_checked_workspaces(asked.workspaces or [])),
        expires_at=terms.checked_expiry(asked.expires_at, call.now),
    )
    await terms.check_roles_held(call, row.role_ids, services if limited else None)
    if row.tls_access and len(row.role_ids) > 1:
        raise bad_request("Tls access can only be given with a single role")
    return row


def _as_json(texts: Sequence[str]) -> str:
    return msgspec.json.encode(texts).decode()


def _checked_workspaces(ids: Sequence[str]) -> list[str]:
    if len(ids) > MAX_WORKSPACES or not all(is_id(one) for one in ids):
        raise bad_request("Workspaces must be a list of at most 1000 ids")
    return list(dict.fromkeys(ids))


@operation(
    "GET /automation-tokens",
    allow=READ,
    wire=PLAIN,
    query=PAGED,
    compatibility="automation_token_list",
    answers=shapes.AutomationTokens,
)
async def list_automation_tokens(call: Reading, query: Query) -> Answer:
    """A page of the customer's automation tokens, oldest first; expired ones stay listed."""
    page = paging.numbered(query)
    rows, count = await model.list_automations(call, page.size, page.skipped)
    listed = [shapes.listed(row) for row in rows]
    return paging.paged(query, page, count, shapes.AutomationTokens, listed)


@operation("GET /automation-tokens/{token_id}", allow=READ, wire=PLAIN)
async def get_automation_token_id(call: Reading, token_id: str) -> shapes.AutomationToken:
    """One automation token."""
    row = await model.find_automation(call, token_id)
    return shapes.single(row, await _named_roles(call, row))


@operation(
    "GET /automation-tokens/{token_id}/services",
    allow=READ,
    wire=PLAIN,
    query=PAGED,
    answers=shapes.ServiceIds,
)
async def get_automation_tokens_id_services(call: Reading, token_id: str, query: Query) -> Answer:
    """The ids of the services that it is limited to; none while nothing limits it."""
    row = await model.find_automation(call, token_id)
    page = paging.numbered(query)
    services = row.service_ids if row.limited else []
    shown = shapes.ServiceIds(services[page.skipped : page.skipped + page.size])
    return paging.linked(query, page, len(services), shown)


@operation(
    "GET /automation-tokens/{token_id}/workspaces",
    allow=READ,
    wire=PLAIN_ERRORS,
    query=CURSORED,
)
async def get_automation_tokens_id_workspaces(
    call: Reading, token_id: str, query: Query
) -> shapes.Workspaces:
    """The workspaces that it is limited to: this server has none."""
    row = await model.find_automation(call, token_id)
    if query.get("cursor"):
        # No list of none was ever cut short, so nobody was ever given a cursor.
        raise bad_request("The cursor is not valid")
    return shapes.Workspaces([], shapes.CursorMeta(paging.limited(query)), row.limit_workspaces)


@operation(
    "DELETE /automation-tokens/{token_id}",
    allow=permission("automation_token.manage", person=True),
    wire=PLAIN,
)
async def revoke_automation_token_id(call: Writing, token_id: str) -> shapes.Nothing:
    """Revoke an automation token; its next use is refused."""
    await keys.end(call, [await model.find_automation(call, token_id)])
    return shapes.Nothing()
