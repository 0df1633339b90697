"""How both addresses are reached in billing v3 (contract: billing §2, identity §5).

The `billing` one is the resource of billing_address_api.py; here its city is called locality, its
state region, and what is not known is empty.
"""

import msgspec
from msgspec import UNSET, UnsetType

from tenantry.areas.addresses import countries, model
from tenantry.areas.addresses.model import AddressChange, NewAddress, SlotTaken
from tenantry.areas.addresses.row import AddressRow, AddressType
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import bad_request
from tenantry.http.body import Body
from tenantry.http.operation import operation, permission
from tenantry.http.wire import BILLING

PATH = "/billing/v3/customer-addresses"
_READ, _MANAGE = permission("billing_address.read"), permission("billing_address.manage")


class CustomerAddress(msgspec.Struct):
    """An address."""

    type: AddressType
    address_1: str
    address_2: str
    locality: str
    region: str
    country: str
    postal_code: str


class CustomerAddressList(msgspec.Struct):
    """The addresses of a customer."""

    data: list[CustomerAddress]


class NewCustomerAddress(msgspec.Struct, kw_only=True):
    """An address to be."""

    type: AddressType
    address_1: str
    address_2: str = ""
    locality: str
    region: str = ""
    country: str
    postal_code: str = ""


class CustomerAddressChange(msgspec.Struct, kw_only=True):
    """What shall be otherwise in an address."""

    type: str = ""
    address_1: str | UnsetType = UNSET
    address_2: str | UnsetType = UNSET
    locality: str | UnsetType = UNSET
    region: str | UnsetType = UNSET
    country: str | UnsetType = UNSET
    postal_code: str | UnsetType = UNSET


class Created(msgspec.Struct):
    """What the new address is called."""

    id: str


def shown(row: AddressRow) -> CustomerAddress:
    """An address."""
    return CustomerAddress(
        type=row.type,
        address_1=row.address_1,
        address_2=row.address_2 or "",
        locality=row.city or "",
        region=row.state or "",
        country=row.country,
        postal_code=row.postal_code,
    )


def _check_country(code: str) -> None:
    """Refuse what is no country: who is taxed has to be somewhere. Raises Problem 400."""
    if countries.find(code.upper()) is None:
        raise bad_request("Country must be an ISO 3166-1 alpha-2 code")


def _check_locality(text: str) -> None:
    """Refuse none: it is required (contract: identity §5). Raises Problem 400."""
    if not text.strip():
        raise bad_request("Locality is required")


def _or_none(text: str | UnsetType) -> str | UnsetType | None:
    """What is empty here is nothing elsewhere."""
    return None if text == "" else text


@operation(f"GET {PATH}", allow=_READ, wire=BILLING)
async def list_customer_addresses(call: Reading) -> CustomerAddressList:
    """The customer's addresses: `billing`, then `tax`."""
    return CustomerAddressList([shown(row) for row in await model.list_all(call)])


@operation(f"POST {PATH}", allow=_MANAGE, wire=BILLING, status=201)
async def create_customer_address(call: Writing, body: Body[NewCustomerAddress]) -> Created:
    """Add the address of a type that the customer has none of."""
    read = body()
    _check_country(read.country)
    _check_locality(read.locality)
    new = NewAddress(
        address_1=read.address_1,
        address_2=read.address_2 or None,
        city=read.locality,
        country=read.country,
        postal_code=read.postal_code,
        state=read.region or None,
    )
    try:
        row = await model.add(call, read.type, new, verified=False)
    except SlotTaken as taken:
        raise bad_request(str(taken.detail), code="address_exists") from taken
    return Created(row.id)


@operation(f"PUT {PATH}/{{address_type}}", allow=_MANAGE, wire=BILLING, status=202)
async def update_customer_address(
    call: Writing, address_type: str, body: Body[CustomerAddressChange]
) -> None:
    """Change the parts of an address that are sent."""
    row = await model.find(call, address_type)
    read = body()
    if read.type not in {"", row.type}:
        detail = f"Type must be '{row.type}'"
        raise bad_request(detail)
    if read.country is not UNSET:
        _check_country(read.country)
    if read.locality is not UNSET and row.city:
        _check_locality(read.locality)
    change = AddressChange(
        address_1=read.address_1,
        address_2=_or_none(read.address_2),
        city=_or_none(read.locality),
        country=read.country,
        postal_code=read.postal_code,
        state=_or_none(read.region),
    )
    await model.change(call, row, change, verified=False)
