"""A name server of a test's own, and what is published there."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import dns.asyncresolver
import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset

from tenantry.areas.federation.domain_watch import look_again
from tests.federation_writes import DOMAINS
from tests.world import ADA, DAY, World

CLAIM = {"domain": "Widgets.example.com"}
ONE = f"{DOMAINS}/widgets.example.com"
LABEL = "_tenantry-challenge.widgets.example.com."


@dataclass
class Zone(asyncio.DatagramProtocol):
    """A name server, and what it knows."""

    texts: dict[str, list[str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    meanwhile: Callable[[], Awaitable[Any]] | None = None
    """What happens while a question waits for its answer."""
    _transport: asyncio.DatagramTransport | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment] # one of datagrams

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        (question,) = query.question
        name = question.name.to_text()
        self.asked.append(name)
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.AA | dns.flags.RA
        if self.texts.get(name):
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", *self.texts[name]))
        self._tasks.add(asyncio.create_task(self._answer(answer.to_wire(), addr)))

    async def _answer(self, wire: bytes, addr: tuple[str, int]) -> None:
        work, self.meanwhile = self.meanwhile, None
        if work is not None:
            await work()
        assert self._transport is not None
        self._transport.sendto(wire, addr)


@contextmanager
def asking(port: int) -> Iterator[None]:
    """This machine's resolver asks that server."""
    before = dns.asyncresolver.default_resolver
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], port
    dns.asyncresolver.default_resolver = resolver  # type: ignore[assignment] # typed as its first value
    yield
    dns.asyncresolver.default_resolver = before


@asynccontextmanager
async def served() -> AsyncIterator[Zone]:
    """The name server that this machine's resolver asks."""
    loop = asyncio.get_running_loop()
    transport, zone = await loop.create_datagram_endpoint(Zone, ("127.0.0.1", 0))
    with asking(transport.get_extra_info("sockname")[1]):
        yield zone
    transport.close()


async def verified(world: World, zone: Zone) -> None:
    """Ada's domain, by a record in DNS."""
    await world.sudo(ADA)
    claimed = (await world.ask(ADA, "POST", DOMAINS, json=CLAIM)).json()
    zone.texts[LABEL] = [f'"{claimed["challenge"]}"']
    answer = await world.ask(ADA, "POST", f"{ONE}/verify")
    assert (answer.status_code, answer.json()["proof"]) == (200, "dns"), answer.text


async def look(world: World) -> int:
    """What the worker does every hour."""
    return await look_again(world.app.database, world.app.keyring, "")


async def walk_with_domains(world: World) -> None:
    """A domain whose record goes, and does not come back."""
    async with served() as zone:
        await verified(world, zone)
        zone.texts.clear()
        for days in (1, 14):
            world.clock.turn(days * DAY)
            await look(world)
