"""Cookies of this server's pages: read and set here only, so that each has every guard.

On TLS their names begin with `__Host-`: a browser then takes them from this host alone, for every
path, and never over an open line (RFC 6265bis §4.1.3.2). Without TLS there are none, but on the
machine itself, for trying things out.
"""

import re
from urllib.parse import urlsplit

from tenantry.core.errors import Problem
from tenantry.http.message import Header, Request

SESSION = "tenantry"
"""Who is signed in."""
FORM = "tenantry-form"
"""What ties a form to its browser before anybody is signed in."""
STEP = "tenantry-step"
"""A step of signing in that is open in this browser."""
DEVICE = "tenantry-device"
"""By which a browser is known again."""

LONGEST = 256
_VALUE = re.compile(r"[A-Za-z0-9_.-]+")
_LOCAL = frozenset({"127.0.0.1", "::1", "localhost"})


def is_secret_here(request: Request) -> bool:
    """Whether nobody on the way can read along: TLS, or this very machine."""
    return request.scheme == "https" or _host(request) in _LOCAL


def check_secrecy(request: Request) -> None:
    """Refuse to handle secrets on an open line. Raises Problem 403."""
    if not is_secret_here(request):
        raise Problem(
            403,
            "This page needs a secure connection",
            "Open it with https. If you did, this server does not know: tell whoever runs it to "
            "name the proxy before it in TENANTRY_TRUSTED_PROXIES.",
        )


def origin_of(request: Request) -> str:
    """This server's origin as the browser sees it."""
    return f"{request.scheme}://{request.host}".lower()


def read_cookie(request: Request, name: str) -> str:
    """A cookie's value; nothing if it is absent or nothing that this server sets."""
    wanted = _named(request, name)
    for line in _lines(request):
        # At semicolons alone: a comma may stand in what another host has set, and what comes behind
        # it bears no promise of `__Host-`.
        for pair in line.split(";"):
            given, _, value = pair.strip(" \t").partition("=")
            if given == wanted:
                return value if len(value) <= LONGEST and _VALUE.fullmatch(value) else ""
    return ""


def set_cookie(request: Request, name: str, value: str, *, seconds: int | None = None) -> Header:
    """The header that sets a cookie; without a life time it ends with the browser."""
    parts = [f"{_named(request, name)}={value}", "Path=/", "HttpOnly", "SameSite=Lax"]
    if seconds is not None:
        parts.append(f"Max-Age={seconds}")
    if request.scheme == "https":
        parts.append("Secure")
    return "set-cookie", "; ".join(parts)


def drop_cookie(request: Request, name: str) -> Header:
    """The header that removes a cookie."""
    return set_cookie(request, name, "", seconds=0)


def _named(request: Request, name: str) -> str:
    return f"__Host-{name}" if request.scheme == "https" else name


def _lines(request: Request) -> list[str]:
    """Its Cookie headers: HTTP/2 allows several (RFC 9113 §8.2.3)."""
    every = getattr(request.headers, "get_all", None)
    if every is not None:
        return list(every("cookie"))
    return [request.headers.get("cookie") or ""]


def _host(request: Request) -> str:
    try:
        return urlsplit(f"//{request.host}").hostname or ""
    except ValueError:
        return ""
