"""A customer's addresses: where bills go (`billing`), and where he is taxed (`tax`).

One of each at most. An address is added, changed and removed. Which fields changed is logged, never
their values. They stay when the customer is closed, because his last months are invoiced and taxed
after that; erasing a person leaves them alone, as they are the customer's.
"""

import re
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy import bindparam, delete, insert, select, update

from tenantry.areas.addresses.row import PARTS, AddressRow, AddressType, parts_of
from tenantry.areas.addresses.verification import verify
from tenantry.core import audit
from tenantry.core.billing_tables import addresses
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import Problem, bad_request
from tenantry.core.ids import new_id
from tenantry.core.session import UniqueViolation
from tenantry.core.statements import Statement, point

LONGEST, LONGEST_POSTAL_CODE = 255, 32

_A = addresses.c
_COUNTRY = re.compile("[A-Za-z]{2}")
_COLUMNS = [_A[name] for name in AddressRow.__struct_fields__]
_FIND = point(_COLUMNS, addresses, AddressRow, customer_id=_A.customer_id, type=_A.type)
_LIST = Statement(
    select(*_COLUMNS).where(_A.customer_id == bindparam("customer_id")).order_by(_A.type),
    AddressRow,
)
_SLOT = (_A.customer_id == bindparam("customer"), _A.type == bindparam("slot"))
_ADD = Statement(insert(addresses))
_STORE = Statement(
    update(addresses)
    .where(*_SLOT)
    .values({name: bindparam(f"new_{name}") for name in (*PARTS, "updated_at")})
)
_REMOVE = Statement(delete(addresses).where(*_SLOT))


class NewAddress(msgspec.Struct, kw_only=True):
    """What an address is made of."""

    address_1: str
    address_2: str | None = None
    city: str | None = None
    country: str
    locality: str | None = None
    postal_code: str = ""
    state: str | None = None


class AddressChange(msgspec.Struct, kw_only=True):
    """The parts of an address that shall be others; null for none, where there may be none."""

    address_1: str | UnsetType = UNSET
    address_2: str | UnsetType | None = UNSET
    city: str | UnsetType | None = UNSET
    country: str | UnsetType = UNSET
    locality: str | UnsetType | None = UNSET
    postal_code: str | UnsetType = UNSET
    state: str | UnsetType | None = UNSET


class SlotTaken(Problem):
    """409: the customer has such an address already."""

    def __init__(self, address_type: AddressType) -> None:
        """Say which."""
        super().__init__(409, "Conflict", f"Customer already has a {address_type} address")


async def list_all(call: Reading) -> list[AddressRow]:
    """The addresses of the call's customer: `billing`, then `tax`."""
    return await call.all(_LIST, customer_id=call.customer_id)


async def find(call: Reading, address_type: str) -> AddressRow:
    """The address in one of the customer's slots. Raises Problem 404."""
    row = await call.one(_FIND, customer_id=call.customer_id, type=address_type)
    if row is None:
        raise _absent(address_type)
    return row


async def add(
    call: Writing, address_type: AddressType, new: NewAddress, *, verified: bool
) -> AddressRow:
    """Fill a slot, with what is well-formed if it is to be `verified`.

    Raises Problem 400, Unverified, SlotTaken.
    """
    row = AddressRow(
        customer_id=call.customer_id,
        type=address_type,
        id=new_id(),
        created_at=call.now,
        updated_at=call.now,
        **_checked(msgspec.structs.asdict(new)),
    )
    if verified:
        verify(row)
    try:
        await call.run(_ADD, **msgspec.structs.asdict(row))
    except UniqueViolation as problem:
        raise SlotTaken(address_type) from problem
    await _record(call, row, "create", list(parts_of(row)))
    return row


async def change(
    call: Writing, row: AddressRow, read: AddressChange, *, verified: bool
) -> AddressRow:
    """Change the parts that are given; the whole is verified. Raises Problem 400, 404, Unverified.

    What changes nothing is not logged.
    """
    given = {
        name: value for name, value in msgspec.structs.asdict(read).items() if value is not UNSET
    }
    changed = msgspec.structs.replace(row, **_checked(given))
    if verified:
        verify(changed)
    names = [name for name in PARTS if getattr(row, name) != getattr(changed, name)]
    if not names:
        return row
    changed = msgspec.structs.replace(changed, updated_at=call.now)
    new = {f"new_{name}": getattr(changed, name) for name in (*PARTS, "updated_at")}
    if not await call.run(_STORE, customer=row.customer_id, slot=row.type, **new):
        raise _absent(row.type)
    await _record(call, changed, "update", names)
    return changed


async def remove(call: Writing, address_type: AddressType) -> None:
    """Empty a slot. Raises Problem 404."""
    row = await find(call, address_type)
    if not await call.run(_REMOVE, customer=row.customer_id, slot=row.type):
        raise _absent(address_type)
    await _record(call, row, "delete", list(parts_of(row)))


def _absent(address_type: str) -> Problem:
    return Problem(404, "Not found", f"The {address_type} address you requested was not found")


def _checked(parts: dict[str, Any]) -> dict[str, Any]:
    """The parts as they are stored. Raises Problem 400."""
    for name, value in parts.items():
        longest = LONGEST_POSTAL_CODE if name == "postal_code" else LONGEST
        if value is not None and len(value) > longest:
            detail = f"{_label(name)} must have at most {longest} characters"
            raise bad_request(detail)
    if not parts.get("address_1", "given").strip():
        raise bad_request("Address 1 is required")
    if "country" not in parts:
        return parts
    if not _COUNTRY.fullmatch(parts["country"]):
        raise bad_request("Country must be an ISO 3166-1 alpha-2 code")
    return {**parts, "country": parts["country"].upper()}


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize()


async def _record(call: Writing, row: AddressRow, what: str, names: list[str]) -> None:
    """Addresses are personal: the log has the names of their fields alone (billing §8.4)."""
    await audit.record(
        call,
        f"address.{what}",
        f"{row.type.capitalize()} address was {what}d",
        metadata={"type": row.type, "changed": names},
    )
