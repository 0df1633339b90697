"""What stands of plans, addresses, taxes and coupons in a customer. Usage is looked up by event."""

from tenantry.areas.addresses.row import PARTS, AddressRow
from tenantry.areas.operator.shelves import Kind, Shelf, Stand, of_customer
from tenantry.areas.pricing.coupon import Coupon
from tenantry.areas.pricing.coupons import coupons_of
from tenantry.areas.pricing.money import plain
from tenantry.core.billing_tables import addresses, billing_accounts, plan_assignments
from tenantry.core.clock import shown_or_none
from tenantry.core.database import Database

_ADDRESSES = of_customer(addresses, AddressRow.__struct_fields__, AddressRow)
_ACCOUNT = of_customer(billing_accounts, ("tax_id", "is_tax_exempt"))
_ASSIGNED = of_customer(plan_assignments, ("from_month", "plan_code"))


async def of_billing(database: Database, customer_id: str) -> dict[Kind, Shelf]:
    """Everything of it in a customer."""
    homes = await database.all(_ADDRESSES, customer_id=customer_id)
    assigned = sorted(await database.all(_ASSIGNED, customer_id=customer_id))
    account = await database.one(_ACCOUNT, customer_id=customer_id)
    tax_id, is_exempt = account or (None, False)
    granted = (await coupons_of(database, [customer_id])).get(customer_id, [])
    return {
        "plan assignment": Shelf([_only("plan", code) for _, code in assigned[-1:]]),
        "address": Shelf([_address(row) for row in homes]),
        "tax id": Shelf([] if tax_id is None else [_only("tax_id", tax_id)]),
        "tax status": Shelf([_only("is_tax_exempt", is_exempt)] if is_exempt else []),
        "coupon": Shelf([Stand(one.code, (one.code,), coupon_facts(one)) for one in granted]),
        "usage event": Shelf([]),
    }


def coupon_facts(coupon: Coupon) -> dict[str, str | None]:
    """What is said of a coupon, whatever was taken from it since."""
    return {
        "kind": coupon.kind,
        "value": plain(coupon.value),
        "scope": coupon.scope,
        "valid_from": shown_or_none(coupon.valid_from),
        "valid_until": shown_or_none(coupon.valid_until),
    }


def _only(name: str, value: object) -> Stand:
    """What a customer has one of."""
    return Stand(name, (name,), {name: value})


def _address(row: AddressRow) -> Stand:
    return Stand(row.id, (row.type,), {name: getattr(row, name) for name in PARTS})
