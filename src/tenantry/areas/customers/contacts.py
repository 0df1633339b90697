"""A contact: whom to turn to in a customer, a user of it or somebody named. Added and removed.

The first billing, technical or security contact who is a user also becomes the one that the
customer itself names (contract: identity §4). A user who leaves stays reachable: his contacts keep
the name and the address that he had (docs/decisions/0006-contacts-of-who-left.md).
"""

from collections.abc import Mapping
from typing import Literal

import msgspec
from sqlalchemy import and_, bindparam, delete, insert, select, update

from tenantry.areas.customers import model
from tenantry.core import audit, schema
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import bad_request, not_found
from tenantry.core.ids import is_id, new_id
from tenantry.core.mail_address import checked_address
from tenantry.core.statements import Row, Statement, point

ContactType = Literal[
    "primary", "billing", "technical", "security", "emergency", "general compliance"
]
REACHED_BY_PHONE = frozenset({"primary", "technical", "security"})
NAMED_BY_CUSTOMER = frozenset({"billing", "technical", "security"})
LONGEST = 255

_K, _U = schema.contacts.c, schema.users.c


class ContactRow(msgspec.Struct, array_like=True, frozen=True):
    """A contact as it is stored."""

    customer_id: str
    id: str
    user_id: str | None
    contact_type: str
    name: str | None
    email: str | None
    phone: str | None
    created_at: int
    updated_at: int
    deleted_at: int | None = None


class NewContact(msgspec.Struct, kw_only=True):
    """What a contact is made from: a user, or a name and an address."""

    contact_type: ContactType
    user_id: str | None = None
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    customer_id: str | None = None


_COLUMNS = [schema.contacts.c[name] for name in ContactRow.__struct_fields__]
_LIST = Statement(
    select(*_COLUMNS)
    .where(_K.customer_id == bindparam("customer_id"))
    .order_by(_K.created_at, _K.id),
    ContactRow,
)
_FIND = point(_COLUMNS, schema.contacts, ContactRow, customer_id=_K.customer_id, id=_K.id)
_USER = Statement[Row](
    select(_U.id).where(
        _U.customer_id == bindparam("customer_id"),
        _U.id == bindparam("user_id"),
        _U.deleted_at.is_(None),
    )
)
_ADD = Statement[Row](insert(schema.contacts))
_REMOVE = Statement[Row](
    delete(schema.contacts).where(
        and_(_K.customer_id == bindparam("customer"), _K.id == bindparam("contact"))
    )
)
_OF_USER = and_(_K.customer_id == bindparam("customer"), _K.user_id == bindparam("user"))
_LIST_OF_USER = Statement(
    select(*_COLUMNS).where(_OF_USER).order_by(_K.created_at, _K.id), ContactRow
)
_RELEASE = Statement[Row](
    update(schema.contacts)
    .where(_OF_USER)
    .values(
        user_id=None,
        name=bindparam("named"),
        email=bindparam("address"),
        updated_at=bindparam("now"),
    )
)


async def list_all(call: Reading) -> list[ContactRow]:
    """The contacts of the call's customer, oldest first."""
    return await call.all(_LIST, customer_id=call.customer_id)


async def add(call: Writing, new: NewContact) -> ContactRow:
    """Add a contact. Raises Problem 400."""
    row = await _checked(call, new)
    await call.run(_ADD, **msgspec.structs.asdict(row))
    await _record(call, row, "create")
    if row.user_id is not None and row.contact_type in NAMED_BY_CUSTOMER:
        await _name_in_customer(call, row.contact_type, row.user_id)
    return row


async def remove(call: Writing, contact_id: str) -> None:
    """Remove a contact. Raises Problem 404."""
    row = await call.one(_FIND, customer_id=call.customer_id, id=contact_id)
    if row is None:
        raise not_found("contact", contact_id)
    await call.run(_REMOVE, customer=call.customer_id, contact=contact_id)
    await _record(call, row, "delete")


