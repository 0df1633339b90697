"""How invitations are reached by who sends them (contract: access §4)."""

from tenantry.areas.invitations import inviting, model, shapes
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import not_found
from tenantry.http.body import Body
from tenantry.http.message import Query
from tenantry.http.operation import JSON_API_PAGED, operation, permission_or_own
from tenantry.http.paging import bracketed, json_api_links, meta
from tenantry.http.wire import CLASSIC

_READ = permission_or_own("invitation.read")
_CREATE = permission_or_own("invitation.create")
_DELETE = permission_or_own("invitation.delete")


@operation("GET /invitations", allow=_READ, wire=CLASSIC, query=JSON_API_PAGED)
async def list_invitations(call: Reading, query: Query) -> shapes.InvitationList:
    """The pending invitations, a page at a time; engineers see those that they sent."""
    page = bracketed(query)
    rows, records = await model.list_page(call, page.size, page.skipped)
    services = await model.services_of(call, rows)
    return shapes.InvitationList(
        data=[shapes.shown_invitation(row, services[row.id]) for row in rows],
        links=json_api_links(query, page, records),
        meta=meta(page, records),
    )


@operation("POST /invitations", allow=_CREATE, wire=CLASSIC)
async def create_invitation(
    call: Writing, body: Body[shapes.CreateInvitation]
) -> shapes.InvitationDocument:
    """Invite somebody by mail; engineers invite engineers and users, without limits."""
    data = body().data
    customer_id = shapes.asked_customer(data)
    if customer_id not in {None, call.customer_id}:
        raise not_found("customer", str(customer_id))
    row = await inviting.invite(call, shapes.asked_invitation(data))
    return shapes.InvitationDocument(shapes.shown_invitation(row))


@operation("GET /invitations/{invitation_id}", allow=_READ, wire=CLASSIC)
async def get_invitation(call: Reading, invitation_id: str) -> shapes.InvitationDocument:
    """One pending invitation; engineers see those that they sent."""
    row = await model.find(call, invitation_id, "invitation.read")
    services = await model.services_of(call, [row])
    return shapes.InvitationDocument(shapes.shown_invitation(row, services[row.id]))


@operation("DELETE /invitations/{invitation_id}", allow=_DELETE, wire=CLASSIC, status=204)
async def delete_invitation(call: Writing, invitation_id: str) -> None:
    """Withdraw a pending invitation: its code is dead at once."""
    await model.withdraw(call, invitation_id)


@operation(
    "POST /invitations/{invitation_id}/notifications",
    allow=_CREATE,
    wire=CLASSIC,
    status=204,
)
async def create_invitation_notification(call: Writing, invitation_id: str) -> None:
    """Mail the same link once more; the invitation ends when it always would have."""
    await model.send_again(call, invitation_id)
