"""The floor: a constant body of a given size, as little as a Python server can do for a request."""

import os
import sys
from typing import Any

from granian import Granian
from granian.constants import Interfaces, Loops

BYTES = "BENCH_FLOOR_BYTES"
_HEADERS = [("content-type", "application/json")]
_BODY = b" " * int(os.environ.get(BYTES, "0"))


async def app(_scope: Any, protocol: Any) -> None:
    """Answer."""
    protocol.response_bytes(200, _HEADERS, _BODY)


if __name__ == "__main__":
    Granian(
        "bench.floor:app",
        port=int(sys.argv[1]),
        interface=Interfaces.RSGI,
        workers=1,
        loop=Loops.uvloop,
        websockets=False,
        log_enabled=False,
    ).serve()
