"""Looking up a refusal by the id that was answered with it."""

from tenantry.access.decision_id import Refusal, opened
from tenantry.areas.decisions import names
from tenantry.areas.decisions.asking import explanation, ids_of, token_somebody
from tenantry.areas.decisions.moments import Moment, state_at
from tenantry.areas.decisions.shapes import Asked, DecisionRecord, Explanation
from tenantry.core.clock import shown
from tenantry.core.context import Reading
from tenantry.core.errors import not_found
from tenantry.http.operation import TABLE


async def record_of(call: Reading, decision_id: str) -> DecisionRecord:
    """What was refused, and why as of then. Raises Problem 403, 404."""
    refusal = _opened(call, decision_id)
    if refusal is None:
        raise not_found("decision", decision_id)
    rows = (row for row in TABLE if row.name == refusal.operation)
    return DecisionRecord(
        id=decision_id,
        operation=Asked(refusal.operation, [f"{row.method} {row.path}" for row in rows]),
        refusal=refusal.title,
        at=shown(refusal.at),
        sequence=refusal.sequence,
        token_id=refusal.token_id,
        permission=refusal.permission,
        explanation=await _explanation(call, refusal),
    )


def _opened(call: Reading, decision_id: str) -> Refusal | None:
    refusal = opened(call.keyring, call.customer_id, decision_id)
    if refusal is None and call.principal.kind == "operator":
        # An operator belongs to no customer, and so do the refusals that he met.
        return opened(call.keyring, "", decision_id)
    return refusal


async def _explanation(call: Reading, refusal: Refusal) -> Explanation | None:
    if not refusal.sequence:
        return None
    somebody = await token_somebody(call, refusal.token_id)
    if refusal.permission is None:
        return None
    service = None
    if refusal.service_id is not None:
        service = await names.find_service(call, refusal.service_id)
    when = Moment(refusal.sequence, refusal.at)
    state = await state_at(call, when, ids_of(somebody))
    return await explanation(call, state, when, (somebody, refusal.permission, service))
