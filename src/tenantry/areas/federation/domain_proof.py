"""Whether a challenge is published where only a domain's owner can: in DNS, or on a web server."""

import asyncio
import contextlib
import hmac
import importlib

from tenantry.areas.federation.domains import DomainRow
from tenantry.areas.federation.fetching import Failed, Question, fetch
from tenantry.core.mail_address import in_ascii

_LABEL = "_tenantry-challenge"
_PATH = "/.well-known/tenantry-challenge"
SECONDS = 5.0
MOST_RECORDS = 50


def dns_name(row: DomainRow) -> str:
    """The name whose TXT record shows that a domain is its customer's."""
    return f"{_LABEL}.{in_ascii(row.domain)}"


def file_url(row: DomainRow) -> str:
    """The address at which a file shows it."""
    return f"https://{in_ascii(row.domain)}{_PATH}"


async def proof_of(networks: str, row: DomainRow) -> str | None:
    """How a domain is shown to be its customer's, as it is known, or else as it is found now."""
    if row.verified_at is not None and row.missing_since is None and row.proof is not None:
        return row.proof
    return await find_proof(networks, row)


async def find_proof(networks: str, row: DomainRow) -> str | None:
    """Where the challenge is published, `dns` or `https`; None if it is nowhere.

    In DNS, or on a web server that stands on the internet or in one of these networks.
    """
    dns, https = await asyncio.gather(_in_dns(row), _by_https(networks, row))
    if dns:
        return "dns"
    return "https" if https else None


async def _in_dns(row: DomainRow) -> bool:
    # Loaded when first needed, and off the loop: it takes longer than many a request.
    resolver = await asyncio.to_thread(importlib.import_module, "dns.asyncresolver")
    exceptions = importlib.import_module("dns.exception")
    try:
        name = f"{dns_name(row)}."
        answer = await resolver.resolve(name, "TXT", lifetime=SECONDS, search=False)
    except (exceptions.DNSException, OSError):
        return False
    records = list(answer)[:MOST_RECORDS]
    return any(_is_challenge(b"".join(one.strings), row) for one in records)


async def _by_https(networks: str, row: DomainRow) -> bool:
    with contextlib.suppress(Failed):
        body = await fetch(networks, Question(file_url(row)))
        return _is_challenge(body.strip(), row)
    return False


def _is_challenge(found: bytes, row: DomainRow) -> bool:
    return hmac.compare_digest(found.strip(), row.challenge.encode())
