"""How an operator has a month posted at once, whatever the grace (contract: billing §9 O5)."""

import msgspec

from tenantry.areas.invoices import closing
from tenantry.areas.invoices.posting import post
from tenantry.areas.pricing.months import Month
from tenantry.core.context import Writing
from tenantry.core.errors import bad_request
from tenantry.http.body import Body
from tenantry.http.operation import OPERATOR, Answer, operation
from tenantry.http.wire import LEGACY

MOST = 500
"""Customers that one call posts: about a second, for which others that write wait."""


class NewPosting(msgspec.Struct, kw_only=True):
    """Whose month to post; by default everybody's."""

    customer_id: str | None = None


@operation(
    "POST /_operator/v1/periods/{period}/post", allow=OPERATOR, wire=LEGACY, answers=list[str]
)
async def post_period(call: Writing, body: Body[NewPosting], period: str) -> Answer:
    """Post a month that is over: the ids of its invoices, those of before too.

    Posting it again changes nothing. One call posts at most 500 customers: 202 says that more are
    left, and the same call goes on with them.
    """
    try:
        month = Month.parse(period)
    except ValueError as problem:
        raise bad_request(f"Period: {problem}") from problem
    customer_id = body().customer_id
    if customer_id is not None:
        await closing.check_customer(call, customer_id)
    closing.refuse_open(month, call.now)
    due = await closing.due(call, month, MOST + 1, customer_id=customer_id)
    await post(call, due[:MOST], month)
    numbers = await closing.numbers_of(call, month, customer_id)
    return Answer([str(number) for number in numbers], status=202 if len(due) > MOST else 200)
