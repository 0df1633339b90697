"""Grants: what a program holds on to after a sign-in, as a family of refresh tokens.

Each refresh token is used once, and brings the next. One that comes twice is in two hands: the
family ends, and the session that came of it (RFC 9700 §4.14.2). Not within a few seconds: two
commands at once hold the same token, and who lost the answer comes again. They get the very next
that the first got, so that there are never two lines of which a thief could keep one.

A family rests on a session (the browser's that agreed, then its own) and is worth nothing once that
was ended, by whatever: signing out, a lock, a new password, the user's removal.
"""

import msgspec
from sqlalchemy import bindparam, delete, func, insert, or_, select, update

from tenantry.areas.customers import keys
from tenantry.areas.realm import programs
from tenantry.areas.realm.codes import Agreed
from tenantry.areas.users import model, sessions
from tenantry.areas.users.sign_in_policy import find_policy
from tenantry.core import audit
from tenantry.core.clock import SECOND, Instant
from tenantry.core.context import Reading, Writing
from tenantry.core.ids import new_id
from tenantry.core.secrets import Keyring, new_token
from tenantry.core.security_tables import refresh_tokens
from tenantry.core.statements import Statement

GRACE = 10 * SECOND
"""For how long a refresh token that was used still brings the same next one."""
EXCHANGE_GRACE = 2 * GRACE
"""Likewise an access token: whoever got it last has a while to come with it, too."""
PURPOSE = "next refresh token"

_R = refresh_tokens.c


class Grant(msgspec.Struct, array_like=True, frozen=True):
    """A refresh token as it is stored, but for its digest."""

    customer_id: str
    id: str
    """The `jti` of the access token that was issued with it."""
    user_id: str
    family: str
    client_id: str
    audience: str
    session_id: str
    methods: str
    signed_in_at: Instant
    used_at: Instant | None
    exchanged_at: Instant | None
    expires_at: Instant
    created_at: Instant

    @property
    def has_own_session(self) -> bool:
        """Whether the program has its session, which bears the family's id."""
        return self.session_id == self.family

    @property
    def amr(self) -> list[str]:
        """How the person proved who he is (RFC 8176)."""
        methods: list[str] = msgspec.json.decode(self.methods)
        return methods


_COLUMNS = [refresh_tokens.c[name] for name in Grant.__struct_fields__]
_OF_CUSTOMER = _R.customer_id == bindparam("customer")
_BY_SECRET = Statement(select(*_COLUMNS).where(_R.digest == bindparam("digest_of")), Grant)
_FIND = Statement(select(*_COLUMNS).where(_OF_CUSTOMER, _R.id == bindparam("grant")), Grant)
_FAMILY = Statement(select(*_COLUMNS).where(_OF_CUSTOMER, _R.family == bindparam("of")), Grant)
_ADD = Statement(insert(refresh_tokens))
_USE = Statement(
    update(refresh_tokens)
    .where(_OF_CUSTOMER, _R.id == bindparam("grant"), _R.used_at.is_(None))
    .values(used_at=bindparam("now"))
)
_EXCHANGE = Statement(
    update(refresh_tokens)
    .where(
        _OF_CUSTOMER,
        _R.id == bindparam("grant"),
        or_(_R.exchanged_at.is_(None), _R.exchanged_at > bindparam("since")),
    )
    .values(exchanged_at=func.coalesce(_R.exchanged_at, bindparam("now")))
)
_REST = Statement(
    update(refresh_tokens)
    .where(_OF_CUSTOMER, _R.family == bindparam("of"))
    .values(session_id=_R.family)
)
_END = Statement(delete(refresh_tokens).where(_OF_CUSTOMER, _R.family == bindparam("of")))


async def find_by_secret(call: Reading, secret: str) -> Grant | None:
    """The grant behind a refresh token, used or not; its customer becomes the call's."""
    grant = await call.one(_BY_SECRET, digest_of=_digest(call.keyring, secret))
    if grant is None:
        return None
    call.customer_id = grant.customer_id
    return await _as_of_now(call, grant)


