"""Where somebody is known who is to be erased: as a user, as who was invited, or as a contact."""

from sqlalchemy import bindparam, func, select, union

from tenantry.core import access_tables, schema
from tenantry.core.errors import bad_request, not_found
from tenantry.core.mail_address import address_key
from tenantry.core.session import Reads
from tenantry.core.statements import Statement

_U, _K, _I = schema.users.c, schema.contacts.c, access_tables.invitations.c
# Who was only invited, or named as a contact, is no user anywhere.
_WITH_LOGIN = Statement(
    union(
        select(_U.customer_id).where(_U.login_key == bindparam("login_key")),
        select(_I.customer_id).where(_I.email_key == bindparam("login_key")),
        select(_K.customer_id).where(func.lower(_K.email) == bindparam("login_key")),
    ).order_by("customer_id")
)
# No database folds and composes letters as we do: where there are others than ASCII's, we look.
_BEYOND_ASCII = Statement(
    select(_K.customer_id, _K.email).where(func.octet_length(_K.email) > func.length(_K.email))
)
_OF_USER = Statement(
    select(_U.customer_id).where(_U.id == bindparam("id")).order_by(_U.customer_id)
)


async def customers_of(rows: Reads, user_id: str | None, login: str | None) -> list[str]:
    """The customers in which somebody is or was, by id or login. Raises Problem 400, 404."""
    login = None if login is None else login.strip()
    if bool(user_id) == bool(login):
        raise bad_request("Name either a user id or a login")
    if login:
        found = await _with_login(rows, address_key(login))
    else:
        found = [one for (one,) in await rows.all(_OF_USER, id=user_id)]
    if not found:
        raise not_found("user", user_id or login or "")
    return found


async def _with_login(rows: Reads, login_key: str) -> list[str]:
    found = {one for (one,) in await rows.all(_WITH_LOGIN, login_key=login_key)}
    contacts = await rows.all(_BEYOND_ASCII)
    return sorted(found | {one for one, email in contacts if address_key(email) == login_key})
