"""Examples of the writes about addresses and taxes."""

from typing import Any

from tests.world import ADA, OPERATOR, WIDGETS, World
from tests.write import Write

ATTRIBUTES: dict[str, Any] = {
    "address_1": "1 Example Way",
    "address_2": None,
    "city": "Exampleville",
    "country": "US",
    "locality": None,
    "postal_code": "00000",
    "state": "DE",
}
"""The address of the contract's example."""
TAX: dict[str, Any] = {
    "type": "tax",
    "address_1": "2 Example Street",
    "address_2": "Unit 3",
    "locality": "Sampletown",
    "region": "ON",
    "country": "CA",
    "postal_code": "K1A 0B1",
}
TAX_ID = "DE123456788"

_BILLING = "/customer/{customer_id}/billing_address"
_CUSTOMERS = "/billing/v3/customer-addresses"
_TAX_ID = "/_tenantry/v1/tax-id"


def document(attributes: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A billing address as clients send it."""
    return {"data": {"type": "billing_address", "attributes": attributes}, **more}


async def _billing_address(world: World) -> None:
    path = _BILLING.format(customer_id=WIDGETS)
    await world.ask(ADA, "POST", path, json=document(ATTRIBUTES))


async def _tax_id(world: World) -> None:
    await world.ask(ADA, "PUT", _TAX_ID, json={"tax_id": TAX_ID})


ADDRESSES: dict[str, Write] = {
    f"POST {_BILLING}": Write(["address.create"], body=document(ATTRIBUTES)),
    f"PATCH {_BILLING}": Write(
        ["address.update"], body=document({"city": "Sampletown"}), before=_billing_address
    ),
    f"DELETE {_BILLING}": Write(["address.delete"], before=_billing_address),
    f"POST {_CUSTOMERS}": Write(["address.create"], body=TAX),
    f"PUT {_CUSTOMERS}/{{address_type}}": Write(
        ["address.update"],
        path={"address_type": "billing"},
        body={"locality": "Sampletown"},
        before=_billing_address,
    ),
    f"PUT {_TAX_ID}": Write(["tax_id.update"], body={"tax_id": TAX_ID}),
    f"DELETE {_TAX_ID}": Write(["tax_id.delete"], before=_tax_id),
    "PUT /_operator/v1/customers/{customer}/tax-status": Write(
        ["tax_status.update"],
        path={"customer": WIDGETS},
        body={"is_exempt": True},
        who=OPERATOR,
    ),
}
