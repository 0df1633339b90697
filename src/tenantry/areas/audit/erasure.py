"""Erasing a person: his names, logins and addresses go, and every hash of the log still holds.

`look` reads the log before anything is locked; `erase` does it all in one unit of work, and reads
what was appended meanwhile. Of users, only those who are deleted can be erased; who was invited or
named as a contact, and never was a user, by his address. What users are called is read off their
row and off the events about them; a login or name that somebody living has by now is his, and stays
in what is not about them by their id (docs/retention.md).
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from itertools import chain

import msgspec
from sqlalchemy import bindparam, delete, func, or_, select, update

from tenantry.areas.audit.erased_letters import forget_letters
from tenantry.areas.audit.taken import ARCHIVED_EVENTS, written
from tenantry.areas.audit.traces import Person, Texts, called, left, texts
from tenantry.areas.audit.whereabouts import customers_of
from tenantry.areas.invitations import model as invitations
from tenantry.core import access_tables, audit, schema
from tenantry.core.audit import Revision
from tenantry.core.context import Writing
from tenantry.core.errors import bad_request, not_found
from tenantry.core.kept_events import ERASED
from tenantry.core.mail_address import address_key
from tenantry.core.outbox import post
from tenantry.core.retention_tables import archives
from tenantry.core.session import Reads, Retryable
from tenantry.core.statements import Row, Statement, is_one_of, point

CHUNK = 5000

_U, _E, _K = schema.users.c, schema.events.c, schema.contacts.c
_I = access_tables.invitations.c
_ID = point(
    [_U.id, _U.login, _U.name, _U.deleted_at], schema.users, customer=_U.customer_id, id=_U.id
)
_LOGIN = Statement(
    select(_U.id, _U.login, _U.name, _U.deleted_at)
    .where(_U.customer_id == bindparam("customer"), _U.login_key == bindparam("login_key"))
    .order_by(_U.id)
)
_LIVING = Statement(
    select(_U.login, _U.name).where(
        _U.customer_id == bindparam("customer"), _U.deleted_at.is_(None)
    )
)
_NEWEST = Statement(select(func.max(_E.sequence)).where(_E.customer_id == bindparam("customer")))
_ARCHIVED = Statement(
    select(archives.c.last).where(archives.c.customer_id == bindparam("customer")).limit(1)
)
_STORED = Statement(
    select(schema.chains.c.sequence).where(schema.chains.c.customer_id == bindparam("customer"))
)
_EVENTS = Statement(
    select(_E.sequence, _E.body, _E.personal)
    .where(
        _E.customer_id == bindparam("customer"),
        _E.sequence > bindparam("after"),
        _E.sequence <= bindparam("until"),
    )
    .order_by(_E.sequence)
    .limit(CHUNK)
)
_AT = (_E.customer_id == bindparam("customer"), _E.sequence == bindparam("at"))
_EVENT = Statement(select(_E.body, _E.personal).where(*_AT))
_REDACT = Statement(
    update(schema.events)
    .where(*_AT, _E.personal == bindparam("found"))
    .values(personal=bindparam("left"))
)
_BLANK_USERS = Statement(
    update(schema.users)
    .where(
        _U.customer_id == bindparam("customer"),
        is_one_of(_U.id, "ids"),
        _U.deleted_at.is_not(None),
        or_(_U.login != "", _U.name != ""),
    )
    .values(login="", login_key="", name="", password=None, last_active_at=None)
)
_CONTACTS = Statement(
    select(_K.id, _K.user_id, _K.email).where(_K.customer_id == bindparam("customer"))
)
_FORGET_CONTACTS = Statement(
    delete(schema.contacts).where(_K.customer_id == bindparam("customer"), is_one_of(_K.id, "ids"))
)
_INVITATIONS = Statement(
    select(*invitations.COLUMNS).where(
        _I.customer_id == bindparam("customer"), is_one_of(_I.email_key, "addresses")
    ),
    invitations.InvitationRow,
)
_BLANK_INVITATIONS = Statement(
    update(access_tables.invitations)
    .where(_I.customer_id == bindparam("customer"), is_one_of(_I.id, "ids"))
    .values(email="", email_key="")
)


class Found(msgspec.Struct, frozen=True):
    """Who is to be erased, and where in the log he stands, up to an event."""

    customer_id: str
    user_ids: list[str]
    known: Texts
    sequences: list[int]
    until: int


class Erased(msgspec.Struct, frozen=True):
    """What an erasure took away; all zero where nothing was left to take."""

    customer_id: str
    user_ids: list[str]
    events: int
    contacts: int
    invitations: int
    letters: int

    @property
    def is_nothing(self) -> bool:
        """Whether there was nothing."""
        return not (self.events or self.contacts or self.invitations or self.letters)

    def __str__(self) -> str:
        """One line for the command line."""
        who = ", ".join(self.user_ids) or "somebody who never was a user"
        return (
            f"{self.customer_id}  erased {who}: {self.events} events, "
            f"{self.contacts} contacts, {self.invitations} invitations, {self.letters} letters"
        )


async def look(
    rows: Reads, customer_id: str, user_id: str | None = None, login: str | None = None
) -> Found:
    """Find a deleted user, or whoever had a login, in the log. Raises Problem 400, 404."""
    if customer_id not in await customers_of(rows, user_id, login):
        raise not_found("user", user_id or login or "")
    users = await _users(rows, customer_id, user_id, login)
    until = ((await rows.one(_NEWEST, customer=customer_id)) or (0,))[0] or 0
    user_ids = frozenset(row[0] for row in users)
    known = texts([login, *(row[1] for row in users)], [row[2] for row in users])
    async for chunk in _chunks(rows, customer_id, 0, until):
        for _, body, personal in chunk:
            if any(one in body for one in user_ids):
                known |= called(body, personal, user_ids)
    living = await rows.all(_LIVING, customer=customer_id)
    known = known.without(texts([row[0] for row in living], [row[1] for row in living]))
    person = Person(user_ids, known)
    sequences = await _sequences(rows, customer_id, person, 0, until)
    return Found(customer_id, sorted(user_ids), known, sequences, until)


async def _users(
    rows: Reads, customer_id: str, user_id: str | None, login: str | None
) -> Sequence[Row]:
    """The rows of who is meant. Raises Problem 400 if he is not deleted."""
    if login:
        found = await rows.all(_LOGIN, customer=customer_id, login_key=address_key(login))
    else:
        found = await rows.all(_ID, customer=customer_id, id=user_id)
    alive = next((row[0] for row in found if row[3] is None), None)
    if alive is not None:
        detail = f"User '{alive}' is not deleted: delete the user first"
        raise bad_request(detail)
    return found


async def _chunks(
    rows: Reads, customer_id: str, after: int, until: int
) -> AsyncIterator[Sequence[Row]]:
    while after < until:
        chunk = await rows.all(_EVENTS, customer=customer_id, after=after, until=until)
        if not chunk:
            return
        yield chunk
        # A log of millions is gone through beside all else that the process does.
        await asyncio.sleep(0)
        after = chunk[-1][0]


async def _sequences(
    rows: Reads, customer_id: str, person: Person, after: int, until: int
) -> list[int]:
    """The numbers of the events in which something is to be taken away."""
    return [
        sequence
        async for chunk in _chunks(rows, customer_id, after, until)
        for sequence, body, personal in chunk
        if left(body, personal, person) != personal
    ]


async def erase(call: Writing, found: Found) -> Erased:
    """Take everything away, and leave one event that names nobody; nothing if nothing was left.

    The event says who asked, and how much it was.
    """
    head = await call.unit.head(found.customer_id)
    if await call.one(_STORED, customer=found.customer_id) != (head.sequence,):
        # Units that share this commit have events which nobody can read yet: each alone, then.
        raise Retryable
    person = Person(found.user_ids, found.known)
    tail = await _sequences(call, found.customer_id, person, found.until, head.sequence)
    taken = dict[str, list[int]]()
    for sequence in (*found.sequences, *tail):
        for place in await _redact(call, found.customer_id, sequence, person):
            taken.setdefault(place, []).append(sequence)
    mail = await forget_letters(call, found.customer_id, person)
    contacts = await _forget_contacts(call, found)
    ended, invited = await _blank_invitations(call, found)
    of = {"customer": found.customer_id, "ids": found.user_ids}
    users = await call.run(_BLANK_USERS, **of)
    events = len({*chain.from_iterable(taken.values())})
    erased = Erased(found.customer_id, found.user_ids, events, contacts, invited, mail)
    if users or not erased.is_nothing:
        await _record(call, erased, written(taken), ended)
    if await call.one(_ARCHIVED, customer=found.customer_id) is not None:
        told = {"user_ids": found.user_ids, **msgspec.to_builtins(found.known)}
        post(call, "erasure", customer_id=found.customer_id, since=head.sequence, **told)
    return erased


async def _redact(call: Writing, customer_id: str, sequence: int, person: Person) -> set[str]:
    """Take the person out of an event: the places from which something went."""
    for body, personal in await call.all(_EVENT, customer=customer_id, at=sequence):
        rest = left(body, personal, person)
        at = {"customer": customer_id, "at": sequence}
        if rest != personal and await call.run(_REDACT, **at, found=personal, left=rest):
            return _places(personal) - _places(rest)
    return set()


def _places(personal: str | None) -> set[str]:
    return set() if personal is None else {*msgspec.json.decode(personal)}


async def _forget_contacts(call: Writing, found: Found) -> int:
    rows = await call.all(_CONTACTS, customer=found.customer_id)
    ids = [
        contact_id
        for contact_id, user_id, email in rows
        if user_id in found.user_ids or address_key(email or "") in found.known.addresses
    ]
    return await call.run(_FORGET_CONTACTS, customer=found.customer_id, ids=ids) if ids else 0


async def _blank_invitations(call: Writing, found: Found) -> tuple[list[Revision], int]:
    """Withdraw what is pending, and keep all without the address; what left groups by it."""
    addresses = sorted(found.known.addresses)
    rows = await call.all(_INVITATIONS, customer=found.customer_id, addresses=addresses)
    ended: list[Revision] = []
    for row in rows:
        if row.status == "pending":
            await invitations.end(call, row, "withdrawn")
            ended += await invitations.leave_groups(call, row)
    ids = [row.id for row in rows]
    if ids:
        await call.run(_BLANK_INVITATIONS, customer=found.customer_id, ids=ids)
    return ended, len(ids)


async def _record(
    call: Writing, erased: Erased, taken: Sequence[str], ended: Sequence[Revision]
) -> None:
    await audit.record(
        call,
        ERASED,
        "A deleted user's personal data was erased",
        event_type=None,
        # What goes from archives is told by an event of its own.
        metadata={**msgspec.structs.asdict(erased), ARCHIVED_EVENTS: 0, "taken": taken},
        rows=ended,
    )
