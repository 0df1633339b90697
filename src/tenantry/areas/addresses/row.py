"""An address as it is stored, and its parts."""

from typing import Literal

import msgspec

AddressType = Literal["billing", "tax"]


class AddressRow(msgspec.Struct, array_like=True, frozen=True):
    """An address in one of a customer's two slots, in the order of the table."""

    customer_id: str
    type: AddressType
    id: str
    address_1: str
    address_2: str | None
    city: str | None
    country: str
    locality: str | None
    postal_code: str
    state: str | None
    created_at: int
    updated_at: int


PARTS = ("address_1", "address_2", "city", "country", "locality", "postal_code", "state")
"""What of it is the address, in the order in which the wire tells it (contract: billing §1.1)."""


def parts_of(row: AddressRow) -> dict[str, str]:
    """The parts that are known."""
    known = {name: getattr(row, name) for name in PARTS}
    return {name: value for name, value in known.items() if value is not None}
