"""The page behind a mailed link, where a person chooses a password (contract: identity §3.8).

Programs may send the same as JSON.
"""

import msgspec

from tenantry.areas.customers.model import find as find_customer
from tenantry.areas.users import fitness, model, passwords
from tenantry.core.context import NOBODY, Reading, Writing
from tenantry.core.errors import Problem, bad_request
from tenantry.core.secrets import hash_password
from tenantry.http.body import Body
from tenantry.http.message import Response
from tenantry.http.operation import OK, PUBLIC, Credentials, Refused, Status, operation
from tenantry.http.pages import Pages
from tenantry.http.wire import LEGACY, PAGE

PATH = "/_tenantry/v1/password/{code}"

_page = Pages("tenantry.areas.users").page


class ChosenPassword(msgspec.Struct):
    """What the page's form sends; programs need not repeat the password."""

    password: str | None = None
    password_again: str | None = None


class Choice(msgspec.Struct, frozen=True):
    """Whose link it is, and the hash of the password that was chosen, or what is wrong with it."""

    row: model.UserRow | None
    hashed: str | None = None
    unfit: fitness.Unfit | None = None
    problem: Problem | None = None


async def _form(call: Reading, row: model.UserRow, problem: Problem | None = None) -> Response:
    customer = await find_customer(call, row.customer_id)
    return _page(
        "choose_password",
        200 if problem is None else problem.status,
        login=row.login,
        customer_name=customer.name,
        problem=problem and (problem.detail or problem.title),
        shortest=passwords.SHORTEST,
        longest=passwords.LONGEST,
    )


@operation(f"GET {PATH}", allow=PUBLIC, wire=PAGE)
async def get_password_page(call: Reading, code: str) -> Response:
    """The form, or a friendly word that the link is spent; looking at it spends nothing."""
    link = await passwords.find_code(call, code)
    return _page("link_spent", 404) if link is None else await _form(call, link[1])


async def check_choice(
    call: Reading, body: Body[ChosenPassword], _credentials: Credentials, code: str
) -> Choice:
    """Find the link and hash the password, where it is a good one."""
    # The link proves who comes. A key that is sent along proves nothing here, and may be of
    # another customer than the one whose log the unit of work will hold.
    call.principal = NOBODY
    try:
        link = await passwords.find_code(call, code)
    except Problem as problem:
        return Choice(None, problem=problem)
    if link is None:
        return Choice(None)
    _, row = link
    try:
        password = _chosen(body)
        unfit = await fitness.unfitness(call, row, password)
    except Problem as problem:
        return Choice(row, problem=problem)
    if unfit is not None:
        return Choice(row, unfit=unfit)
    return Choice(row, hashed=await hash_password(password))


def _chosen(body: Body[ChosenPassword]) -> str:
    chosen = body()
    if chosen.password is None:
        raise bad_request("Password is required")
    if body.is_form and chosen.password_again != chosen.password:
        raise bad_request("The two passwords are not the same")
    return chosen.password


@operation(f"POST {PATH}", allow=PUBLIC, wire=LEGACY, prepare=check_choice)
async def complete_password_reset(
    call: Writing, code: str, body: Body[ChosenPassword], evidence: Choice
) -> Status | Response | Refused:
    """Set the password; the link is spent by that, and by nothing else. Forms get a page."""
    row, problem = evidence.row, evidence.problem
    if row is not None and evidence.unfit is not None:
        problem = await _refused(call, row, evidence.unfit)
    if evidence.hashed is not None:
        row = await passwords.complete(call, code, evidence.hashed)
    if _is_form(body):
        return await _shown(call, row, problem)
    if problem is not None:
        return Refused(problem)
    if row is None:
        raise Problem(404, "Record not found", "The link was used already or has expired")
    return OK


async def _refused(call: Writing, row: model.UserRow, unfit: fitness.Unfit) -> Problem:
    """What is wrong, for the page or for a program: also that there were too many guesses."""
    try:
        return await fitness.refuse(call, row, unfit)
    except Problem as problem:
        return problem


def _is_form(body: Body[ChosenPassword]) -> bool:
    try:
        return body.is_form
    except Problem:
        # Another type than either: that is the problem which was found before.
        return False


async def _shown(call: Reading, row: model.UserRow | None, problem: Problem | None) -> Response:
    if row is None and problem is not None:
        return _page("refused", problem.status, title=problem.title, detail=problem.detail)
    if row is None:
        return _page("link_spent", 404)
    if problem is not None:
        return await _form(call, row, problem)
    return _page("password_set", login=row.login)
