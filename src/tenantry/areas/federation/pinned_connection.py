"""A connection to an address that was checked before, whatever the name says by then."""

import contextlib
import ssl
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import httpcore

from tenantry.areas.federation.fetching import Failed, Question

Answer = tuple[int, dict[str, str], bytes]


class _Pinned(httpcore.AsyncNetworkBackend):
    """Connects to the addresses that it was made with; TLS still checks the name."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = addresses
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,  # noqa: ARG002 - looked up already
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - as httpcore has it
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        *others, last = self._addresses
        for address in others:
            with contextlib.suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return await self._network.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
        return await self._network.connect_tcp(last, port, timeout, local_address, socket_options)


async def exchange(
    question: Question,
    headers: Mapping[str, str],
    addresses: Sequence[str],
    tls: ssl.SSLContext,
    longest: int,
) -> Answer:
    """The answer, of which no more is read than a little over `longest`. Raises Failed."""
    method = "GET" if question.form is None else "POST"
    pool = httpcore.AsyncConnectionPool(tls, network_backend=_Pinned(addresses))
    limits = {"connect": 3.0, "read": 5.0, "write": 5.0, "pool": 1.0}
    try:
        async with (
            pool,
            pool.stream(
                method,
                question.url,
                headers=list(headers.items()),
                content=question.form,
                extensions={"timeout": limits},
            ) as answer,
        ):
            received = {
                name.decode("latin-1").lower(): value.decode("latin-1")
                for name, value in answer.headers
            }
            return answer.status, received, await _read(answer, longest)
    except httpcore.TimeoutException as problem:
        raise Failed("did not answer in time") from problem
    except httpcore.ConnectError as problem:
        is_untrusted = "CERTIFICATE" in str(problem)
        why = "has a certificate that is not trusted" if is_untrusted else "could not be reached"
        raise Failed(why) from problem
    except (httpcore.NetworkError, httpcore.ProtocolError) as problem:
        raise Failed("broke the connection off, or does not speak HTTP") from problem


async def _read(answer: httpcore.Response, longest: int) -> bytes:
    body = bytearray()
    async for part in answer.aiter_stream():
        body += part
        if len(body) > longest:
            break
    return bytes(body)
