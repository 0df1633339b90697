"""A customer's billing account as what is locked: so that his usage and his invoices wait in turn.

Taking usage in, voiding it and posting a month lock it first, always in the order of ids: none of
them sees half of what another does (contract: billing R24).
"""

from collections.abc import Iterable

from sqlalchemy import bindparam, select, update

from tenantry.core.billing_tables import billing_accounts
from tenantry.core.clock import Instant
from tenantry.core.session import Retryable
from tenantry.core.statements import Row, Statement, is_one_of
from tenantry.core.unit import Unit

_NAMED = (
    select(billing_accounts.c.customer_id, billing_accounts.c.moved_at)
    .where(is_one_of(billing_accounts.c.customer_id, "customers"))
    .order_by(billing_accounts.c.customer_id)
)
_LOCK = Statement(_NAMED.with_for_update())
_LOCK_FREE = Statement(_NAMED.with_for_update(skip_locked=True))
_ADD = Statement(
    lambda insert_: (
        insert_(billing_accounts)
        .values(
            customer_id=bindparam("customer"),
            is_tax_exempt=False,
            created_at=bindparam("now"),
            updated_at=bindparam("now"),
        )
        .on_conflict_do_nothing(index_elements=["customer_id"])
    )
)
_MOVE = Statement(
    update(billing_accounts)
    .where(is_one_of(billing_accounts.c.customer_id, "customers"))
    .values(moved_at=bindparam("now"))
)


async def lock(unit: Unit, customer_ids: Iterable[str]) -> Instant:
    """Have what happens to these customers' usage and invoices wait until this unit's commit.

    Returns when it happens, now but later than all that happened to them before: `move` then keeps
    it. Makes the accounts that are missing; the customers must be there. Raises Retryable where to
    wait could be for ever: others in the same transaction may hold what he waits for who is waited
    for. Alone, locks are taken in their order, and nobody waits in a circle.
    """
    wanted = sorted(set(customer_ids))
    locked = await _lock(unit, wanted)
    at: Instant = max([unit.now, *(moved_at + 1 for _, moved_at in locked)])
    return at


async def move(unit: Unit, customer_ids: Iterable[str], at: Instant) -> None:
    """Keep when something happened to accounts that are locked; what comes next comes later."""
    if moved := sorted(set(customer_ids)):
        await unit.run(_MOVE, customers=moved, now=at)


async def _lock(unit: Unit, wanted: list[str]) -> list[Row]:
    statement = _LOCK_FREE if unit.is_shared else _LOCK
    locked = await unit.all(statement, customers=wanted)
    if len(locked) == len(wanted):
        return locked
    missing = set(wanted) - {customer_id for customer_id, _ in locked}
    await unit.run_many(
        _ADD, [{"customer": customer_id, "now": unit.now} for customer_id in sorted(missing)]
    )
    locked = await unit.all(statement, customers=wanted)
    # Whoever made one of them at the same time may hold it still.
    if len(locked) < len(wanted):
        message = "somebody else holds an account"
        raise Retryable(message)
    return locked
