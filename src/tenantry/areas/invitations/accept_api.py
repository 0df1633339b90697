"""How an invitation is accepted by a program (contract: access §4, #11).

The password is checked and hashed before the unit of work, which holds the customer's log. What
fails is counted, by address for codes that open nothing and by invitation for the rest, so that
nobody tries on and on.
"""

import msgspec

from tenantry.areas.invitations import acceptance
from tenantry.areas.invitations.model import InvitationRow
from tenantry.areas.users import guesses
from tenantry.areas.users.model import UserRow
from tenantry.core.context import NOBODY, Reading, Writing
from tenantry.core.errors import Problem, bad_request
from tenantry.core.secrets import hash_password
from tenantry.http.body import Body
from tenantry.http.operation import OK, PUBLIC, Credentials, Refused, Status, operation
from tenantry.http.wire import LEGACY


class NewPerson(msgspec.Struct, kw_only=True):
    """Who accepts. Other keys, such as `marketing_opt_in`, are ignored."""

    name: str | None = None
    password: str | None = None


class FilledForm(NewPerson, kw_only=True):
    """What the page's form sends."""

    password_again: str | None = None


class Checked(msgspec.Struct, frozen=True):
    """What was found before the unit of work: a newcomer, or what is wrong."""

    subjects: list[str]
    newcomer: acceptance.Newcomer | None = None
    problem: Problem | None = None


async def check_acceptance(
    call: Reading, body: Body[NewPerson], _credentials: Credentials, code: str
) -> Checked:
    """Find the invitation and hash the password, where all is well. Raises Problem 429."""
    # The code proves who comes. A key that is sent along proves nothing here, and may be of
    # another customer than the one whose log the unit of work will hold.
    call.principal = NOBODY
    row = await acceptance.find_code(call, code)
    here = guesses.subjects(call, f"invitation-ip:{guesses.origin(call)}")
    if row is None:
        await guesses.check(call, here)
        return Checked(here, problem=unknown_code())
    counted = guesses.subjects(call, f"invitation:{row.id}")
    await guesses.check(call, [*here, *counted])
    try:
        return Checked(counted, newcomer=await _newcomer(call, row, body))
    except Problem as problem:
        return Checked(counted, problem=problem)


async def _newcomer(
    call: Reading, row: InvitationRow, body: Body[NewPerson]
) -> acceptance.Newcomer:
    customer = await acceptance.find_host(call, row)
    person = body()
    password = None if customer.force_sso else person.password or ""
    if password is not None and not password:
        raise bad_request("Password is required")
    if password is not None and isinstance(person, FilledForm):
        _check_same(person)
    name = await acceptance.check_newcomer(call, row, person.name, password)
    return acceptance.Newcomer(name, None if password is None else await hash_password(password))


def _check_same(form: FilledForm) -> None:
    if (form.password_again or "") != form.password:
        raise bad_request("The two passwords are not the same")


def unknown_code() -> Problem:
    """One answer for a code that was made up, used, withdrawn or has expired."""
    return Problem(404, "Record not found", "Cannot find invitation")


async def settle(call: Writing, code: str, checked: Checked) -> UserRow | Problem:
    """Accept, or count the failure; what is returned commits. Raises Problem 404, 409, 429."""
    await guesses.check(call, checked.subjects)
    if checked.newcomer is None:
        await guesses.count(call, checked.subjects)
        # Who was second finds the login taken, by the first: what he hears is that the code is.
        is_open = await acceptance.find_code(call, code) is not None
        return checked.problem if is_open and checked.problem else unknown_code()
    return await acceptance.accept(call, code, checked.newcomer) or unknown_code()


@operation("PUT /invitation/accept/{code}", allow=PUBLIC, wire=LEGACY, prepare=check_acceptance)
async def accept_invitation(
    call: Writing,
    code: str,
    body: Body[NewPerson],  # noqa: ARG001 - read before the unit of work
    evidence: Checked,
) -> Status | Refused:
    """Become a user by the code of a mailed invitation; it works once."""
    settled = await settle(call, code, evidence)
    return Refused(settled) if isinstance(settled, Problem) else OK
