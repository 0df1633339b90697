"""A page of what changed in access between two moments, with the names of who it concerns."""

import asyncio
from collections.abc import Iterable

import msgspec

from tenantry.access import history
from tenantry.access.comparison import Difference, Held, Subject, compare
from tenantry.areas.decisions import names
from tenantry.areas.decisions.asking import as_of
from tenantry.areas.decisions.differences import Event, Turn, turns
from tenantry.areas.decisions.holders import named
from tenantry.areas.decisions.moments import Moment, moment, resumed, state_at
from tenantry.areas.decisions.shapes import Actor, Cause, Diff, DiffMeta, Shift, Somebody
from tenantry.areas.decisions.shapes import Turn as ToldTurn
from tenantry.core.clock import shown
from tenantry.core.context import Reading
from tenantry.core.errors import bad_request
from tenantry.http.paging import cursor, position


class Asked(msgspec.Struct, frozen=True):
    """A question as it comes, unchecked."""

    since: str | None
    until: str | None
    limit: int
    cursor: str | None


class _Span(msgspec.Struct, frozen=True):
    since: Moment
    until: Moment
    seen: int
    """The number of the last event that an earlier page has dealt with."""
    asked: tuple[str, str]
    """The two moments, as the first page was asked for them."""


async def diff(call: Reading, asked: Asked) -> Diff:
    """A page of the changes between two moments. Raises Problem 400."""
    span = await _span(call, asked)
    before = await history.load(call.rows, call.customer_id, span.seen, span.since.at)
    net: list[Difference] = []
    if not asked.cursor:
        after = await state_at(call, span.until)
        net = await asyncio.to_thread(compare, before, after)
    found, last = await turns(call, before, span.until.sequence, asked.limit)
    concerned = {(one.kind, one.id) for turn in found for one in turn.differences}
    concerned |= {(one.kind, one.id) for one in net}
    somebodies = await named(call, sorted(concerned))
    actors = await names.users(call, [turn.event.user_id or "" for turn in found])
    following = "" if last is None else _cursor(call, span, last)
    return Diff(
        await asyncio.to_thread(_shifts, net, somebodies),
        [_told(turn, somebodies, actors) for turn in found],
        DiffMeta(asked.limit, following, as_of(span.since), as_of(span.until)),
    )


async def _span(call: Reading, asked: Asked) -> _Span:
    if asked.cursor:
        return _resumed(call, asked, position(asked.cursor))
    if not asked.since:
        raise bad_request("from is required")
    since, until = await moment(call, asked.since), await moment(call, asked.until)
    if until.sequence < since.sequence or until.at < since.at:
        raise bad_request("from must not be after to")
    return _Span(since, until, since.sequence, (asked.since, asked.until or ""))


def _resumed(call: Reading, asked: Asked, place: list[str | int]) -> _Span:
    """The span that a cursor keeps. Raises Problem 400, also where another one is asked for."""
    match place[:3], place[3:]:
        case (
            [call.customer_id, str(begin), str(end)],
            [int(first), int(since), int(last), int(until), int(seen)],
        ) if asked.since in {None, "", begin} and asked.until in {None, "", end}:
            return _Span(
                resumed(call, first, since),
                resumed(call, last, until),
                resumed(call, seen, until).sequence,
                (begin, end),
            )
        case _:
            raise bad_request("The cursor is not valid")


def _cursor(call: Reading, span: _Span, seen: int) -> str:
    since, until = span.since, span.until
    place = (since.sequence, since.at, until.sequence, until.at, seen)
    return cursor(call.customer_id, *span.asked, *place)


def _told(
    turn: Turn, somebodies: dict[Subject, Somebody], actors: dict[str, names.Known]
) -> ToldTurn:
    event = turn.event
    cause = Cause(
        event.sequence, event.id, event.action, shown(event.created_at), _actor(event, actors)
    )
    return ToldTurn(cause, _shifts(turn.differences, somebodies))


def _actor(event: Event, actors: dict[str, names.Known]) -> Actor:
    user = actors.get(event.user_id or "")
    login = "" if user is None else user.login
    return Actor(event.user_id, event.token_id, login, event.is_by_operator)


def _shifts(differences: Iterable[Difference], somebodies: dict[Subject, Somebody]) -> list[Shift]:
    """Those who gained and lost the same, together."""
    together: dict[bytes, tuple[Held, Held, list[Somebody]]] = {}
    for one in differences:
        key = msgspec.json.encode((one.gained, one.lost))
        shift = together.setdefault(key, (one.gained, one.lost, []))
        shift[2].append(somebodies[one.kind, one.id])
    return [Shift(subjects, gained, lost) for gained, lost, subjects in together.values()]
