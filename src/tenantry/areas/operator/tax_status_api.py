"""How an operator says that a customer pays no tax (contract: billing R14)."""

from dataclasses import replace

import msgspec

from tenantry.areas.addresses import taxation
from tenantry.areas.customers import model as customers
from tenantry.core.context import Reading, Writing
from tenantry.http.body import Body
from tenantry.http.operation import OPERATOR, operation
from tenantry.http.wire import LEGACY

PATH = "/_operator/v1/customers/{customer}/tax-status"


class TaxStatus(msgspec.Struct, kw_only=True):
    """Whether a customer pays tax."""

    is_exempt: bool


@operation(f"GET {PATH}", allow=OPERATOR, wire=LEGACY)
async def get_tax_status(call: Reading, customer: str) -> TaxStatus:
    """Whether a customer pays tax."""
    found = await customers.find(call, customer)
    known = await taxation.load(replace(call, customer_id=found.id))
    return TaxStatus(is_exempt=known.is_tax_exempt)


@operation(f"PUT {PATH}", allow=OPERATOR, wire=LEGACY)
async def set_tax_status(call: Writing, body: Body[TaxStatus], customer: str) -> TaxStatus:
    """Say whether a customer pays tax, from his next invoice on."""
    status = body()
    await taxation.set_exempt(replace(call, customer_id=customer), is_exempt=status.is_exempt)
    return status
