"""How an operator helps a user who has lost his second factors (contract: access §10.1)."""

from dataclasses import replace

from tenantry.areas.users import factors, model
from tenantry.core.context import Writing
from tenantry.http.operation import OPERATOR, operation
from tenantry.http.wire import LEGACY


@operation("DELETE /_operator/v1/users/{user}/factors", allow=OPERATOR, wire=LEGACY, status=204)
async def take_factors_away(call: Writing, user: str) -> None:
    """Take all second factors from a user; his sessions end, and he is told by mail.

    Make sure that it is he who asks. Where the customer forces two factors he enrols anew as soon
    as he signs in with his password; his API tokens go on.
    """
    customer_id = await model.customer_of(call, user)
    await call.unit.head(customer_id)
    await factors.take_away(replace(call, customer_id=customer_id), user)
