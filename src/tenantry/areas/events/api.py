"""How events are reached (contract: billing §8.2)."""

import msgspec

from tenantry.areas.events import asked, lists, model, shapes
from tenantry.core.context import Reading
from tenantry.http.conditional import tagged
from tenantry.http.message import Query, Response
from tenantry.http.operation import Allow, operation
from tenantry.http.paging import bracketed, json_api_links
from tenantry.http.wire import RESOURCE

_SEE = Allow(who="customer", permission="event.read", own_form=True, of_closed=True)
_KEPT = (("cache-control", "max-age=0, private, must-revalidate"),)


def _told(document: shapes.SentList | shapes.SentDocument) -> Response:
    response = tagged(RESOURCE.success(200, document))
    response.headers += _KEPT
    return response


@operation(
    "GET /events", allow=_SEE, wire=RESOURCE, query=asked.PARAMETERS, answers=shapes.EventList
)
async def list_events(call: Reading, query: Query) -> Response:
    """The events that the caller sees, a page at a time, the newest first.

    Who does not hold the permission sees what he did himself; engineers also see what happened to
    the services that they see.
    """
    page, wanted, ascending = bracketed(query), asked.wanted(query), asked.is_ascending(query)
    is_improved = await model.has_improved_events(call)
    if not is_improved:
        wanted = msgspec.structs.replace(wanted, equal=_without_token(wanted))
    selection = model.selected(call, wanted)
    rows, records = await lists.page_of(
        call, selection, page.size, page.skipped, ascending=ascending
    )
    return _told(
        shapes.SentList(
            data=[shapes.shown_event(row, is_improved=is_improved) for row in rows],
            links=json_api_links(query, page, records, brackets=True),
            meta=shapes.meta(page, records),
        )
    )


def _without_token(wanted: model.Wanted) -> dict[str, str]:
    return {field: value for field, value in wanted.equal.items() if field != "token_id"}


@operation("GET /events/{event_id}", allow=_SEE, wire=RESOURCE, answers=shapes.EventDocument)
async def get_event(call: Reading, event_id: str) -> Response:
    """One event that the caller sees."""
    row = await model.find(call, event_id)
    is_improved = await model.has_improved_events(call)
    return _told(shapes.SentDocument(shapes.shown_event(row, is_improved=is_improved)))
