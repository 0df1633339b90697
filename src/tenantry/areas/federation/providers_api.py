"""How a customer's identity providers are reached."""

from typing import Any

import msgspec

from tenantry.areas.federation import authorizing, checking, model
from tenantry.areas.federation.provider import ProviderChange, ProviderRow
from tenantry.core.clock import shown, shown_or_none
from tenantry.core.context import Reading, Writing
from tenantry.http.body import Body
from tenantry.http.operation import Credentials, operation, permission
from tenantry.http.wire import PLAIN

PATH = "/_tenantry/v1/identity-providers"
SECURITY = permission("customer.security")
SECURING = permission("customer.security", sudo=True)
"""Who says who may come in proves once more that it is he."""


class IdentityProvider(msgspec.Struct):
    """A customer's own OpenID Connect provider."""

    id: str
    name: str
    issuer: str
    client_id: str
    has_client_secret: bool
    scopes: list[str]
    is_enabled: bool
    creates_users: bool
    default_role: str
    groups_claim: str | None
    role_map: dict[str, str]
    redirect_uri: str
    """To be registered with the provider."""
    checked_at: str | None
    """When it was last found to be right, as it is set now."""
    created_at: str
    updated_at: str


class IdentityProviders(msgspec.Struct):
    """All of a customer's."""

    data: list[IdentityProvider]


class Endpoints(msgspec.Struct):
    """What a provider says of itself."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None


class Check(msgspec.Struct):
    """What a check has found."""

    is_right: bool
    problems: list[str]
    endpoints: Endpoints | None
    identity_provider: IdentityProvider


def shown_provider(call: Reading, row: ProviderRow) -> IdentityProvider:
    """A provider; its secret is told to nobody."""
    return IdentityProvider(
        id=row.id,
        name=row.name,
        issuer=row.issuer,
        client_id=row.client_id,
        has_client_secret=bool(row.client_secret),
        scopes=row.scopes.split(),
        is_enabled=row.is_enabled,
        creates_users=row.creates_users,
        default_role=row.default_role,
        groups_claim=row.groups_claim,
        role_map=row.roles_by_group,
        redirect_uri=authorizing.redirect_uri(call, row.id),
        checked_at=shown_or_none(row.checked_at),
        created_at=shown(row.created_at),
        updated_at=shown(row.updated_at),
    )


@operation(f"GET {PATH}", allow=SECURITY, wire=PLAIN)
async def list_identity_providers(call: Reading) -> IdentityProviders:
    """The customer's identity providers, oldest first."""
    return IdentityProviders([shown_provider(call, row) for row in await model.list_all(call)])


@operation(f"POST {PATH}", allow=SECURING, wire=PLAIN, status=201)
async def create_identity_provider(call: Writing, body: Body[ProviderChange]) -> IdentityProvider:
    """Connect an OpenID Connect provider; register its `redirect_uri` there, then enable it."""
    return shown_provider(call, await model.create(call, body()))


@operation(f"GET {PATH}/{{identity_provider_id}}", allow=SECURITY, wire=PLAIN)
async def get_identity_provider(call: Reading, identity_provider_id: str) -> IdentityProvider:
    """One identity provider."""
    return shown_provider(call, await model.find(call, identity_provider_id))


@operation(f"PATCH {PATH}/{{identity_provider_id}}", allow=SECURING, wire=PLAIN)
async def update_identity_provider(
    call: Writing, identity_provider_id: str, body: Body[ProviderChange]
) -> IdentityProvider:
    """Change an identity provider; what is left out stays.

    The sessions that it made end where it is turned off, or its issuer or client id changes.
    """
    row = await model.find(call, identity_provider_id)
    return shown_provider(call, await model.change(call, row, body()))


@operation(f"DELETE {PATH}/{{identity_provider_id}}", allow=SECURING, wire=PLAIN, status=204)
async def delete_identity_provider(call: Writing, identity_provider_id: str) -> None:
    """Disconnect an identity provider: the sessions that it made end, its people stay users."""
    await model.remove(call, identity_provider_id)


class Looked(msgspec.Struct, frozen=True):
    """A provider, and what was found of it before the unit of work."""

    row: ProviderRow
    problems: list[str]
    endpoints: Any


async def look(
    call: Reading, _body: None, _credentials: Credentials, identity_provider_id: str
) -> Looked:
    """Ask the provider. Raises Problem 403, 404."""
    model.check_superuser(call)
    row = await model.find(call, identity_provider_id)
    return Looked(row, *await checking.look_at(call, row))


@operation(f"POST {PATH}/{{identity_provider_id}}/check", allow=SECURING, wire=PLAIN, prepare=look)
async def check_identity_provider(call: Writing, evidence: Looked) -> Check:
    """Fetch the provider's discovery document and keys, and say what is wrong."""
    row = await model.note_check(call, evidence.row, evidence.problems)
    endpoints = None if evidence.endpoints is None else Endpoints(**evidence.endpoints)
    return Check(
        row.checked_at is not None, evidence.problems, endpoints, shown_provider(call, row)
    )
