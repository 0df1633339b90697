"""One request on its way, from its arrival to its line in the log."""

from time import perf_counter
from typing import TYPE_CHECKING

from tenantry.core.context import NOBODY
from tenantry.http.log import new_request_id
from tenantry.http.message import Request

if TYPE_CHECKING:
    from tenantry.core.errors import Problem
    from tenantry.http.operation import Operation, Then


class Exchange:
    """What is known of it: its log line and some headers are made from it."""

    __slots__ = (
        "count",
        "error",
        "operation",
        "principal",
        "refusal",
        "request",
        "request_id",
        "started",
        "then",
    )

    def __init__(self, request: Request) -> None:
        """Begin."""
        self.request = request
        self.request_id = new_request_id()
        self.started = perf_counter()
        self.operation: Operation | None = None
        self.principal = NOBODY
        self.count: int | None = None
        self.error: BaseException | None = None
        self.refusal: Problem | None = None
        """Why it was refused; one that is found early waits until a write is counted."""
        self.then: Then | None = None
        """What is left to be done once its unit of work is committed."""
