"""Passkeys: a second factor, or the only one where the customer's policy says so.

What browsers say about them is read in ceremonies.py.
"""

from typing import Any, Literal

import msgspec
from sqlalchemy import and_, bindparam, delete, or_, select, update

from tenantry.areas.users import ceremonies
from tenantry.areas.users.ceremonies import Descriptor
from tenantry.areas.users.model import UserRow
from tenantry.core.clock import Instant
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import Problem, bad_request, not_found
from tenantry.core.ids import new_id
from tenantry.core.security_tables import passkeys, sign_in_policies
from tenantry.core.statements import Statement

MOST = 20

_K, _P = passkeys.c, sign_in_policies.c
_MINE = (_K.customer_id == bindparam("customer"), _K.user_id == bindparam("user"))
_THIS = (*_MINE, _K.id == bindparam("passkey"))

Outcome = Literal["ok", "invalid", "copied"]


class Passkey(msgspec.Struct, array_like=True, frozen=True):
    """One of a user's."""

    customer_id: str
    user_id: str
    id: str
    name: str
    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: str
    created_at: Instant
    last_used_at: Instant | None

    def descriptor(self) -> Descriptor:
        """By which a browser may know it."""
        return Descriptor(self.credential_id, msgspec.json.decode(self.transports))


_COLUMNS = [passkeys.c[name] for name in Passkey.__struct_fields__]
_LIST = Statement(select(*_COLUMNS).where(*_MINE).order_by(_K.created_at, _K.id), Passkey)
_FIND_CREDENTIAL = Statement(
    select(*_COLUMNS).where(_K.credential_id == bindparam("credential")), Passkey
)
_ADD = Statement(
    lambda insert: insert(passkeys).on_conflict_do_nothing(index_elements=["credential_id"])
)
# A counter only grows, unless the authenticator keeps none and always says zero.
_USE = Statement(
    update(passkeys)
    .where(
        *_THIS,
        or_(
            _K.sign_count < bindparam("new_count"),
            and_(_K.sign_count == 0, _K.sign_count == bindparam("new_count")),
        ),
    )
    .values(
        sign_count=bindparam("new_count"),
        is_backed_up=bindparam("backed_up"),
        last_used_at=bindparam("now"),
    )
)
_RENAME = Statement(update(passkeys).where(*_THIS).values(name=bindparam("new_name")))
_REMOVE = Statement(delete(passkeys).where(*_THIS))
_FORGET = Statement(delete(passkeys).where(*_MINE))
_ANY_ALONE = Statement(select(_P.customer_id).where(_P.allows_passkey_alone.is_(True)).limit(1))


async def list_all(call: Reading, user_id: str) -> list[Passkey]:
    """A user's, oldest first."""
    return await call.all(_LIST, customer=call.customer_id, user=user_id)


async def find(call: Reading, user_id: str, passkey_id: str) -> Passkey:
    """One of a user's. Raises Problem 404."""
    for one in await list_all(call, user_id):
        if one.id == passkey_id:
            return one
    raise not_found("passkey", passkey_id)


async def find_by_answer(call: Reading, answer: dict[str, Any]) -> Passkey | None:
    """The passkey that a browser signed with, whoever's."""
    credential = ceremonies.credential_id(answer)
    if not credential:
        return None
    return await call.one(_FIND_CREDENTIAL, credential=credential)


async def may_be_alone(call: Reading) -> bool:
    """Whether any customer lets its people in by a passkey alone, so that asking makes sense."""
    site = ceremonies.site_of(call)
    return site is not None and await call.one(_ANY_ALONE) is not None


async def check_room(call: Reading, user_id: str) -> list[Descriptor]:
    """Those that a user has, which browsers are told not to make again. Raises Problem 400."""
    known = await list_all(call, user_id)
    if len(known) >= MOST:
        detail = f"Nobody can have more than {MOST} passkeys"
        raise bad_request(detail)
    return [one.descriptor() for one in known]


async def add(
    call: Writing, row: UserRow, challenge: str, answer: dict[str, Any], name: str
) -> Passkey:
    """Keep a passkey that was made for a challenge. Raises Problem 400, 409."""
    await check_room(call, row.id)
    made = await ceremonies.check_registration(call, challenge, answer)
    if made is None:
        raise Problem(400, "This passkey could not be added", "Please begin again.")
    one = Passkey(
        row.customer_id,
        row.id,
        new_id(),
        name,
        made.id,
        made.public_key,
        made.sign_count,
        msgspec.json.encode(made.transports).decode(),
        call.now,
        None,
    )
    values = msgspec.structs.asdict(one)
    is_new = await call.run(_ADD, **values, aaguid=made.aaguid, is_backed_up=made.is_backed_up)
    if not is_new:
        raise Problem(409, "This passkey is known here already")
    return one


async def use(
    call: Writing, one: Passkey, challenge: str, answer: dict[str, Any], *, alone: bool
) -> Outcome:
    """Whether an answer is signed with a passkey for a challenge.

    `copied` where its counter went back: then the key that signed is not the one that signed last.
    """
    signer = ceremonies.Signer(one.user_id, one.public_key)
    signed = await ceremonies.check_signature(call, challenge, answer, signer, alone=alone)
    if signed is None:
        return "invalid"
    is_newer = await call.run(
        _USE,
        customer=one.customer_id,
        user=one.user_id,
        passkey=one.id,
        new_count=signed.sign_count,
        backed_up=signed.is_backed_up,
        now=call.now,
    )
    return "ok" if is_newer else "copied"


async def rename(call: Writing, user_id: str, passkey_id: str, name: str) -> None:
    """Call it otherwise. Raises Problem 404."""
    if not await call.run(
        _RENAME, customer=call.customer_id, user=user_id, passkey=passkey_id, new_name=name
    ):
        raise not_found("passkey", passkey_id)


async def remove(call: Writing, user_id: str, passkey_id: str) -> None:
    """Take one away. Raises Problem 404."""
    if not await call.run(_REMOVE, customer=call.customer_id, user=user_id, passkey=passkey_id):
        raise not_found("passkey", passkey_id)


async def forget(call: Writing, user_id: str) -> None:
    """Take all of a user's away."""
    await call.run(_FORGET, customer=call.customer_id, user=user_id)
