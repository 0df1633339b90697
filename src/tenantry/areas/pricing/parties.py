"""Who bills and who is billed, as an invoice names them: kept with the terms that rated it."""

import msgspec


class Seller(msgspec.Struct, frozen=True):
    """Who sends the invoice."""

    name: str
    address: tuple[str, ...] = ()
    """Its lines, from the street to the country."""
    tax_id: str = ""


class PostalAddress(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where the invoice goes, in the parts in which it is kept (contract: billing §1.1)."""

    address_1: str
    country: str
    address_2: str | None = None
    city: str | None = None
    locality: str | None = None
    postal_code: str = ""
    state: str | None = None


class Recipient(msgspec.Struct, frozen=True):
    """Whom it bills."""

    name: str
    address: PostalAddress | None = None
    """The billing address, else that of the tax; None: neither is known."""
