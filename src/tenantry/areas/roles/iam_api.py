"""How roles are reached in the current form, which only reads (contract: access §6.2)."""

from tenantry.areas.roles import model
from tenantry.areas.roles.shapes import IamRole, IamRoles, shown_iam_role
from tenantry.core.clock import Instant
from tenantry.core.context import Reading
from tenantry.core.errors import bad_request
from tenantry.core.ids import is_id
from tenantry.http import paging
from tenantry.http.message import Query
from tenantry.http.operation import CURSORED, QueryParameter, operation, permission
from tenantry.http.wire import PLAIN

READ = permission("role.read")
DEFAULT_LIMIT = 100
INCLUDE = QueryParameter("include", description="What is told besides; only `permissions`")
_LATEST = 1 << 60
"""An instant in microseconds that never comes; a larger one would not fit the database."""


@operation("GET /iam/v1/roles", allow=READ, wire=PLAIN, query=CURSORED)
async def iam_v1_roles_list(call: Reading, query: Query) -> IamRoles:
    """Roles, the built-in ones first, from where the cursor stands."""
    limit = paging.limited(query, default=DEFAULT_LIMIT)
    # One more than is told: that there is one says that there is a next cursor.
    rows = await model.list_after(call, limit + 1, _place(query.get("cursor")))
    told, is_last = rows[:limit], len(rows) <= limit
    next_cursor = "" if is_last else paging.cursor(told[-1].created_at, told[-1].id)
    return IamRoles(limit, next_cursor, [shown_iam_role(row) for row in told])


def _place(cursor: str | None) -> tuple[Instant, str] | None:
    """The row after which the list goes on: when it was made, and its id. Raises Problem 400."""
    if not cursor:
        return None
    match paging.position(cursor):
        case [int() as created_at, str() as role_id] if 0 <= created_at <= _LATEST and is_id(
            role_id
        ):
            return created_at, role_id
    raise bad_request("The cursor is not valid")


@operation("GET /iam/v1/roles/{role_id}", allow=READ, wire=PLAIN, query=(INCLUDE,))
async def iam_v1_roles_get(call: Reading, role_id: str, query: Query) -> IamRole:
    """One role, always with its permissions."""
    if query.get("include") not in {None, "", "permissions"}:
        raise bad_request("Include must be 'permissions'")
    return shown_iam_role(await model.find(call, role_id))
