"""How an operator has a month posted at once, whatever the grace (contract: billing §9 O5)."""

from dataclasses import replace

import msgspec

from tenantry.areas.invoices import closing
from tenantry.areas.pricing.months import Month
from tenantry.core.context import Writing
from tenantry.core.database import Database
from tenantry.core.errors import Problem, bad_request
from tenantry.core.unit import Unit
from tenantry.http.body import Body
from tenantry.http.operation import OPERATOR, Answer, Then, operation
from tenantry.http.wire import LEGACY


class NewPosting(msgspec.Struct, kw_only=True):
    """Whose month to post; by default everybody's."""

    customer_id: str | None = None


@operation(
    "POST /_operator/v1/periods/{period}/post", allow=OPERATOR, wire=LEGACY, answers=list[str]
)
async def post_period(call: Writing, body: Body[NewPosting], period: str) -> Answer:
    """Post a month that is over: the ids of its invoices, those of before too.

    Posting it again changes nothing. Some customers share a commit: what was posted stays if the
    call ends early, and the same call goes on with the rest. Whose month can't be posted keeps
    nobody else's from being posted; then the answer is 500, and says whose.
    """
    try:
        month = Month.parse(period)
    except ValueError as problem:
        raise bad_request(f"Period: {problem}") from problem
    customer_id = _whose(body)
    if customer_id is not None:
        await closing.check_customer(call, customer_id)
    closing.refuse_open(month, call.now)
    wanted = closing.Wanted(month=month, customer_id=customer_id)

    def inside(unit: Unit) -> Writing:
        return replace(call.inside(unit, call.principal), admission=call.admission)

    async def post_all(database: Database) -> Answer:
        try:
            await closing.close_months(database, call.keyring, wanted, calls=inside)
        except closing.NotPosted as problem:
            raise Problem(500, "Not everything was posted", str(problem)) from problem
        numbers = await closing.numbers_of(database, month, customer_id)
        return Answer([str(number) for number in numbers])

    return Then(work=post_all)


def _whose(body: Body[NewPosting]) -> str | None:
    """Whose month; None is everybody's. Raises Problem 400.

    What is posted stays for ever: a name that is misspelt, or was left empty, is not everybody's.
    """
    given = body.values()
    unknown = given.keys() - {"customer_id"}
    if unknown:
        detail = f"There is no '{min(unknown)}' to say"
        raise bad_request(detail)
    if given.get("customer_id") is not None and body().customer_id is None:
        detail = "Customer id is empty: leave it out to post everybody's month"
        raise bad_request(detail)
    return body().customer_id
