"""Whom a customer names for its security."""

from sqlalchemy import and_, bindparam, func, select, union

from tenantry.core import schema
from tenantry.core.session import Reads
from tenantry.core.statements import Statement

_U, _K, _C = schema.users.c, schema.contacts.c, schema.customers.c
_LIVING = and_(_U.customer_id == _C.id, _U.deleted_at.is_(None))
_OF_CONTACT = and_(_U.customer_id == _K.customer_id, _U.id == _K.user_id, _U.deleted_at.is_(None))
_CONTACTS = Statement(
    union(
        select(_U.login.label("address"))
        .join(schema.customers, and_(_LIVING, _U.id == _C.security_contact_id))
        .where(_C.id == bindparam("customer_id")),
        select(func.coalesce(_U.login, _K.email).label("address"))
        .select_from(schema.contacts.outerjoin(schema.users, _OF_CONTACT))
        .where(
            _K.customer_id == bindparam("customer_id"),
            _K.contact_type == "security",
            _K.deleted_at.is_(None),
        ),
    ),
    str,
)
_OWNER = Statement(
    select(_U.login)
    .join(schema.customers, and_(_LIVING, _U.id == _C.owner_id))
    .where(_C.id == bindparam("customer_id")),
    str,
)


async def security_contacts(reads: Reads, customer_id: str) -> list[str]:
    """Their mail addresses; none if it names nobody."""
    found = await reads.all(_CONTACTS, customer_id=customer_id)
    return [address for address in found if address]


async def security_contacts_or_owner(reads: Reads, customer_id: str) -> list[str]:
    """The same, where somebody has to be told."""
    named = await security_contacts(reads, customer_id)
    return named or await reads.all(_OWNER, customer_id=customer_id)
