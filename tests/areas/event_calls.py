"""A log with something in it, and a reader that goes through all of it by hand."""

from typing import Any

import httpx
from sqlalchemy import bindparam, select

from tenantry.core import chain, schema
from tenantry.core.clock import HOUR, Instant, shown
from tenantry.core.statements import Statement
from tests.world import ADA, API, BEN, BOT, LIM, OPERATOR, SUE, UMA, WIDGETS, WWW, Person, World

_E = schema.events.c
_ROWS = Statement(
    select(_E.sequence, _E.id, _E.event_type, _E.action, _E.created_at, _E.body, _E.personal)
    .where(_E.customer_id == bindparam("customer_id"))
    .order_by(_E.sequence)
)
FIELDS = ("event_type", "service_id", "token_id", "user_id")


async def busy(world: World) -> None:
    """Several people do several things in some hours, of which the wire does not show all."""
    star = {"data": {"relationships": {"service": {"data": {"id": WWW, "type": "service"}}}}}
    let = {"service": {"data": {"id": WWW}}, "user": {"data": {"id": LIM.id}}}
    authorization = {"data": {"relationships": let, "attributes": {"permission": "full"}}}
    calls: list[tuple[Person | str, str, str, dict[str, Any]]] = [
        (ADA, "POST", "/service-authorizations", {"json": authorization}),
        (BEN, "PUT", f"/service/{WWW}", {"data": {"comment": "one"}}),
        (BEN, "POST", "/stars", {"json": star}),
        (BOT, "PUT", f"/service/{API}", {"data": {"comment": "two"}}),
        (LIM, "PUT", f"/service/{WWW}", {"data": {"comment": "three"}}),
        (UMA, "POST", f"/user/{UMA.login}/password/request_reset", {}),
        (UMA, "PUT", f"/user/{UMA.id}", {"data": {"name": "Uma U."}}),
        (SUE, "POST", "/user", {"data": {"login": "new@example.com", "name": "Nina"}}),
        (ADA, "PUT", f"/user/{BEN.id}", {"data": {"name": "Benjamin"}}),
        (BEN, "PUT", f"/service/{API}", {"data": {"comment": "four"}}),
        (BOT, "POST", "/service", {"data": {"name": "bot's"}}),
        (OPERATOR, "PUT", f"/user/{BEN.id}?customer_id={WIDGETS}", {"data": {"name": "Ben"}}),
        (LIM, "PUT", f"/user/{LIM.id}", {"data": {"name": "Lima"}}),
    ]
    for who, method, path, more in calls:
        world.clock.turn(HOUR // 2 + 400_000)
        answer = await world.ask(who, method, path, **more)
        assert answer.status_code == 200, (path, answer.text)
    world.clock.turn(HOUR)


async def told(world: World, customer_id: str = WIDGETS) -> list[dict[str, Any]]:
    """Every event of a log, opened, oldest first; with the instant it happened at."""
    rows = await world.app.database.all(_ROWS, customer_id=customer_id)
    return [
        {**chain.opened(body, personal), "instant": instant}
        for _, _, _, _, instant, body, personal in rows
    ]


def expected(
    events: list[dict[str, Any]], who: Person, *, extended: bool = False, **filters: str
) -> list[str]:
    """The ids of what somebody shall be shown, newest first."""
    return [
        event["id"]
        for event in reversed(events)
        if (extended or event["event_type"] is not None)
        and _sees(who, event)
        and all(
            (event[field] or (extended and field == "event_type" and event["action"])) == value
            for field, value in filters.items()
        )
    ]


def _sees(who: Person, event: dict[str, Any]) -> bool:
    """The row `event.read` of contract: access §9.2."""
    if who.role == "superuser":
        return True
    is_own = event["token_id" if who is BOT else "user_id"] == (
        who.token_id if who is BOT else who.id
    )
    services = {LIM: {WWW}, BEN: None, BOT: None}.get(who, set())
    of_service = event["service_id"] is not None and (
        services is None or event["service_id"] in services
    )
    return is_own or of_service


def within(events: list[dict[str, Any]], since: Instant, until: Instant) -> list[dict[str, Any]]:
    """The events that are shown with a time from one second to before another."""
    return [event for event in events if shown(since) <= event["created_at"] < shown(until)]


async def listed(world: World, who: Person | str, query: str = "") -> httpx.Response:
    """What a list answers."""
    answer = await world.ask(who, "GET", f"/events?{query}" if query else "/events")
    assert answer.status_code == 200, answer.text
    return answer


def ids(answer: httpx.Response) -> list[str]:
    """The ids on a page."""
    return [one["id"] for one in answer.json()["data"]]


async def walked(world: World, who: Person, query: str, size: int) -> list[str]:
    """The ids on all pages, as clients follow `links.next`."""
    found: list[str] = []
    url: str | None = f"http://api.example.com/events?{query}&page[size]={size}"
    while url is not None:
        answer = await world.ask(who, "GET", url)
        assert answer.status_code == 200, answer.text
        page = ids(answer)
        found += page
        url = answer.json()["links"].get("next")
        assert len(page) == size or url is None
    return found
