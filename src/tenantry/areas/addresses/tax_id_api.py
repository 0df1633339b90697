"""How the number that a customer is taxed under is reached. It is not part of the vendor's API."""

import asyncio

import msgspec

from tenantry.areas.addresses import tax_numbers, taxation
from tenantry.core.context import Reading, Writing
from tenantry.http.body import Body
from tenantry.http.operation import Credentials, operation, permission
from tenantry.http.wire import PLAIN

PATH = "/_tenantry/v1/tax-id"
_READ, _MANAGE = permission("billing_address.read"), permission("billing_address.manage")


class TaxId(msgspec.Struct):
    """What a customer is taxed under."""

    tax_id: str
    """The code of its country and a number: `DE123456788`."""


async def read_number(_: Reading, body: Body[TaxId], __: Credentials) -> str:
    """The number, if it is one. Raises Problem 400."""
    # The rules of its country may have to be read first.
    return await asyncio.to_thread(tax_numbers.read, body().tax_id)


@operation(f"GET {PATH}", allow=_READ, wire=PLAIN)
async def get_tax_id(call: Reading) -> TaxId:
    """What the customer is taxed under."""
    return TaxId(await taxation.find_tax_id(call))


@operation(f"PUT {PATH}", allow=_MANAGE, wire=PLAIN, prepare=read_number)
async def set_tax_id(call: Writing, body: Body[TaxId], evidence: str) -> TaxId:  # noqa: ARG001 - read before
    """Say what the customer is taxed under; the number is checked as its country checks it."""
    await taxation.set_tax_id(call, evidence)
    return TaxId(evidence)


@operation(f"DELETE {PATH}", allow=_MANAGE, wire=PLAIN, status=204)
async def remove_tax_id(call: Writing) -> None:
    """Have the customer taxed under no number."""
    await taxation.remove_tax_id(call)
