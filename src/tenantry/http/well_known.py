"""What browsers, crawlers and finders of flaws look for on any host, where they look for it."""

import msgspec

from tenantry.core.clock import DAY, shown
from tenantry.core.context import Reading
from tenantry.http.message import Header, Response
from tenantry.http.operation import PUBLIC, Operation, operation
from tenantry.http.pages import ICON, icon, see_other
from tenantry.http.wire import CONSOLE, LEGACY, PAGE

CONTACT_LASTS = 90 * DAY
"""After that long a copy of it is not to be believed any more (RFC 9116 §2.5.5: within a year)."""

_TEXT = "text/plain; charset=utf-8"
_KEPT: tuple[Header, ...] = (("cache-control", "public, max-age=86400"),)


@operation(f"GET {ICON}", allow=PUBLIC, wire=LEGACY)
async def get_icon(call: Reading) -> Response:  # noqa: ARG001 - the same for everybody
    """The picture by which a browser's tab is known."""
    return Response(200, icon(), "image/svg+xml", _KEPT)


@operation("GET /robots.txt", allow=PUBLIC, wire=LEGACY)
async def get_robots(call: Reading) -> Response:  # noqa: ARG001 - the same for everybody
    """Nothing here is for search engines (RFC 9309)."""
    return Response(200, b"User-agent: *\nDisallow: /\n", _TEXT, _KEPT)


class PublicAddresses(msgspec.Struct):
    """Networks from which an edge asks its origins."""

    addresses: list[str]
    ipv6_addresses: list[str]


@operation("GET /public-ip-list", allow=PUBLIC, wire=LEGACY)
async def list_fastly_ips(call: Reading) -> PublicAddresses:  # noqa: ARG001 - the same for everybody
    """None: this server keeps accounts, and has no edge (contract: protocol §2)."""
    return PublicAddresses([], [])


@operation("GET /.well-known/change-password", allow=PUBLIC, wire=PAGE, status=303)
async def get_password_place(call: Reading) -> Response:  # noqa: ARG001 - the same for everybody
    """Lead password managers to where a password is changed (W3C change-password URL)."""
    return see_other(f"{CONSOLE}/profile/password")


def security_contact(contact: str, origin: str) -> Operation:
    """The operation that says whom to tell of a flaw, as the operator of this server wants it."""

    async def get_security_contact(call: Reading) -> Response:
        """Whom to tell of a flaw (RFC 9116)."""
        lines = (
            f"Contact: {contact}",
            f"Expires: {shown(call.now + CONTACT_LASTS)}",
            f"Canonical: {origin}{_SECURITY}",
        )
        return Response(200, "".join(f"{line}\n" for line in lines).encode(), _TEXT)

    return Operation(f"GET {_SECURITY}", PUBLIC, LEGACY, get_security_contact)


_SECURITY = "/.well-known/security.txt"
