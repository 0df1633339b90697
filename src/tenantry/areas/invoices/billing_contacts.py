"""Whom mail about money goes to: billing contacts, or the owner of who has none.

Who closed his account owes for its last month still: those who left with it hear of that.
"""

from collections.abc import Sequence

from sqlalchemy import and_, func, literal, or_, select, union

from tenantry.core import schema
from tenantry.core.mail_address import address_key
from tenantry.core.session import Reads
from tenantry.core.statements import Statement, is_one_of

_C, _K, _U = schema.customers.c, schema.contacts.c, schema.users.c
_STAYED = or_(_U.deleted_at.is_(None), _U.deleted_at == _C.deleted_at)
_MINE = and_(_U.customer_id == _C.id, _STAYED)
_ASKED = is_one_of(_C.id, "customers")
_ADDRESSES = Statement(
    union(
        select(_C.id.label("customer"), _U.login.label("address"), literal(0).label("place"))
        .join(schema.users, and_(_MINE, _U.id == _C.billing_contact_id))
        .where(_ASKED),
        select(_K.customer_id, func.coalesce(_U.login, _K.email), literal(0))
        .select_from(schema.contacts)
        .join(schema.customers, _C.id == _K.customer_id)
        .outerjoin(schema.users, and_(_MINE, _U.id == _K.user_id))
        .where(
            is_one_of(_K.customer_id, "customers"),
            _K.contact_type == "billing",
            _K.deleted_at.is_(None),
        ),
        select(_C.id, _U.login, literal(1))
        .join(schema.users, and_(_MINE, _U.id == _C.owner_id))
        .where(_ASKED),
    ).order_by("customer", "place", "address")
)


async def addresses_of(reads: Reads, customer_ids: Sequence[str]) -> dict[str, list[str]]:
    """Mail addresses, by customer, each once; none for who has nobody left."""
    found: dict[str, dict[int, dict[str, str]]] = {}
    for customer_id, address, place in await reads.all(_ADDRESSES, customers=list(customer_ids)):
        if address:
            named = found.setdefault(customer_id, {}).setdefault(place, {})
            named.setdefault(address_key(address), address)
    return {one: list(by_place[min(by_place)].values()) for one, by_place in found.items()}
