"""Lists of client addresses that a customer allows (contract: access §10.3)."""

import ipaddress
import re
from collections.abc import Sequence
from functools import lru_cache

EVERYWHERE = "0.0.0.0/0"
MAX_ENTRIES = 100
_OF_ONE_LINE = 64
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Pattern = re.Pattern[str]


# Few: a list takes up to 50 KB, and whoever may set one can try any number of them.
@lru_cache(maxsize=128)
def parse_allowlist(text: str) -> tuple[Network | Pattern, ...] | None:
    """What a list allows; None where it allows everything.

    Entries stand between commas or blanks: an address, a CIDR block, or IPv4 with `*` octets.
    Raises ValueError, naming the entry that is none of these.
    """
    entries = text.replace(",", " ").split()
    if len(entries) > MAX_ENTRIES:
        message = f"at most {MAX_ENTRIES} entries are allowed"
        raise ValueError(message)
    parsed = tuple(_entry(entry) for entry in entries)
    return None if not entries or EVERYWHERE in entries else parsed


def _entry(text: str) -> Network | Pattern:
    try:
        if "*" not in text:
            return ipaddress.ip_network(text, strict=False)
        octets = text.split(".")
        ipaddress.IPv4Address(".".join("0" if octet == "*" else octet for octet in octets))
        pattern = r"\.".join(r"\d+" if octet == "*" else re.escape(octet) for octet in octets)
        return re.compile(pattern)
    except ValueError as problem:
        message = f"'{text[:60]}' is not an IP address or CIDR block"
        raise ValueError(message) from problem


def origin_of(address: str) -> str:
    """What one line to the Internet has of addresses: one of IPv4, a /64 of IPv6 (RFC 6177)."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    mapped = getattr(parsed, "ipv4_mapped", None) or parsed
    if mapped.version == 4:  # noqa: PLR2004 - it is called IPv4
        return str(mapped)
    # Without the zone, which is a matter of this machine.
    return str(ipaddress.ip_network((int(mapped), _OF_ONE_LINE), strict=False))


def parse_networks(text: str) -> tuple[Network, ...]:
    """Plain addresses and CIDR blocks. Raises ValueError."""
    return tuple(
        ipaddress.ip_network(entry, strict=False) for entry in text.replace(",", " ").split()
    )


@lru_cache(maxsize=8192)
def is_allowed(address: str, allowlist: str) -> bool:
    """Whether a list lets an address in."""
    entries = parse_allowlist(allowlist)
    return entries is None or is_in(address, entries)


def is_in(address: str, entries: Sequence[Network | Pattern]) -> bool:
    """Whether one of the entries covers an address; an unreadable address is covered by none."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None) or parsed
    return any(
        entry.fullmatch(str(mapped)) is not None
        if isinstance(entry, re.Pattern)
        else mapped.version == entry.version and mapped in entry
        for entry in entries
    )
