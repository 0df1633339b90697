"""Who holds a permission: every user and automation token, with the ways by which each does."""

import asyncio

import msgspec

from tenantry.access.comparison import Subject as Who
from tenantry.access.comparison import everybody, grants_of
from tenantry.access.explain import is_held, ways_of
from tenantry.access.history import State
from tenantry.access.verdict import Question, Subject, Way
from tenantry.areas.decisions import names
from tenantry.areas.decisions.asking import as_of, known_permission, known_service
from tenantry.areas.decisions.moments import Moment, moment, resumed, state_at
from tenantry.areas.decisions.names import Known
from tenantry.areas.decisions.shapes import Holder, Holders, HoldersMeta, Somebody
from tenantry.core.context import Reading
from tenantry.core.errors import bad_request
from tenantry.http.paging import cursor, position


class Asked(msgspec.Struct, frozen=True):
    """A question as it comes, unchecked."""

    permission: str | None
    service: str | None
    at: str | None
    limit: int
    cursor: str | None


class _Found(msgspec.Struct, frozen=True):
    who: Who
    held: list[str]
    ways: list[Way]


async def holders(call: Reading, asked: Asked) -> Holders:
    """A page of who holds a permission. Raises Problem 400, 404."""
    permission = known_permission(asked.permission)
    service = await known_service(call, permission, asked.service)
    about = (call.customer_id, permission, service.id if service else "", asked.at or "")
    when, after = await _start(call, asked, about)
    state = await state_at(call, when)
    question = Question(Subject("user", ""), permission, None if service is None else service.id)
    # Everybody may have to be looked at: that is done off the event loop.
    found = await asyncio.to_thread(_search, state, question, after, asked.limit + 1)
    page = found[: asked.limit]
    following = ""
    if len(found) > len(page):
        following = cursor(*about, when.sequence, when.at, *page[-1].who)
    somebodies = await named(call, [one.who for one in page])
    return Holders(
        [Holder(somebodies[one.who], one.held, one.ways) for one in page],
        HoldersMeta(asked.limit, following, as_of(when)),
    )


async def _start(call: Reading, asked: Asked, about: tuple[str, ...]) -> tuple[Moment, Who | None]:
    """The moment, and whom the page follows; a cursor keeps to the first page's moment.

    Raises Problem 400 for a cursor of another question: all before its place would be missing.
    """
    if not asked.cursor:
        return await moment(call, asked.at), None
    match position(asked.cursor):
        case [*of, int(sequence), int(at), "user" | "automation" as kind, str(subject_id)] if (
            tuple(of) == about
        ):
            return resumed(call, sequence, at), (kind, subject_id)
        case _:
            raise bad_request("The cursor is not valid")


def _search(state: State, question: Question, after: Who | None, most: int) -> list[_Found]:
    found: list[_Found] = []
    for who in sorted(everybody(state)):
        if after is not None and who <= after:
            continue
        grants, asked = grants_of(state, who), msgspec.structs.replace(question, subject=_of(who))
        if is_held(state, grants, asked):
            forms = (one for one in asked.family if is_held(state, grants, asked, one))
            found.append(_Found(who, sorted(forms), list(ways_of(state, grants, asked))))
            if len(found) == most:
                break
    return found


def _of(who: Who) -> Subject:
    kind, subject_id = who
    return Subject("user" if kind == "user" else "token", subject_id)


async def named(call: Reading, subjects: list[Who]) -> dict[Who, Somebody]:
    """Users and automation tokens by their names of today."""
    users = await names.users(call, [one for kind, one in subjects if kind == "user"])
    tokens = await names.tokens(call, [one for kind, one in subjects if kind == "automation"])
    known = {"user": users, "automation": tokens}
    found = {}
    for kind, one in subjects:
        called = known[kind].get(one, Known(one, ""))
        found[kind, one] = Somebody(kind, one, called.name, called.login)
    return found