async def find(call: Reading, grant_id: str) -> Grant | None:
    """A grant of the call's customer by its id."""
    grant = await call.one(_FIND, customer=call.customer_id, grant=grant_id)
    return None if grant is None else await _as_of_now(call, grant)


async def _as_of_now(call: Reading, grant: Grant) -> Grant:
    """The grant as it ends by today's policy, if that is sooner than it was to."""
    return msgspec.structs.replace(
        grant, expires_at=min(grant.expires_at, await _end_of(call, grant.signed_in_at))
    )


async def _end_of(call: Reading, signed_in_at: Instant) -> Instant:
    policy = await find_policy(call)
    return signed_in_at + policy.session_seconds * SECOND


async def begin(call: Writing, agreed: Agreed, user_id: str) -> tuple[Grant, str]:
    """The first of a family, and its secret. It lasts as long as a session would."""
    grant = Grant(
        customer_id=call.customer_id,
        id=new_id(),
        user_id=user_id,
        family=agreed.family,
        client_id=agreed.client_id,
        audience=agreed.audience,
        session_id=agreed.session_id,
        methods=msgspec.json.encode(agreed.methods).decode(),
        signed_in_at=agreed.signed_in_at,
        used_at=None,
        exchanged_at=None,
        expires_at=await _end_of(call, agreed.signed_in_at),
        created_at=call.now,
    )
    secret = new_token()
    await _store(call, grant, secret)
    return grant, secret


async def use(call: Writing, grant: Grant) -> tuple[Grant, str] | None:
    """The next of a family and its secret; None if this one was used before, and not just now."""
    secret = _next_secret(call.keyring, grant)
    if await call.run(_USE, customer=grant.customer_id, grant=grant.id, now=call.now):
        new = msgspec.structs.replace(
            grant, id=new_id(), used_at=None, exchanged_at=None, created_at=call.now
        )
        await _store(call, new, secret)
        return new, secret
    if grant.used_at is None or call.now >= grant.used_at + GRACE:
        return None
    following = await find_by_secret(call, secret)
    # Who has used that one has got it: nothing was lost that could be asked for again.
    return None if following is None or following.used_at is not None else (following, secret)


def _next_secret(keyring: Keyring, grant: Grant) -> str:
    """That of the one that follows: derived, so that it can be told again and is stored nowhere."""
    return "r" + keyring.code_for(PURPOSE, grant.id)


async def exchange(call: Writing, grant: Grant) -> bool:
    """Note that its access token was exchanged; whether nobody had done so before, or just now."""
    since = call.now - EXCHANGE_GRACE
    given = {"customer": grant.customer_id, "grant": grant.id}
    return bool(await call.run(_EXCHANGE, now=call.now, since=since, **given))


async def rest_on_itself(call: Writing, grant: Grant) -> None:
    """Let its family end with a session of its own from now on, no more with the browser's."""
    await call.run(_REST, customer=grant.customer_id, of=grant.family)


async def end(call: Writing, family: str, why: str) -> None:
    """End a family whose secret is in two hands, and the session that came of it."""
    members = await call.all(_FAMILY, customer=call.customer_id, of=family)
    if not members:
        return
    await call.run(_END, customer=call.customer_id, of=family)
    client_id = members[0].client_id
    row = await model.find(call, members[0].user_id)
    await audit.record(
        call,
        "grant.revoke",
        f"The sign-in of '{row.login}' to '{programs.name_of(client_id)}' was revoked",
        event_type="customer.update",
        metadata={
            "action": "grant.revoke",
            "client_id": client_id,
            "reason": why,
            "user_id": row.id,
        },
    )
    own = [key for key in await sessions.keys_of(call, row) if key.id == family]
    await keys.end(call, own)


async def _store(call: Writing, grant: Grant, secret: str) -> None:
    values = {name: getattr(grant, name) for name in Grant.__struct_fields__}
    await call.run(_ADD, digest=_digest(call.keyring, secret), **values)


def _digest(keyring: Keyring, secret: str) -> bytes:
    # As a key it opens nothing: no header can hold what this is a digest of.
    return keyring.digest(f"refresh\0{secret}")
