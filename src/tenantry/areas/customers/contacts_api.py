"""How contacts are reached (contract: identity §4)."""

import msgspec

from tenantry.areas.customers import contacts
from tenantry.core.clock import shown, shown_or_none
from tenantry.core.context import Reading, Writing
from tenantry.http.body import Body
from tenantry.http.operation import OK, Status, operation, permission
from tenantry.http.wire import LEGACY

MANAGE = permission("contact.manage")


class Contact(msgspec.Struct):
    """A contact as the wire shows it; of a user, name and address stand with the user."""

    user_id: str | None
    contact_type: str
    name: str | None
    email: str | None
    phone: str | None
    customer_id: str
    created_at: str
    deleted_at: str | None
    updated_at: str
    id: str


def _shown(row: contacts.ContactRow) -> Contact:
    return Contact(
        user_id=row.user_id,
        contact_type=row.contact_type,
        name=row.name,
        email=row.email,
        phone=row.phone,
        customer_id=row.customer_id,
        created_at=shown(row.created_at),
        deleted_at=shown_or_none(row.deleted_at),
        updated_at=shown(row.updated_at),
        id=row.id,
    )


@operation("GET /customer/{customer_id}/contacts", allow=permission("contact.read"), wire=LEGACY)
async def list_contacts(call: Reading) -> list[Contact]:
    """The customer's contacts, oldest first."""
    return [_shown(row) for row in await contacts.list_all(call)]


@operation("POST /customer/{customer_id}/contacts", allow=MANAGE, wire=LEGACY)
async def create_contacts(call: Writing, body: Body[contacts.NewContact]) -> Contact:
    """Add a contact: a user, or a name and a mail address."""
    return _shown(await contacts.add(call, body()))


@operation("DELETE /customer/{customer_id}/contacts/{contact_id}", allow=MANAGE, wire=LEGACY)
async def delete_contact(call: Writing, contact_id: str) -> Status:
    """Remove a contact."""
    await contacts.remove(call, contact_id)
    return OK


@operation("DELETE /customer/{customer_id}/contact/{contact_id}", allow=MANAGE, wire=LEGACY)
async def delete_contact_by_its_older_address(call: Writing, contact_id: str) -> Status:
    """Remove a contact; older editions of the reference say `contact`."""
    await contacts.remove(call, contact_id)
    return OK
