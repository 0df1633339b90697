"""The page behind a mailed invitation, where a person joins (contract: access §4, #11)."""

from tenantry.areas.customers.model import CustomerRow
from tenantry.areas.invitations import acceptance
from tenantry.areas.invitations.accept_api import Checked, FilledForm, check_acceptance, settle
from tenantry.areas.invitations.model import InvitationRow
from tenantry.areas.users import passwords
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import Problem
from tenantry.http.body import Body
from tenantry.http.message import Response
from tenantry.http.operation import PUBLIC, operation
from tenantry.http.pages import Pages
from tenantry.http.wire import PAGE

PATH = "/_tenantry/v1/invitation/{code}"

_page = Pages("tenantry.areas.invitations").page
_BAD, _FORBIDDEN, _TAKEN = 400, 403, 409


def _form(
    row: InvitationRow, customer: CustomerRow, name: str = "", problem: str | None = None
) -> Response:
    return _page(
        "accept",
        200 if problem is None else 400,
        email=row.email,
        customer_name=customer.name,
        name=name,
        problem=problem,
        needs_password=not customer.force_sso,
        shortest=passwords.SHORTEST,
        longest=passwords.LONGEST,
    )


@operation(f"GET {PATH}", allow=PUBLIC, wire=PAGE)
async def get_invitation_page(call: Reading, code: str) -> Response:
    """The form, or a friendly word that the link is spent; looking at it spends nothing."""
    row = await acceptance.find_code(call, code)
    if row is None:
        return _page("spent", 404)
    try:
        return _form(row, await acceptance.find_host(call, row))
    except Problem as problem:
        return _refused(problem, row)


@operation(f"POST {PATH}", allow=PUBLIC, wire=PAGE, prepare=check_acceptance)
async def complete_invitation_page(
    call: Writing, code: str, body: Body[FilledForm], evidence: Checked
) -> Response:
    """Become a user by filling in the form; the link works once."""
    row = await acceptance.find_code(call, code)
    settled = await settle(call, code, evidence)
    if row is None:
        return _page("spent", 404)
    if isinstance(settled, Problem):
        return await _told(call, row, body, settled)
    return _page("joined", login=settled.login)


async def _told(
    call: Reading, row: InvitationRow, body: Body[FilledForm], problem: Problem
) -> Response:
    """What is wrong, on the form where it can be mended there."""
    if problem.status != _BAD:
        return _refused(problem, row)
    customer = await acceptance.find_host(call, row)
    return _form(row, customer, _name_in(body), problem.detail or problem.title)


def _name_in(body: Body[FilledForm]) -> str:
    try:
        return body().name or ""
    except Problem:
        # What could not be read is what is wrong.
        return ""


def _refused(problem: Problem, row: InvitationRow) -> Response:
    if problem.status == _TAKEN:
        return _page("taken", problem.status, email=row.email)
    if problem.status == _FORBIDDEN:
        return _page("not_from_here", problem.status)
    raise problem
