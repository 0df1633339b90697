"""How a platform's meters send usage events, and take one back (contract: billing §9 O1, O3)."""

import msgspec

from tenantry.areas.usage import envelopes, ingestion, voiding
from tenantry.areas.usage.envelopes import NewUsageEvents
from tenantry.core.context import Reading, Writing
from tenantry.http.body import Body
from tenantry.http.operation import OPERATOR, Credentials, operation
from tenantry.http.wire import LEGACY


class Results(msgspec.Struct, frozen=True):
    """What became of each event, in the order in which they came."""

    results: list[ingestion.Result]


class VoidedEvent(msgspec.Struct):
    """Which event to void."""

    source: str
    id: str


async def read_batch(
    call: Reading, body: Body[NewUsageEvents], _credentials: Credentials
) -> ingestion.Batch:
    """Read and check the events, before anything is locked. Raises Problem 400, 415."""
    return await ingestion.check(call, envelopes.read(body.media_type, body.raw, body.header))


@operation("POST /_operator/v1/usage-events", allow=OPERATOR, wire=LEGACY, prepare=read_batch)
async def ingest_usage_events(
    call: Writing, body: Body[NewUsageEvents], evidence: ingestion.Batch
) -> Results:
    """Take in up to 1000 usage events, each for itself; sent again, they count once.

    As JSON, as lines of JSON (`application/x-ndjson`), or as CloudEvents: their `subject` is the
    customer's id, and `data` holds what `source`, `id` and `time` do not say.
    """
    del body  # read before the unit of work began; named for the documentation
    return Results(await ingestion.ingest(call, evidence))


@operation("POST /_operator/v1/usage-events/void", allow=OPERATOR, wire=LEGACY)
async def void_usage_event(call: Writing, body: Body[VoidedEvent]) -> voiding.Voided:
    """Void an event: it no longer counts; of a month that was invoiced, the next takes it back."""
    asked = body()
    return await voiding.void(call, asked.source, asked.id)
