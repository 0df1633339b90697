"""Writing what lacks of billing, each through the verb of its area."""

from collections.abc import Awaitable, Callable

from tenantry.areas.addresses import model as addresses
from tenantry.areas.addresses import taxation
from tenantry.areas.addresses.row import PARTS, AddressType
from tenantry.areas.operator.plan import Due
from tenantry.areas.operator.shelves import Kind
from tenantry.areas.pricing import coupons, plans
from tenantry.areas.usage import ingestion
from tenantry.core.context import Writing
from tenantry.core.errors import Problem


async def _add_address(call: Writing, due: Due) -> None:
    new = addresses.NewAddress(**{name: getattr(due.given, name) for name in PARTS})
    slot: AddressType = "tax" if due.id == "tax" else "billing"
    await addresses.add(call, slot, new, verified=False)


async def _assign_plan(call: Writing, due: Due) -> None:
    await plans.assign(call, due.given)


async def _set_tax_id(call: Writing, due: Due) -> None:
    await taxation.set_tax_id(call, due.given)


async def _set_exempt(call: Writing, due: Due) -> None:
    await taxation.set_exempt(call, is_exempt=due.given)


async def _grant_coupon(call: Writing, due: Due) -> None:
    await coupons.grant(call, due.given)


async def _ingest(call: Writing, due: Due) -> None:
    sent, events = zip(*due.given, strict=True)
    results = await ingestion.ingest(call, ingestion.Batch(sent, events))
    for one in results:
        if one.status != "accepted":
            detail = f"event '{one.id}' of '{one.source}' became: {one.status}"
            raise Problem(409, "Conflict", detail)


BILLING: dict[Kind, Callable[[Writing, Due], Awaitable[None]]] = {
    "plan assignment": _assign_plan,
    "address": _add_address,
    "tax id": _set_tax_id,
    "tax status": _set_exempt,
    "coupon": _grant_coupon,
    "usage event": _ingest,
}
