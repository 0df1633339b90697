"""The programs that people sign in to through this server, and where they are answered.

They are public clients (RFC 6749 §2.1) on the person's own machine: nothing that they say proves
which program it is, so every sign-in is asked about on a page (RFC 8252 §8.6).
"""

import re
from urllib.parse import urlsplit

import msgspec

from tenantry.core.errors import Problem


class Program(msgspec.Struct, frozen=True):
    """A registered client."""

    id: str
    name: str
    """How people know it."""


COMMAND_LINE = Program("fastly-cli", "Fastly command line")
_PROGRAMS = {COMMAND_LINE.id: COMMAND_LINE}

_LISTENER = "http://localhost:8080/callback"
"""Where the official command line listens (contract: identity §9.3)."""
# Compared as text, before anything decodes it: what is written otherwise is another address.
_LOOPBACK = re.compile(r"http://(127\.0\.0\.1|\[::1\])(?::([0-9]{1,5}))?/callback", re.ASCII)
_LAST_PORT = 65535
_HERE = frozenset({"127.0.0.1", "::1", "localhost"})


def find(client_id: str | None) -> Program | None:
    """The program of that name, if it is registered."""
    return _PROGRAMS.get(client_id or "")


def name_of(client_id: str) -> str:
    """How people know a program, also one that is registered no more."""
    program = find(client_id)
    return client_id if program is None else program.name


def is_listener(redirect_uri: str) -> bool:
    """Whether an answer may go there: this machine only, on any port (RFC 8252 §7.3)."""
    if redirect_uri == _LISTENER:
        return True
    found = _LOOPBACK.fullmatch(redirect_uri)
    return found is not None and 0 < int(found[2] or 80) <= _LAST_PORT


def is_taken(redirect_uri: str, public_url: str) -> bool:
    """Whether this very server listens where the program wants its answer."""
    theirs, ours = urlsplit(redirect_uri), urlsplit(public_url)
    return ours.hostname in _HERE and (theirs.port or 80) == (ours.port or 80)


def checked(client_id: str | None, redirect_uri: str | None) -> tuple[Program, str]:
    """Who asks, and where he may be answered.

    Raises Problem 400, which must be told on a page: nobody is ever sent to an address that was
    not found here (RFC 6749 §4.1.2.1).
    """
    program = find(client_id)
    if program is None:
        detail = "The address that you opened names no program that this server knows."
        raise Problem(400, "Unknown program", detail)
    if redirect_uri is None or not is_listener(redirect_uri):
        detail = "The program wants its answer at an address that is not on your own computer."
        raise Problem(400, "Unknown place to answer to", detail)
    return program, redirect_uri
