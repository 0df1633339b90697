"""What orchestrators and scrapers ask; no key needed."""

from tenantry.core.context import Reading
from tenantry.core.database import ANYTHING
from tenantry.http import metrics
from tenantry.http.message import Response
from tenantry.http.operation import OK, PUBLIC, Status, operation
from tenantry.http.wire import LEGACY


@operation("GET /_health/live", allow=PUBLIC, wire=LEGACY)
async def get_liveness(call: Reading) -> Status:  # noqa: ARG001 - every operation takes its call
    """The process answers."""
    return OK


@operation("GET /_health/ready", allow=PUBLIC, wire=LEGACY)
async def get_readiness(call: Reading) -> Status:
    """The database answers too."""
    await call.one(ANYTHING)
    return OK


@operation("GET /_metrics", allow=PUBLIC, wire=LEGACY)
async def get_metrics(call: Reading) -> Response:  # noqa: ARG001 - likewise
    """Prometheus' text format; not served here where the metrics have a port of their own."""
    return Response(200, metrics.exposition(), "text/plain; version=0.0.4; charset=utf-8")
