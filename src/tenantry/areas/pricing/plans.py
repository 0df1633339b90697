"""Which plan a customer has, and from which month on.

The first plan that a customer is ever given rates all his time; a later one counts from the next
month on, and the last request in a month wins (contract: billing R20). All that rate him are in one
currency, or what is late of one month would stand on the next one's invoice in another: see
`currency.py`. `terms_of` puts together all that a customer's month is rated by.
"""

from collections.abc import Sequence

import msgspec
from sqlalchemy import and_, bindparam, delete, select

from tenantry.areas.addresses.row import PARTS
from tenantry.areas.customers import model as customers
from tenantry.areas.pricing import currency, documents, sellers
from tenantry.areas.pricing.months import Month
from tenantry.areas.pricing.parties import PostalAddress, Recipient
from tenantry.areas.pricing.terms import TaxAddress, Terms
from tenantry.core import audit, schema
from tenantry.core.billing_tables import addresses, billing_accounts, plan_assignments
from tenantry.core.clock import Instant
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import bad_request
from tenantry.core.session import Reads
from tenantry.core.statements import Statement, is_one_of

_A, _C, _B = plan_assignments.c, schema.customers.c, billing_accounts.c
_TAX, _BILLING = addresses.alias("tax"), addresses.alias("billing")


class Assignment(msgspec.Struct, frozen=True):
    """A plan that rates a customer from a month on, until the next."""

    from_month: int
    plan_code: str
    requested_at: Instant


_COLUMNS = [plan_assignments.c[name] for name in Assignment.__struct_fields__]
_OF_CUSTOMER = Statement(
    select(*_COLUMNS).where(_A.customer_id == bindparam("customer")).order_by(_A.from_month),
    Assignment,
)
_ASSIGN = Statement(
    lambda insert: (
        insert(plan_assignments)
        .values(
            customer_id=bindparam("customer"),
            from_month=bindparam("month"),
            plan_code=bindparam("code"),
            requested_at=bindparam("now"),
        )
        .on_conflict_do_update(
            index_elements=["customer_id", "from_month"],
            set_={"plan_code": bindparam("code"), "requested_at": bindparam("now")},
        )
    )
)
_FORGET = Statement(delete(plan_assignments).where(_A.customer_id == bindparam("customer")))
_PLAN_CODE = (
    select(_A.plan_code)
    .where(_A.customer_id == _C.id, _A.from_month <= bindparam("month"))
    .order_by(_A.from_month.desc())
    .limit(1)
    .scalar_subquery()
)
_RATED = Statement(
    select(
        *(_C.id, _C.created_at, _C.deleted_at, _PLAN_CODE, _B.tax_id, _B.is_tax_exempt, _C.name),
        *(slot.c[name] for slot in (_TAX, _BILLING) for name in PARTS),
    )
    .select_from(
        schema.customers.outerjoin(billing_accounts, _B.customer_id == _C.id)
        .outerjoin(_TAX, and_(_TAX.c.customer_id == _C.id, _TAX.c.type == "tax"))
        .outerjoin(_BILLING, and_(_BILLING.c.customer_id == _C.id, _BILLING.c.type == "billing"))
    )
    .where(is_one_of(_C.id, "customers"))
)


async def assignments(call: Reading) -> list[Assignment]:
    """The plans of the call's customer, the oldest first. Raises Problem 404."""
    customer = await customers.find(call, call.customer_id)
    return await call.all(_OF_CUSTOMER, customer=customer.id)


