"""A customer: its settings and who owns it.

It is founded and changed here, guarded by policies.py, and closed in closing.py.
"""

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy import bindparam, insert, select, update

from tenantry.access.granting import grants_anything
from tenantry.areas.customers import policies, single_sign_on
from tenantry.core import audit, schema
from tenantry.core.addresses import EVERYWHERE, is_allowed, parse_allowlist
from tenantry.core.audit import Revision
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import bad_request, not_authorized, not_found
from tenantry.core.ids import is_id
from tenantry.core.statements import Statement, is_one_of, point

_C, _U = schema.customers.c, schema.users.c

CONTACTS = ("billing", "legal", "security", "technical")
FEATURES = ("has_account_panel", "has_improved_events", "has_openstack_logging", "has_pci")


class CustomerRow(msgspec.Struct, array_like=True, frozen=True):
    """A customer as it is stored, in the order of the table."""

    id: str
    name: str
    owner_id: str | None
    billing_contact_id: str | None = None
    billing_network_type: str = "public"
    billing_ref: str | None = None
    can_configure_wordpress: bool | None = None
    can_reset_passwords: bool = True
    can_upload_vcl: bool = True
    force_2fa: bool = False
    force_sso: bool = False
    has_account_panel: bool = True
    has_improved_events: bool = True
    has_improved_ssl_config: bool = False
    has_openstack_logging: bool = False
    has_pci: bool = False
    has_pci_passwords: bool = False
    ip_whitelist: str = EVERYWHERE
    legal_contact_id: str | None = None
    phone_number: str = ""
    postal_address: str | None = None
    pricing_plan: str = "developer"
    pricing_plan_id: str = "0DeveloperPlan00000000"
    security_contact_id: str | None = None
    technical_contact_id: str | None = None
    hourly_writes: int = 1000
    created_at: int = 0
    updated_at: int = 0
    deleted_at: int | None = None


class ReadOnly(msgspec.Struct, kw_only=True):
    """What clients send back as they got it; it is ignored, whatever it is."""

    can_configure_wordpress: Any = UNSET
    can_reset_passwords: Any = UNSET
    can_upload_vcl: Any = UNSET
    created_at: Any = UNSET
    deleted_at: Any = UNSET
    has_improved_ssl_config: Any = UNSET
    has_pci_passwords: Any = UNSET
    id: Any = UNSET
    pricing_plan: Any = UNSET
    pricing_plan_id: Any = UNSET
    updated_at: Any = UNSET


class CustomerChange(ReadOnly, kw_only=True):
    """What may be changed; what is left out stays. Other keys are ignored."""

    billing_contact_id: str | UnsetType | None = UNSET
    billing_network_type: Literal["public", "private"] | UnsetType = UNSET
    billing_ref: str | UnsetType | None = UNSET
    force_2fa: bool | UnsetType = UNSET
    force_sso: bool | UnsetType = UNSET
    has_account_panel: bool | UnsetType = UNSET
    has_improved_events: bool | UnsetType = UNSET
    has_openstack_logging: bool | UnsetType = UNSET
    has_pci: bool | UnsetType = UNSET
    ip_whitelist: str | UnsetType = UNSET
    legal_contact_id: str | UnsetType | None = UNSET
    name: str | UnsetType = UNSET
    owner_id: str | UnsetType = UNSET
    phone_number: str | UnsetType = UNSET
    postal_address: str | UnsetType | None = UNSET
    security_contact_id: str | UnsetType | None = UNSET
    technical_contact_id: str | UnsetType | None = UNSET

    def given(self) -> dict[str, Any]:
        """The fields that were sent."""
        sent = {name: getattr(self, name) for name in self.__struct_fields__}
        return {name: value for name, value in sent.items() if value is not UNSET}


_NO_WAY_IN = "Owner id must be somebody with a password: there are no links to a new one here"
_SECURITY = ("force_2fa", "force_sso", "ip_whitelist")
_READ_ONLY = frozenset(ReadOnly.__struct_fields__)
_COLUMNS = [schema.customers.c[name] for name in CustomerRow.__struct_fields__]
_FIND = point(_COLUMNS, schema.customers, CustomerRow, id=_C.id)
_ADD = Statement(insert(schema.customers))
_CHANGEABLE = [name for name in CustomerRow.__struct_fields__ if name != "id"]
_CHANGE = Statement(
    update(schema.customers)
    .where(_C.id == bindparam("customer"), _C.deleted_at.is_(None))
    .values({name: bindparam(name) for name in _CHANGEABLE})
)
_LIVE_USERS = Statement(
    select(_U.id, _U.role, _U.locked, _U.password.is_not(None)).where(
        _U.customer_id == bindparam("customer_id"),
        is_one_of(_U.id, "ids"),
        _U.deleted_at.is_(None),
    )
)


async def find(call: Reading, customer_id: str) -> CustomerRow:
    """A living customer. Raises Problem 404."""
    row = await call.one(_FIND, id=customer_id)
    if row is None or row.deleted_at is not None:
        raise not_found("customer", customer_id)
    return row


def revision(row: CustomerRow, *, is_new: bool = False) -> Revision:
    """What access depends on of a customer."""
    body = {
        "deleted": row.deleted_at is not None,
        "force_2fa": row.force_2fa,
        "force_sso": row.force_sso,
        "ip_whitelist": row.ip_whitelist,
        "owner_id": row.owner_id,
    }
    return Revision("customer", row.id, body, is_new=is_new)


