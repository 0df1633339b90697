"""How questions about access are reached: all of them only read."""

from tenantry.access.verdict import ABOUT_OTHERS
from tenantry.areas.decisions import asking, diff, holders, records
from tenantry.areas.decisions.shapes import DecisionRecord, Diff, Explanation, Holders
from tenantry.core.context import Reading
from tenantry.http.message import Query
from tenantry.http.operation import CURSORED, CUSTOMER, QueryParameter, operation, permission
from tenantry.http.paging import limited
from tenantry.http.wire import PLAIN

_AT = QueryParameter(
    "at", description="The moment asked about: a time, or the number of an event; default: now"
)
_PERMISSION = QueryParameter(
    "permission", description="The permission asked about, such as service.purge_all"
)
_SERVICE = QueryParameter("service", description="A service, by id or name")


@operation(
    "GET /_tenantry/v1/access/explain",
    allow=CUSTOMER,
    wire=PLAIN,
    query=(
        QueryParameter("user", description="Whom to ask about: an id or a login"),
        QueryParameter("token", description="A token's id, in place of a user"),
        _PERMISSION,
        _SERVICE,
        _AT,
    ),
)
async def explain_access(call: Reading, query: Query) -> Explanation:
    """Whether somebody may do something, and why: every source, every obstacle, every remedy.

    Without user and token it is about the calling token. About others it needs the permission
    `user.read:full`, and for their tokens `token.read_all`.
    """
    return await asking.answer(
        call,
        asking.Asked(
            permission=query.get("permission"),
            user=query.get("user"),
            token=query.get("token"),
            service=query.get("service"),
            at=query.get("at"),
        ),
    )


@operation(
    "GET /_tenantry/v1/access/who",
    allow=permission(ABOUT_OTHERS),
    wire=PLAIN,
    query=(_PERMISSION, _SERVICE, _AT, *CURSORED),
)
async def list_access_holders(call: Reading, query: Query) -> Holders:
    """Every user and automation token that holds a permission, and the ways by which each does."""
    return await holders.holders(
        call,
        holders.Asked(
            query.get("permission"),
            query.get("service"),
            query.get("at"),
            limited(query, default=100),
            query.get("cursor"),
        ),
    )


@operation(
    "GET /_tenantry/v1/access/diff",
    allow=permission(ABOUT_OTHERS),
    wire=PLAIN,
    query=(
        QueryParameter("from", description="The earlier moment: a time, or an event's number"),
        QueryParameter("to", description="The later moment; default: now"),
        *CURSORED,
    ),
)
async def list_access_changes(call: Reading, query: Query) -> Diff:
    """Who gained and who lost what between two moments, in sum and event by event."""
    limit = limited(query, default=100)
    asked = diff.Asked(query.get("from"), query.get("to"), limit, query.get("cursor"))
    return await diff.diff(call, asked)


@operation("GET /_tenantry/v1/access/decisions/{decision_id}", allow=CUSTOMER, wire=PLAIN)
async def get_access_decision(call: Reading, decision_id: str) -> DecisionRecord:
    """Why a call was refused with 403: the id stands in that answer's `Tenantry-Decision` header.

    The refused may look it up, and whoever may ask about others' tokens.
    """
    return await records.record_of(call, decision_id)
