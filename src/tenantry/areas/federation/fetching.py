"""Asking servers that customers name: whatever these answer, this server and its network are safe.

Only over TLS, only at addresses of the public internet, looked up once and then connected to (so a
name can't point elsewhere a moment later), without following redirects, and within limits of time
and size (OWASP Server-Side Request Forgery Prevention Cheat Sheet). An operator may name networks
of his own in which providers may stand (`TENANTRY_PROVIDER_NETWORKS`).
"""

import asyncio
import importlib
import ipaddress
import socket
import ssl
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import SplitResult, urlsplit

import msgspec

from tenantry.core.addresses import Network, is_in, parse_networks

SECONDS = 8.0
"""For everything: name, connection, question and answer."""
LONGEST = 256 * 1024
"""Bytes of an answer."""
LONGEST_URL = 2048
_OK = 200
_LOOPBACK = ("127.0.0.1", "::1")
_UNICAST = parse_networks("2000::/3")
"""All that was ever given out of IPv6 (RFC 4291 §2.4): what lies beside it stands for something
else, such as `::/96` and `::ffff:0:0:0/96` for IPv4."""
_NOT_PUBLIC = parse_networks(
    "2001::/32, 2002::/16, 3fff::/20, 192.0.0.0/24, 192.88.99.0/24, 168.63.129.16"
)
"""Tunnels to whatever IPv4 (Teredo, 6to4), documentation, and what clouds keep for themselves."""
_NAT64 = parse_networks("64:ff9b::/96")
"""How a network without IPv4 reaches it (RFC 6052): as safe as the address that is meant."""


class Failed(Exception):
    """What went wrong with another server, as a sentence for whoever set it up."""


class Question(msgspec.Struct, frozen=True):
    """What is asked of another server."""

    url: str
    form: bytes | None = None
    """Sent by POST; without one it is a GET."""
    headers: Mapping[str, str] = {}


def checked_url(text: str, networks: str) -> SplitResult:
    """An address that may be asked, as far as its text tells. Raises Failed."""
    try:
        url = urlsplit(text)
        host, _ = url.hostname, url.port
    except ValueError as problem:
        raise Failed("is not a URL") from problem
    if len(text) > LONGEST_URL or not text.isascii() or not text.isprintable() or " " in text:
        raise Failed("is not a URL")
    if not host or url.username is not None or url.password is not None or url.fragment:
        raise Failed("must be a URL with a host, and without user and fragment")
    if url.scheme != "https" and not (url.scheme == "http" and _is_here(host, networks)):
        raise Failed("must begin with https://")
    return url


def _is_here(host: str, networks: str) -> bool:
    """Whether a host is this very machine, and providers may stand on it."""
    address = "127.0.0.1" if host == "localhost" else host
    return address in _LOOPBACK and is_in(address, parse_networks(networks))


def is_reachable(address: str, networks: Sequence[Network]) -> bool:
    """Whether an address is on the public internet, or in a network that the operator named."""
    parsed = _meant(address.partition("%")[0])
    if is_in(str(parsed), networks):
        return True
    is_unicast = not parsed.is_multicast and (parsed.version == 4 or is_in(str(parsed), _UNICAST))  # noqa: PLR2004 - it is called IPv4
    return parsed.is_global and is_unicast and not is_in(str(parsed), _NOT_PUBLIC)


def _meant(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An address, or that of IPv4 which it is another spelling of."""
    parsed = ipaddress.ip_address(address)
    if is_in(address, _NAT64):
        return ipaddress.IPv4Address(int(parsed) & 0xFFFF_FFFF)
    return getattr(parsed, "ipv4_mapped", None) or parsed


def checked_addresses(
    host: str | None, addresses: Sequence[str], networks: Sequence[Network]
) -> list[str]:
    """Those of a host that may be asked. Raises Failed.

    A name that leads both ways is somebody's attempt to be let in by the one and led to the other;
    only `localhost` always has two, and is always this machine (RFC 6761 §6.3).
    """
    reachable = [one for one in addresses if is_reachable(one, networks)]
    if not reachable or (len(reachable) < len(addresses) and host != "localhost"):
        raise Failed("stands at an address that is not on the public internet")
    return reachable


async def fetch(networks: str, question: Question) -> bytes:
    """The body of a 200. Raises Failed."""
    status, body = await ask(networks, question)
    if status != _OK:
        raise Failed(f"answered with status {status}")
    return body


async def ask(networks: str, question: Question) -> tuple[int, bytes]:
    """The status and the body, of whatever kind. Raises Failed."""
    url = checked_url(question.url, networks)
    try:
        async with asyncio.timeout(SECONDS):
            addresses = await _addresses(url, parse_networks(networks))
            return await _exchange(question, addresses)
    except TimeoutError as problem:
        raise Failed(f"did not answer within {SECONDS:.0f} seconds") from problem
    except OSError as problem:
        raise Failed("could not be reached") from problem


async def fetch_json(networks: str, url: str, shape: type[Any]) -> Any:
    """A JSON document. Raises Failed."""
    body = await fetch(networks, Question(url, headers={"accept": "application/json"}))
    return decoded(body, shape)


def decoded(body: bytes, shape: type[Any]) -> Any:
    """What a body says. Raises Failed."""
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise Failed("did not answer with the JSON that was expected") from problem


async def _addresses(url: SplitResult, networks: Sequence[Network]) -> list[str]:
    """Where a host stands, as far as one may go there. Raises Failed."""
    port = url.port or (443 if url.scheme == "https" else 80)
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(url.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as problem:
        raise Failed("has a name that can't be found") from problem
    every = list(dict.fromkeys(str(place[4][0]) for place in found))
    return checked_addresses(url.hostname, every, networks)


async def _exchange(question: Question, addresses: Sequence[str]) -> tuple[int, bytes]:
    # Loaded when first needed, and off the loop: it takes longer than many a request.
    pinned = await asyncio.to_thread(
        importlib.import_module, "tenantry.areas.federation.pinned_connection"
    )
    tls = await asyncio.to_thread(tls_context)
    headers = {"accept-encoding": "identity", "user-agent": "Tenantry", **question.headers}
    status, received, body = await pinned.exchange(question, headers, addresses, tls, LONGEST)
    if len(body) > LONGEST:
        raise Failed(f"answered with more than {LONGEST // 1024} KiB")
    if received.get("content-encoding", "identity") != "identity":
        raise Failed("answered in an encoding that was not asked for")
    return status, body


@lru_cache(maxsize=1)
def tls_context() -> ssl.SSLContext:
    """Trusts what this machine trusts, and the authorities that browsers do."""
    import certifi  # noqa: PLC0415 - seldom needed

    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
