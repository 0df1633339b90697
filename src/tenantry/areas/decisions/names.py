"""How users, tokens and services are called today; what is gone is still found by its id."""

from collections.abc import Iterable

import msgspec
from sqlalchemy import and_, bindparam, or_, select

from tenantry.access.table import Body
from tenantry.areas.users.model import login_key
from tenantry.core import schema
from tenantry.core.context import Reading
from tenantry.core.errors import not_found
from tenantry.core.statements import Statement, is_one_of

_U, _T, _S, _R = schema.users.c, schema.tokens.c, schema.services.c, schema.revisions.c


class Known(msgspec.Struct, frozen=True):
    """Somebody or something by its names."""

    id: str
    name: str
    login: str = ""


_LOGIN = and_(_U.login_key == bindparam("login_key"), _U.deleted_at.is_(None))
_USER = Statement(
    select(_U.id, _U.name, _U.login).where(
        _U.customer_id == bindparam("customer_id"), or_(_U.id == bindparam("id"), _LOGIN)
    ),
    Known,
)
_NAMED = and_(_S.name == bindparam("name"), _S.deleted_at.is_(None))
_SERVICE = Statement(
    select(_S.id, _S.name)
    .where(_S.customer_id == bindparam("customer_id"), or_(_S.id == bindparam("id"), _NAMED))
    # A service may be named like another's id.
    .order_by(_S.id != bindparam("id")),
    Known,
)
_USERS = Statement(
    select(_U.id, _U.name, _U.login).where(
        _U.customer_id == bindparam("customer_id"), is_one_of(_U.id, "ids")
    ),
    Known,
)
_TOKENS = Statement(
    select(_T.id, _T.name).where(
        _T.customer_id == bindparam("customer_id"), is_one_of(_T.id, "ids")
    ),
    Known,
)
# The first revision is the token as it was made; whose it is never changes.
_MADE = Statement(
    select(_R.body)
    .where(
        _R.customer_id == bindparam("customer_id"),
        _R.kind == "token",
        _R.row_id == bindparam("id"),
    )
    .order_by(_R.from_sequence)
    .limit(1)
)


async def find_user(call: Reading, text: str) -> Known:
    """A user, also one who is gone, by id; or a living one by login. Raises Problem 404."""
    user = await call.one(_USER, customer_id=call.customer_id, id=text, login_key=login_key(text))
    if user is None:
        raise not_found("user", text)
    return user


async def find_service(call: Reading, text: str) -> Known:
    """A service, also one that is gone, by id; or a living one by name. Raises Problem 404."""
    service = await call.one(_SERVICE, customer_id=call.customer_id, id=text, name=text)
    if service is None:
        raise not_found("service", text)
    return service


async def token_as_made(call: Reading, token_id: str) -> Body | None:
    """A token as it was made, also one that is gone; None if there never was one."""
    made = await call.one(_MADE, customer_id=call.customer_id, id=token_id)
    return None if made is None else msgspec.json.decode(made[0])


async def users(call: Reading, ids: Iterable[str]) -> dict[str, Known]:
    """How users are called, by id."""
    return await _by_id(call, _USERS, ids)


async def tokens(call: Reading, ids: Iterable[str]) -> dict[str, Known]:
    """How tokens that are still there are called, by id."""
    return await _by_id(call, _TOKENS, ids)


async def _by_id(
    call: Reading, statement: Statement[Known], ids: Iterable[str]
) -> dict[str, Known]:
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    found = await call.all(statement, customer_id=call.customer_id, ids=wanted)
    return {one.id: one for one in found}
