"""How an operator has a deleted person erased."""

from dataclasses import replace

import msgspec

from tenantry.areas.audit import erasure
from tenantry.core.context import Reading, Writing
from tenantry.http.body import Body
from tenantry.http.operation import OPERATOR, Credentials, operation
from tenantry.http.wire import LEGACY


class NewErasure(msgspec.Struct, kw_only=True):
    """Whom to erase: a deleted user by id, or all who had a login."""

    customer_id: str
    user_id: str | None = None
    login: str | None = None


async def look_for_person(
    call: Reading, body: Body[NewErasure], _credentials: Credentials
) -> erasure.Found:
    """Read the whole log, before anything is locked. Raises Problem 400, 404."""
    asked = body()
    return await erasure.look(call.rows, asked.customer_id, asked.user_id, asked.login)


@operation("POST /_operator/v1/erasures", allow=OPERATOR, wire=LEGACY, prepare=look_for_person)
async def create_erasure(
    call: Writing, body: Body[NewErasure], evidence: erasure.Found
) -> erasure.Erased:
    """Erase a deleted person from the log and from what names him; the log still verifies.

    Doing it again takes away what has come since, and changes nothing else.
    """
    return await erasure.erase(replace(call, customer_id=body().customer_id), evidence)
