"""How a customer's sign-in policy is reached: an address of this server's own."""

import msgspec
from msgspec import UNSET, UnsetType

from tenantry.areas.users import sign_in_policy
from tenantry.areas.users.sign_in_policy import SignInPolicy
from tenantry.core.context import Reading, Writing
from tenantry.http.body import Body
from tenantry.http.operation import operation, permission
from tenantry.http.wire import PLAIN

PATH = "/_tenantry/v1/sign-in-policy"


class PolicyChange(msgspec.Struct, kw_only=True):
    """What is to change; what is left out stays."""

    idle_seconds: int | UnsetType = UNSET
    session_seconds: int | UnsetType = UNSET
    allows_passkey_alone: bool | UnsetType = UNSET


@operation(f"GET {PATH}", allow=permission("customer.security"), wire=PLAIN)
async def get_sign_in_policy(call: Reading) -> SignInPolicy:
    """After how many seconds sessions end, and whether a passkey alone lets somebody in."""
    return await sign_in_policy.find_policy(call)


@operation(f"PUT {PATH}", allow=permission("customer.security", sudo=True), wire=PLAIN)
async def update_sign_in_policy(call: Writing, body: Body[PolicyChange]) -> SignInPolicy:
    """Change it; sessions that last longer than it says end at once. Raises Problem 400, 403."""
    change = body()
    given = {name: getattr(change, name) for name in PolicyChange.__struct_fields__}
    given = {name: value for name, value in given.items() if value is not UNSET}
    old = await sign_in_policy.find_policy(call)
    new = msgspec.structs.replace(old, **given)
    await sign_in_policy.set_policy(call, new)
    return new
