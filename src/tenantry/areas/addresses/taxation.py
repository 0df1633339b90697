"""How a customer is taxed: under which number, and whether at all. Told at the next posting.

The number is his own to say, the exemption the operator's.
"""

from typing import Any

import msgspec
from sqlalchemy import bindparam

from tenantry.areas.customers import model as customers
from tenantry.core import audit
from tenantry.core.billing_tables import billing_accounts
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import Problem
from tenantry.core.statements import Statement, point

_B = billing_accounts.c


class Taxation(msgspec.Struct, array_like=True, frozen=True):
    """What a customer's billing account says of his taxes."""

    tax_id: str | None = None
    is_tax_exempt: bool = False


_FIND = point([_B.tax_id, _B.is_tax_exempt], billing_accounts, Taxation, customer_id=_B.customer_id)
_NEW: dict[str, Any] = {
    "tax_id": bindparam("number"),
    "is_tax_exempt": bindparam("exempt"),
    "updated_at": bindparam("now"),
}
_STORE = Statement(
    lambda insert_: (
        insert_(billing_accounts)
        .values(customer_id=bindparam("customer"), created_at=bindparam("now"), **_NEW)
        .on_conflict_do_update(index_elements=["customer_id"], set_=_NEW)
    )
)


async def load(call: Reading) -> Taxation:
    """How the call's customer is taxed."""
    return await call.one(_FIND, customer_id=call.customer_id) or Taxation()


async def find_tax_id(call: Reading) -> str:
    """The number that the customer is taxed under. Raises Problem 404."""
    return _present((await load(call)).tax_id)


async def set_tax_id(call: Writing, tax_id: str) -> None:
    """Tax the customer under a number, as `tax_numbers.read` gives it."""
    known = await load(call)
    if known.tax_id != tax_id:
        await _store(call, msgspec.structs.replace(known, tax_id=tax_id))
        await _record_tax_id(call, "update")


async def remove_tax_id(call: Writing) -> None:
    """Forget the number. Raises Problem 404."""
    known = await load(call)
    _present(known.tax_id)
    await _store(call, msgspec.structs.replace(known, tax_id=None))
    await _record_tax_id(call, "delete")


async def set_exempt(call: Writing, *, is_exempt: bool) -> None:
    """Tax a customer, or don't. Raises Problem 404."""
    customer = await customers.find(call, call.customer_id)
    await call.unit.head(customer.id)
    known = await load(call)
    if known.is_tax_exempt == is_exempt:
        return
    await _store(call, msgspec.structs.replace(known, is_tax_exempt=is_exempt))
    action = "tax_status.update"
    await audit.record(
        call,
        action,
        "Tax status was updated",
        event_type="customer.update",
        metadata={
            "action": action,
            "old": {"is_exempt": known.is_tax_exempt},
            "new": {"is_exempt": is_exempt},
        },
    )


def _present(tax_id: str | None) -> str:
    if tax_id is None:
        raise Problem(404, "Record not found", "Cannot find a tax id")
    return tax_id


async def _store(call: Writing, taxation: Taxation) -> None:
    await call.run(
        _STORE,
        customer=call.customer_id,
        number=taxation.tax_id,
        exempt=taxation.is_tax_exempt,
        now=call.now,
    )


async def _record_tax_id(call: Writing, what: str) -> None:
    """The log does not say the number: it may be a person's."""
    action = f"tax_id.{what}"
    await audit.record(
        call,
        action,
        f"Tax id was {what}d",
        event_type="customer.update",
        metadata={"action": action},
    )