async def release(call: Writing, user_id: str, name: str, email: str) -> None:
    """Point at a leaving user no more; his contacts are of his name and address from now on.

    contract: access §12
    """
    rows = await call.all(_LIST_OF_USER, customer=call.customer_id, user=user_id)
    if rows:
        his = {"customer": call.customer_id, "user": user_id}
        await call.run(_RELEASE, **his, named=name, address=email, now=call.now)
    for row in rows:
        new = {"user_id": None, "name": name, "email": email}
        old = {field: getattr(row, field) for field in new}
        left = msgspec.structs.replace(row, **new)
        await _record(call, left, "update", old=old, new=new)
    customer = await model.find(call, call.customer_id)
    fields = [f"{kind}_contact_id" for kind in model.CONTACTS]
    pointing = {field: None for field in fields if getattr(customer, field) == user_id}
    if pointing:
        await model.change(call, customer.id, msgspec.convert(pointing, model.CustomerChange))


async def _checked(call: Writing, new: NewContact) -> ContactRow:
    if new.customer_id not in {None, call.customer_id}:
        raise bad_request("Customer id must be that of the address")
    if new.user_id is not None:
        await _check_user(call, new.user_id)
    elif new.name is None or new.email is None:
        raise bad_request("User id, or name and email, are required")
    phone = _checked_text("Phone", new.phone)
    if phone is None and new.contact_type in REACHED_BY_PHONE:
        detail = f"Phone is required for a {new.contact_type} contact"
        raise bad_request(detail)
    is_user = new.user_id is not None
    return ContactRow(
        customer_id=call.customer_id,
        id=new_id(),
        user_id=new.user_id,
        contact_type=new.contact_type,
        name=None if is_user else _checked_text("Name", new.name),
        email=None if is_user else _checked_email(new.email or ""),
        phone=phone,
        created_at=call.now,
        updated_at=call.now,
    )


async def _check_user(call: Writing, user_id: str) -> None:
    given = {"customer_id": call.customer_id, "user_id": user_id}
    if not is_id(user_id) or await call.one(_USER, **given) is None:
        raise bad_request("User id must be a user of this customer")


def _checked_text(label: str, text: str | None) -> str | None:
    if text is None:
        return None
    stripped = text.strip()
    if not 1 <= len(stripped) <= LONGEST:
        detail = f"{label} must have 1 to {LONGEST} characters"
        raise bad_request(detail)
    return stripped


def _checked_email(text: str) -> str:
    try:
        return checked_address(text)
    except ValueError as problem:
        detail = f"Email must be an e-mail address: {problem}"
        raise bad_request(detail) from problem


async def _record(
    call: Writing,
    row: ContactRow,
    what: Literal["create", "delete", "update"],
    **more: Mapping[str, str | None],
) -> None:
    """The wire has no event type for contacts (contract: identity §1.9)."""
    action = f"contact.{what}"
    await audit.record(
        call,
        action,
        f"{row.contact_type.capitalize()} contact was {what}d",
        event_type="customer.update",
        metadata={
            "action": action,
            "contact_id": row.id,
            "contact_type": row.contact_type,
            "user_id": row.user_id,
            "name": row.name,
            "email": row.email,
            "phone": row.phone,
            **more,
        },
    )
    if row.contact_type == "billing":
        await audit.record(
            call,
            "billing.contact_update",
            "Billing contact was updated",
            metadata={"contact_id": row.id},
        )


async def _name_in_customer(call: Writing, contact_type: str, user_id: str) -> None:
    customer = await model.find(call, call.customer_id)
    field = f"{contact_type}_contact_id"
    if getattr(customer, field) is not None:
        return
    new = {field: user_id}
    customer = msgspec.structs.replace(customer, **new, updated_at=call.now)
    await model.store(call, customer)
    await audit.record(
        call,
        "customer.update",
        f"Customer '{customer.name}' was updated",
        metadata={"old": {field: None}, "new": new},
        rows=[model.revision(customer)],
    )
