"""How it is said who may use a password although single sign-on is forced."""

import msgspec

from tenantry.areas.federation import bypasses
from tenantry.areas.federation.bypasses import BypassRow
from tenantry.core.clock import shown
from tenantry.core.context import Reading, Writing
from tenantry.http.operation import operation, permission
from tenantry.http.wire import PLAIN

PATH = "/_tenantry/v1/sso-bypasses"
SECURITY = permission("customer.security")
SECURING = permission("customer.security", sudo=True)
"""Who says who may come in proves once more that it is he."""


class SsoBypass(msgspec.Struct):
    """A superuser who keeps his password."""

    user_id: str
    created_at: str


class SsoBypasses(msgspec.Struct):
    """All of them; the owner, who always does, is not among them."""

    data: list[SsoBypass]


def shown_bypass(row: BypassRow) -> SsoBypass:
    """A bypass."""
    return SsoBypass(row.user_id, shown(row.created_at))


@operation(f"GET {PATH}", allow=SECURITY, wire=PLAIN)
async def list_sso_bypasses(call: Reading) -> SsoBypasses:
    """Who may use a password although single sign-on is forced, beside the owner."""
    return SsoBypasses([shown_bypass(row) for row in await bypasses.list_all(call)])


@operation(f"GET {PATH}/{{user_id}}", allow=SECURITY, wire=PLAIN)
async def get_sso_bypass(call: Reading, user_id: str) -> SsoBypass:
    """Whether one superuser may: 404 if not."""
    return shown_bypass(await bypasses.find(call, user_id))


@operation(f"PUT {PATH}/{{user_id}}", allow=SECURING, wire=PLAIN)
async def set_sso_bypass(call: Writing, user_id: str) -> SsoBypass:
    """Let a superuser keep his password."""
    return shown_bypass(await bypasses.give(call, user_id))


@operation(f"DELETE {PATH}/{{user_id}}", allow=SECURING, wire=PLAIN, status=204)
async def delete_sso_bypass(call: Writing, user_id: str) -> None:
    """Take it back."""
    await bypasses.take(call, user_id)