async def found(call: Writing, row: CustomerRow) -> CustomerRow:
    """Store a new customer, the call's own, and begin its log; it may have been one before."""
    created_at = row.created_at or call.now
    row = msgspec.structs.replace(row, created_at=created_at, updated_at=call.now)
    await call.run(_ADD, **msgspec.structs.asdict(row))
    await audit.record(
        call,
        "customer.create",
        f"Customer '{row.name}' was created",
        metadata={"name": row.name},
        rows=[revision(row, is_new=True)],
    )
    return row


async def store(call: Writing, row: CustomerRow) -> None:
    """Write a changed row back."""
    await call.run(_CHANGE, customer=row.id, **{n: getattr(row, n) for n in _CHANGEABLE})


async def change(call: Writing, customer_id: str, change: CustomerChange) -> CustomerRow:
    """Change a customer's settings. Raises Problem 400, 403, 404."""
    row = await find(call, customer_id)
    given = change.given()
    if not given:
        raise bad_request("No fields to update")
    given = {name: value for name, value in given.items() if name not in _READ_ONLY}
    check_may(call, row, given)
    _check_values(call, given)
    await _check_people(call, row, given)
    new = {name: value for name, value in given.items() if value != getattr(row, name)}
    await policies.check(call, new)
    await single_sign_on.check(call, new)
    if not new:
        return row
    old = {name: getattr(row, name) for name in new}
    row = msgspec.structs.replace(row, **new, updated_at=call.now)
    await store(call, row)
    await _record_change(call, row, old, new)
    if new.get("force_2fa"):
        await policies.sign_out(call)
    if new.get("force_sso"):
        await single_sign_on.force(call)
    elif old.get("owner_id"):
        await single_sign_on.settle(call, old["owner_id"])
    return row


def check_may(call: Writing, row: CustomerRow, given: dict[str, Any]) -> None:
    """Refuse who may not change what was sent, be it right or wrong. Raises Problem 403."""
    _check_owner(call, row, given)
    _check_security(call, row, given)


def _check_owner(call: Writing, row: CustomerRow, given: dict[str, Any]) -> None:
    """Ownership is handed on by who has it (contract: access §11). Raises Problem 403."""
    may = call.principal.is_owner or call.principal.kind == "operator"
    if given.get("owner_id", row.owner_id) != row.owner_id and not may:
        raise not_authorized()


def _check_security(call: Writing, row: CustomerRow, given: dict[str, Any]) -> None:
    """Only superusers say how everybody gets in (contract: access §10). Raises Problem 403.

    Whatever a role of the customer's own permits: these shut superusers out.
    """
    is_changed = any(
        given.get(name, getattr(row, name)) != getattr(row, name) for name in _SECURITY
    )
    if is_changed and not grants_anything(call):
        raise not_authorized("customer.security")


def _check_values(call: Writing, given: dict[str, Any]) -> None:
    if "name" in given:
        given["name"] = given["name"].strip()
        if not 1 <= len(given["name"]) <= 255:  # noqa: PLR2004 - the contract's
            raise bad_request("Name must have 1 to 255 characters")
    for name, value in given.items():
        if isinstance(value, str) and len(value) > 4096:  # noqa: PLR2004 - far above any address
            detail = f"{_label(name)} must have at most 4096 characters"
            raise bad_request(detail)
    if "ip_whitelist" in given:
        _check_allowlist(call, given)


def _check_allowlist(call: Writing, given: dict[str, Any]) -> None:
    text = given["ip_whitelist"].strip() or EVERYWHERE
    try:
        parse_allowlist(text)
    except ValueError as problem:
        detail = f"Ip whitelist: {problem}"
        raise bad_request(detail) from problem
    # An operator comes in whatever the list says, so it cannot shut him out.
    if call.principal.kind != "operator" and not is_allowed(call.ip, text):
        raise bad_request("Ip whitelist must include the address you are calling from")
    given["ip_whitelist"] = text


async def _check_people(call: Writing, row: CustomerRow, given: dict[str, Any]) -> None:
    people = {
        name: given[name] for name in (f"{kind}_contact_id" for kind in CONTACTS) if given.get(name)
    }
    if "owner_id" in given:
        people["owner_id"] = given["owner_id"]
    if not people:
        return
    ids = sorted({one for one in people.values() if is_id(one)})
    found = await call.all(_LIVE_USERS, customer_id=row.id, ids=ids)
    users = {user_id: rest for user_id, *rest in found}
    for name, user_id in people.items():
        if user_id not in users:
            detail = f"{_label(name)} must be a user of this customer"
            raise bad_request(detail)
    if people.get("owner_id", row.owner_id) != row.owner_id:
        role, locked, has_password = users[people["owner_id"]]
        if role != "superuser" or locked:
            raise bad_request("Owner id must be an unlocked superuser of this customer")
        if not has_password and not row.can_reset_passwords:
            # No provider speaks for an owner.
            raise bad_request(_NO_WAY_IN)


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize()


async def _record_change(
    call: Writing, row: CustomerRow, old: dict[str, Any], new: dict[str, Any]
) -> None:
    await audit.record(
        call,
        "customer.update",
        f"Customer '{row.name}' was updated",
        metadata={"old": old, "new": new},
        rows=[revision(row)],
    )
    if "billing_contact_id" in new:
        await audit.record(
            call,
            "billing.contact_update",
            "Billing contact was updated",
            metadata={"contact_id": row.billing_contact_id},
        )
    for feature in FEATURES:
        if feature in new:
            is_on = new[feature]
            await audit.record(
                call,
                "customer_feature.create" if is_on else "customer_feature.delete",
                f"Feature '{feature}' was {'enabled' if is_on else 'disabled'}",
                metadata={"feature": feature},
            )
