"""How users are reached (contract: identity §3)."""

import msgspec

from tenantry.areas.users import changing, fitness, guesses, model, passwords, removal, sign_in
from tenantry.areas.users.shapes import (
    UpdatedUser,
    User,
    sees_all,
    shown_list,
    shown_seen,
    shown_user,
)
from tenantry.core.context import NOBODY, Reading, Writing
from tenantry.core.errors import (
    Problem,
    bad_request,
    not_authorized,
    not_found,
    unauthenticated,
)
from tenantry.http.body import Body
from tenantry.http.gate import check_scope
from tenantry.http.operation import (
    CUSTOMER,
    OK,
    PUBLIC,
    Answer,
    Credentials,
    Refused,
    Status,
    operation,
    own_or,
    permission,
)
from tenantry.http.wire import LEGACY


class PasswordChange(msgspec.Struct):
    """The body of a password change."""

    old_password: str | None = None
    new_password: str | None = None


@operation("GET /customer/{customer_id}/users", allow=permission("user.read"), wire=LEGACY)
async def list_users(call: Reading) -> list[User]:
    """The customer's living users, by id."""
    return shown_list(await model.list_all(call), call)


@operation("GET /current_user", allow=CUSTOMER, wire=LEGACY)
async def get_current_user(call: Reading) -> User:
    """The owner of the calling token; a token limited to services may not ask (identity §1.4)."""
    principal = call.principal
    if principal.user_id is None:
        raise not_found("user", principal.token_id)
    if principal.grants.token_limited:
        raise not_authorized()
    seen = await model.see(call, principal.user_id)
    return shown_seen(seen, call, principal.policies, whole=True)


@operation("GET /user/{user_id}", allow=own_or("user.read", "user_id"), wire=LEGACY)
async def get_user(call: Reading, user_id: str) -> User:
    """One user of the customer."""
    seen = await model.see(call, user_id)
    return shown_seen(seen, call, call.principal.policies, whole=sees_all(call, user_id))


@operation("GET /users/{user_id}", allow=own_or("user.read", "user_id"), wire=LEGACY)
async def get_user_by_plural(call: Reading, user_id: str) -> User:
    """One user of the customer, where a third-party client looks (contract: access §13)."""
    user: User = await get_user(call, user_id)
    return user


@operation("POST /user", allow=permission("user.create"), wire=LEGACY)
async def create_user(call: Writing, body: Body[model.NewUser]) -> User:
    """Add a user, who gets a mail with a link to set a password; a locked one gets none."""
    row = await model.create(call, body())
    policies = call.principal.policies
    # Following the link would unlock. And nobody is spared single sign-on from the beginning.
    if not row.locked and not policies.force_sso:
        await passwords.post_first_link(call, row, "set_password")
    return shown_seen(model.seen(row), call, policies, whole=sees_all(call, row.id))


@operation(
    "PUT /user/{user_id}",
    allow=own_or("user.update", "user_id"),
    wire=LEGACY,
    answers=UpdatedUser,
)
async def update_user(call: Writing, user_id: str, body: Body[changing.UserChange]) -> Answer:
    """Change a user: superusers anybody, everybody his own name."""
    row = await model.find(call, user_id)
    changing.check_may(call, row, body.sent())
    user = shown_user(await changing.change(call, row, body()), call)
    return Answer(UpdatedUser(**msgspec.structs.asdict(user)))


@operation("DELETE /user/{user_id}", allow=own_or("user.delete", "user_id"), wire=LEGACY)
async def delete_user(call: Writing, user_id: str) -> Status:
    """Delete a user whose API tokens are revoked."""
    await removal.remove(call, user_id)
    return OK


async def check_change(
    call: Reading, body: Body[PasswordChange], credentials: Credentials
) -> fitness.Replacement:
    """Compare the old password and hash the new one. Raises Problem 400, 401, 403, 429."""
    login, proof = _claimed(call, body, credentials)
    if not call.principal.is_person:
        # The password proves who comes. A program's key, maybe another customer's, proves nothing.
        call.principal = NOBODY
    checked = await sign_in.check(call, login, proof, credentials.otp)
    if not checked.is_right:
        return fitness.Replacement(checked)
    old, new = _required(body())
    if old != proof:
        return fitness.Replacement(checked, fitness.Unfit("Old password is incorrect"))
    return await fitness.check_change(call, checked, old, new)


def _claimed(
    call: Reading, body: Body[PasswordChange], credentials: Credentials
) -> tuple[str, str]:
    """Whose password is said to be which: by HTTP Basic, or by a key and the body."""
    principal = call.principal
    if credentials.username and credentials.password is not None:
        is_own = model.login_key(credentials.username) == model.login_key(principal.login)
        if principal.is_person and not is_own:
            raise unauthenticated()
        return credentials.username, credentials.password
    if not principal.is_person:
        raise unauthenticated(principal.refused)
    check_scope(principal, "POST")
    return principal.login, _required(body())[0]


def _required(change: PasswordChange) -> tuple[str, str]:
    if not change.old_password or not change.new_password:
        raise bad_request("Old password and new password are required")
    return change.old_password, change.new_password


@operation("POST /current_user/password", allow=PUBLIC, wire=LEGACY, prepare=check_change)
async def update_user_password(
    call: Writing,
    body: Body[PasswordChange],  # noqa: ARG001 - read before the unit of work
    evidence: fitness.Replacement,
) -> User | Refused:
    """Change one's own password, proved by HTTP Basic or by a key (identity §3.7)."""
    outcome = await sign_in.settle(call, evidence.checked, changes_password=True)
    if outcome != "ok" or evidence.checked.row is None:
        return Refused(_refusal(outcome, by_key=call.principal.is_person))
    row = await model.find(call, evidence.checked.row.id)
    if evidence.unfit is not None:
        problem = await fitness.refuse(call, row, evidence.unfit)
        if evidence.unfit.is_known:
            return Refused(problem)
        # Nothing was guessed: the code of a second factor that came along is still unused.
        raise problem
    return shown_user(await passwords.set_password(call, row, evidence.hashed), call, own=True)


def _refusal(outcome: sign_in.Outcome, *, by_key: bool) -> Problem:
    if outcome == "otp":
        return Problem(400, "2fa.verify", "Invalid one-time password", code="2fa.verify")
    if not by_key:
        return sign_in.refusal(outcome) or unauthenticated()
    if outcome == "locked":
        return Problem(400, "This account is locked", code="account_locked")
    return bad_request("Old password is incorrect")


@operation(
    "POST /user/{user_login}/password/request_reset",
    allow=own_or("user.reset_password", "user_login"),
    wire=LEGACY,
)
async def request_password_reset(call: Writing, user_login: str) -> Status:
    """Mail a single-use link, valid for an hour. Raises Problem 403, 404, 429."""
    await passwords.request_reset(call, user_login)
    await guesses.count_letter(call, model.login_key(user_login))
    return OK
