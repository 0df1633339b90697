"""How the billing address is reached as a JSON:API resource (contract: billing §1)."""

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from tenantry.areas.addresses import model
from tenantry.areas.addresses.model import AddressChange, NewAddress
from tenantry.areas.addresses.row import PARTS, AddressRow, AddressType
from tenantry.areas.addresses.verification import Unverified
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import Problem, bad_request
from tenantry.http.body import Body
from tenantry.http.message import Response
from tenantry.http.operation import operation, permission
from tenantry.http.wire import JSON_API, LEGACY, RESOURCE, Wire

KIND = "billing_address"
SLOT: AddressType = "billing"
PATH = "/customer/{customer_id}/billing_address"
_READ, _MANAGE = permission("billing_address.read"), permission("billing_address.manage")


class NewBillingAddressData(msgspec.Struct, kw_only=True):
    """A billing address to be."""

    type: str = ""
    attributes: NewAddress


class NewBillingAddress(msgspec.Struct, kw_only=True):
    """The document that a billing address is created from."""

    data: NewBillingAddressData
    skip_verification: bool = False
    """Whether to take an address that does not look like one."""


class ChangedBillingAddressData(msgspec.Struct, kw_only=True):
    """A billing address as it shall be."""

    id: str = ""
    type: str = ""
    attributes: AddressChange | UnsetType = UNSET


class BillingAddressChange(msgspec.Struct, kw_only=True):
    """The document that a billing address is changed by."""

    data: ChangedBillingAddressData
    skip_verification: bool = False
    """Whether to take an address that does not look like one."""


class BillingAddressAttributes(msgspec.Struct):
    """The parts of an address."""

    address_1: str
    address_2: str | None
    city: str | None
    country: str
    locality: str | None
    postal_code: str
    state: str | None
    customer_id: str


class CustomerLinkage(msgspec.Struct):
    """Points at a customer."""

    id: str
    type: Literal["customer"] = "customer"


class ToCustomer(msgspec.Struct):
    """The customer that is meant."""

    data: CustomerLinkage


class OfCustomer(msgspec.Struct):
    """Whose it is."""

    customer: ToCustomer


class BillingAddress(msgspec.Struct):
    """Where a customer's bills go."""

    id: str
    type: Literal["billing_address"]
    attributes: BillingAddressAttributes
    relationships: OfCustomer


class BillingAddressDocument(msgspec.Struct):
    """A billing address."""

    data: BillingAddress


class VerificationError(msgspec.Struct, omit_defaults=True):
    """Why an address was refused, and what may have been meant."""

    type: str
    title: str
    detail: str
    status: int
    candidates: list[dict[str, str]] = []


def _refuse(problem: Problem) -> Response:
    if isinstance(problem, Unverified):
        detail = problem.detail or problem.title
        error = VerificationError(
            "address_verification", problem.title, detail, problem.status, problem.candidates
        )
        return Response(problem.status, msgspec.json.encode({"errors": [error]}), JSON_API)
    # The gateway's word for another customer: the same here as for whatever else is his.
    is_foreign = (problem.detail or "").startswith("Cannot find customer ")
    return (LEGACY if is_foreign else RESOURCE).refuse(problem)


ADDRESS = Wire("resource", JSON_API, takes_forms=False, refuse=_refuse)
"""JSON:API, with an error of its own for an address that can't be right."""


def shown(row: AddressRow) -> BillingAddressDocument:
    """A billing address."""
    parts = {name: getattr(row, name) for name in PARTS}
    return BillingAddressDocument(
        BillingAddress(
            id=row.id,
            type="billing_address",
            attributes=BillingAddressAttributes(**parts, customer_id=row.customer_id),
            relationships=OfCustomer(ToCustomer(CustomerLinkage(row.customer_id))),
        )
    )


def _check_type(given: str) -> None:
    if given not in {"", KIND}:
        detail = f"The type of data must be '{KIND}'"
        raise bad_request(detail)


@operation(f"GET {PATH}", allow=_READ, wire=ADDRESS)
async def get_billing_addr(call: Reading) -> BillingAddressDocument:
    """Where the customer's bills go."""
    return shown(await model.find(call, SLOT))


@operation(f"POST {PATH}", allow=_MANAGE, wire=ADDRESS, status=201)
async def add_billing_addr(call: Writing, body: Body[NewBillingAddress]) -> BillingAddressDocument:
    """Say where bills go, which was not said before; it is verified, unless that is skipped."""
    read = body()
    _check_type(read.data.type)
    verified = not read.skip_verification
    new = read.data.attributes
    if verified and not (new.city or "").strip():
        raise bad_request("City is required")
    return shown(await model.add(call, SLOT, new, verified=verified))


@operation(f"PATCH {PATH}", allow=_MANAGE, wire=ADDRESS)
async def update_billing_addr(
    call: Writing, body: Body[BillingAddressChange]
) -> BillingAddressDocument:
    """Change the parts that are sent; the address that results is verified, unless skipped."""
    row = await model.find(call, SLOT)
    read = body()
    _check_type(read.data.type)
    if read.data.id not in {"", row.id}:
        detail = f"The id of data must be '{row.id}'"
        raise bad_request(detail)
    change = AddressChange() if read.data.attributes is UNSET else read.data.attributes
    return shown(await model.change(call, row, change, verified=not read.skip_verification))


@operation(f"DELETE {PATH}", allow=_MANAGE, wire=ADDRESS, status=204)
async def delete_billing_addr(call: Writing) -> None:
    """Say no longer where bills go."""
    await model.remove(call, SLOT)