async def assign(call: Writing, plan_code: str) -> Assignment:
    """Give the call's customer a plan; nothing changes if it is the last one requested.

    One in another currency rates all his time, as if it had been the first. Raises Problem 400 for
    a plan that there is not, 404, and 409 if something of his stands in the currency of before, or
    has more decimals than that of his first plan.
    """
    await call.unit.head(call.customer_id)
    customer = await customers.find(call, call.customer_id)
    document = await documents.find(call, "plan", plan_code)
    if document is None:
        detail = f"Plan code: there is no plan '{plan_code}'"
        raise bad_request(detail, code="unknown_plan")
    before = await call.all(_OF_CUSTOMER, customer=customer.id)
    if before and before[-1].plan_code == plan_code:
        return before[-1]
    begins = await _begins_anew(call, before, plan_code)
    if begins:
        await call.run(_FORGET, customer=customer.id)
    month = Month.of(customer.created_at) if begins else Month.of(call.now).plus(1)
    assignment = Assignment(month.number, plan_code, call.now)
    await call.run(_ASSIGN, customer=customer.id, month=month.number, code=plan_code, now=call.now)
    await _show(call, customer, {"pricing_plan": plan_code, "pricing_plan_id": document.id})
    return assignment


async def _begins_anew(call: Writing, before: Sequence[Assignment], plan_code: str) -> bool:
    """Whether the plan rates all of the customer's time. Raises Problem 409."""
    codes = sorted({plan_code, *(one.plan_code for one in before)})
    in_ = {code: plan.currency for code, plan in (await documents.plans(call, codes)).items()}
    new = in_[plan_code]
    if not before:
        await currency.refuse_parts(call, new)
        return True
    if set(in_.values()) == {new}:
        return False
    was = in_[before[-1].plan_code]
    if Month.of(before[0].requested_at) < Month.of(call.now):
        # The plan of its first instant rates a month, posted or not (contract: billing R20).
        raise currency.other_currency(f"A month that is over is billed in {was}", new)
    await currency.refuse_another(call, was, new)
    return True


async def _show(call: Writing, row: customers.CustomerRow, plan: dict[str, str]) -> None:
    """Let the customer show the plan last requested, and record it (contract: billing §8.4)."""
    new = {name: value for name, value in plan.items() if value != getattr(row, name)}
    old = {name: getattr(row, name) for name in new}
    await customers.store(call, msgspec.structs.replace(row, **plan, updated_at=call.now))
    await audit.record(
        call,
        "customer.pricing",
        f"Pricing plan was changed from '{row.pricing_plan}' to '{plan['pricing_plan']}'",
        metadata={"old": old, "new": new},
    )


async def terms_of(reads: Reads, customer_id: str, month: Month) -> Terms | None:
    """What a customer's month is rated by, as things stand; None if he had no plan in it."""
    return (await terms_of_many(reads, month, [customer_id])).get(customer_id)


async def terms_of_many(
    reads: Reads, month: Month, customer_ids: Sequence[str]
) -> dict[str, Terms]:
    """The same of many customers in five queries, by their ids; who had no plan is not there."""
    rows = await reads.all(_RATED, customers=list(customer_ids), month=month.number)
    rows = [row for row in rows if row[3] is not None]
    if not rows:
        return {}
    plans = await documents.plans(reads, sorted({row[3] for row in rows}))
    catalogue = await documents.catalogue(reads)
    tax_rules = await documents.tax_rules(reads)
    seller = await sellers.current(reads)
    rated = {}
    for customer_id, created_at, deleted_at, code, tax_id, is_exempt, name, *slots in rows:
        tax, billing = _address(slots[: len(PARTS)]), _address(slots[len(PARTS) :])
        rated[customer_id] = Terms(
            plan=plans[code],
            catalogue=catalogue,
            tax_rules=tax_rules,
            # The tax slot, else the billing one (contract: billing R14).
            address=_taxed(tax or billing),
            tax_id=tax_id,
            is_tax_exempt=bool(is_exempt),
            active_from=created_at,
            active_until=deleted_at,
            customer=Recipient(name, billing or tax),
            seller=seller,
        )
    return rated


def _address(parts: Sequence[str | None]) -> PostalAddress | None:
    """What stands in a slot; None if it is empty."""
    known = dict(zip(PARTS, parts, strict=True))
    return None if known["country"] is None else msgspec.convert(known, PostalAddress)


def _taxed(address: PostalAddress | None) -> TaxAddress | None:
    if address is None:
        return None
    return TaxAddress(address.country, address.state, address.postal_code)
