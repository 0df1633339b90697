"""The session of a program: what an access token is exchanged for (contract: identity §9.3).

It is made by the first exchange of a grant, under the family's id. Later ones prove that the
program still holds the grant, and tell the same key again: commands that run meanwhile are not cut
off. So the key is derived from the session's id, and stored nowhere.
"""

import itertools
from http import HTTPStatus

import msgspec
from sqlalchemy import insert

from tenantry.areas.realm import grants, open_sessions, programs
from tenantry.areas.realm.grants import Grant
from tenantry.areas.realm.web_tokens import Access
from tenantry.areas.tokens import model as tokens
from tenantry.areas.users import model as users
from tenantry.areas.users.signing_in import act_as_himself
from tenantry.areas.users.standing import welcome
from tenantry.core import audit
from tenantry.core.context import Writing
from tenantry.core.errors import Problem, unauthenticated
from tenantry.core.secrets import Keyring
from tenantry.core.security_tables import sessions
from tenantry.core.statements import Statement

PURPOSE = "program session"
_ADD = Statement(insert(sessions))


def key_of(keyring: Keyring, session_id: str) -> str:
    """The key of a program's session: as `secrets.new_token`, and the same each time."""
    keys = (keyring.code_for(PURPOSE, f"{session_id}:{turn}") for turn in itertools.count())
    return next(key for key in keys if key[0].isalnum())


async def exchange(call: Writing, claims: Access) -> tokens.TokenRow | None:
    """The session of the program that holds this token; None if it was exchanged before.

    Such a token is in two hands: its grant ends, and the unit must commit all the same. Raises
    Problem 401 where the grant is over, 403 where a policy keeps the person out.
    """
    grant = await grants.find(call, claims.jti)
    if grant is None or grant.user_id != claims.sub or call.now >= grant.expires_at:
        raise unauthenticated()
    row = await _welcome(call, grant)
    if not await open_sessions.is_open(call, grant.session_id, grant.user_id):
        raise unauthenticated()
    if not await grants.exchange(call, grant):
        await grants.end(call, grant.family, "an access token was used twice")
        return None
    if grant.has_own_session:
        token = await tokens.find(call, grant.session_id)
        return msgspec.structs.replace(token, expires_at=grant.expires_at)
    return await _begin(call, grant, row)


async def _welcome(call: Writing, grant: Grant) -> users.UserRow:
    try:
        row = await welcome(call, grant.user_id, grant.amr)
    except Problem as problem:
        if problem.status == HTTPStatus.NOT_FOUND:
            raise unauthenticated() from problem
        raise
    act_as_himself(call, row)
    return row


async def _begin(call: Writing, grant: Grant, row: users.UserRow) -> tokens.TokenRow:
    token = tokens.new_row(
        call,
        "session",
        id=grant.family,
        user_id=row.id,
        name=f"{programs.name_of(grant.client_id)} session",
        expires_at=grant.expires_at,
        last_used_at=call.now,
        ip=call.ip[:255],
        user_agent=call.user_agent,
    )
    await tokens.issue(call, token, key_of(call.keyring, token.id))
    await call.run(
        _ADD,
        customer_id=token.customer_id,
        token_id=token.id,
        user_id=row.id,
        methods=grant.methods,
        device_id=None,
        created_at=grant.signed_in_at,
    )
    await grants.rest_on_itself(call, grant)
    await users.store(call, msgspec.structs.replace(row, last_active_at=call.now))
    await audit.record(
        call,
        "user.login",
        f"User '{row.login}' logged in",
        metadata={"token_id": token.id, "methods": grant.amr, "client_id": grant.client_id},
    )
    return token
