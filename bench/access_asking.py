"""Asks an application inside this process, through the pipeline that serves, without a network."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable

from bench.load import LoadError
from bench.server import SECRET_KEY
from tenantry.access.state import read_principal
from tenantry.app import Application
from tenantry.core.context import Principal
from tenantry.http.log import RequestLog
from tenantry.http.message import Request
from tenantry.settings import Settings

_SUCCESS = range(200, 300)

Call = Callable[[], Awaitable[object]]


class Asking:
    """An application that is started."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def ask(
        self, key: str, path: str, query: str = "", *, method: str = "GET", body: bytes = b""
    ) -> bytes:
        """The body of an answer. Raises LoadError if it is no success."""
        headers = {"fastly-key": key, "content-type": "application/json"}
        request = Request(
            method, path, query, headers, client="127.0.0.1", scheme="http", body=body
        )
        answer = await self.application.pipeline.handle(request)
        if answer.status not in _SUCCESS:
            message = f"{method} {path}: {answer.status} {answer.body[:200]!r}"
            raise LoadError(message)
        return answer.body

    async def read(self, key: str) -> Principal:
        """Who a key stands for, read from the database. Raises LoadError if nobody."""
        digest = self.application.keyring.digest(key)
        principal = await read_principal(self.application.database, digest)
        if principal is None:
            raise LoadError("the key opens nothing")
        return principal


@contextlib.asynccontextmanager
async def asking(url: str) -> AsyncIterator[Asking]:
    """An application on a database that is filled, its log on but thrown away."""
    thrown_away = os.open(os.devnull, os.O_WRONLY)
    settings = Settings(database=url, secret_key=SECRET_KEY, work=False)
    application = Application(settings, log=RequestLog(descriptor=thrown_away))
    await application.start()
    try:
        yield Asking(application)
    finally:
        await application.stop()
        # The last lines of the log are written when the loop comes round.
        await asyncio.sleep(0)
        os.close(thrown_away)


async def seconds(call: Call, times: int) -> list[float]:
    """How long a call takes, each time."""
    taken = []
    for _ in range(times):
        before = time.perf_counter()
        await call()
        taken.append(time.perf_counter() - before)
    return taken
