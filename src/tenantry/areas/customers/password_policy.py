"""How a customer's passwords are kept: what only the installation's operator says.

contract: access §10.4
"""

import msgspec
from msgspec import UNSET, UnsetType

from tenantry.areas.customers import model
from tenantry.core import audit
from tenantry.core.context import Reading, Writing


class PasswordPolicy(msgspec.Struct, frozen=True):
    """What holds."""

    has_pci_passwords: bool
    """Whether passwords have to be renewed every 90 days, and none of the last four is taken."""
    can_reset_passwords: bool
    """Whether links to reset a password can be asked for."""


class PasswordPolicyChange(msgspec.Struct, kw_only=True):
    """What may be changed; what is left out stays."""

    has_pci_passwords: bool | UnsetType = UNSET
    can_reset_passwords: bool | UnsetType = UNSET


async def find_password_policy(call: Reading) -> PasswordPolicy:
    """What holds for the call's customer. Raises Problem 404."""
    return _policy_of(await model.find(call, call.customer_id))


async def change_password_policy(call: Writing, change: PasswordPolicyChange) -> PasswordPolicy:
    """Say what holds for the call's customer from now on. Raises Problem 404."""
    await call.unit.head(call.customer_id)
    row = await model.find(call, call.customer_id)
    given = {name: getattr(change, name) for name in change.__struct_fields__}
    new = {n: value for n, value in given.items() if value not in {UNSET, getattr(row, n)}}
    if not new:
        return _policy_of(row)
    old = {name: getattr(row, name) for name in new}
    row = msgspec.structs.replace(row, **new, updated_at=call.now)
    await model.store(call, row)
    await audit.record(
        call,
        "customer.update",
        f"Customer '{row.name}' was updated",
        metadata={"old": old, "new": new},
    )
    return _policy_of(row)


def _policy_of(row: model.CustomerRow) -> PasswordPolicy:
    return PasswordPolicy(row.has_pci_passwords, row.can_reset_passwords)
