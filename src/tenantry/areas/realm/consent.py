"""Agreeing to let a program in: in which session that is done, and what comes of it."""

import hmac
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
from sqlalchemy import bindparam, select

from tenantry.areas.realm import codes, programs
from tenantry.areas.realm.asked import Asked, checked
from tenantry.areas.realm.codes import Browser
from tenantry.areas.realm.issuing import issuer_of
from tenantry.areas.users.standing import welcome_to_new_keys
from tenantry.core import audit
from tenantry.core.clock import MINUTE, Instant
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import Problem
from tenantry.core.secrets import Keyring
from tenantry.core.security_tables import sessions
from tenantry.core.statements import Statement

PATH = "/realms/fastly/protocol/openid-connect/auth"
"""Where programs have people sign in."""
DECISION = "/_tenantry/console/consent"
"""Where the form of that page goes; the query is that of the page."""
STAMP = "asked_at"
"""In the address that somebody comes back to: when the program asked."""
PATIENCE = 30 * MINUTE
"""How long somebody may take to sign in once more where a program wants that."""

_S = sessions.c
_BROWSER = Statement(
    select(_S.methods, _S.created_at).where(
        _S.customer_id == bindparam("customer_id"), _S.token_id == bindparam("token_id")
    )
)


class Waiting(msgspec.Struct, frozen=True):
    """A program that waits for somebody to sign in."""

    asked: Asked
    since: Instant


def waiting(call: Reading, place: str) -> Waiting | None:
    """The program that waits where a browser goes on to, if one does."""
    parts = urlsplit(place)
    if parts.path not in {PATH, DECISION}:
        return None
    values = dict(parse_qsl(parts.query))
    try:
        programs.checked(values.get("client_id"), values.get("redirect_uri"))
        asked = checked(values, (), call.public_url)
    except Problem:
        # It is told so where it waits.
        return None
    return Waiting(asked, asked_at(call.keyring, asked, values.get(STAMP), call.now))


async def browser_of(call: Reading) -> Browser | None:
    """The session of whoever looks at the page; None if nobody is signed in."""
    principal = call.principal
    if principal.kind != "session":
        return None
    row = await call.one(_BROWSER, customer_id=principal.customer_id, token_id=principal.token_id)
    if row is None:
        return None
    methods, created_at = row
    return Browser(
        session_id=principal.token_id,
        user_id=principal.user_id or "",
        methods=msgspec.json.decode(methods),
        signed_in_at=created_at,
    )


async def agree(call: Writing, asked: Asked, browser: Browser) -> str:
    """Let the program in; where the browser takes its code to.

    Raises Problem 400 while he is locked, 403 where a policy keeps him out, 404 if he is gone.
    """
    row = await welcome_to_new_keys(call, browser.user_id, browser.methods)
    code = await codes.issue(call, asked, browser)
    await audit.record(
        call,
        "grant.create",
        f"User '{row.login}' allowed '{programs.name_of(asked.client_id)}' to act for him",
        event_type="customer.update",
        metadata={
            "action": "grant.create",
            "client_id": asked.client_id,
            "redirect_uri": asked.redirect_uri,
        },
    )
    return answer_to(call, asked.redirect_uri, asked.state, code=code)


def answer_to(call: Reading, redirect_uri: str, state: str | None, **facts: str) -> str:
    """An answer as an address of the program's (RFC 6749 §4.1.2); it names who answers (RFC 9207).

    Only for addresses that `programs.checked` let pass.
    """
    facts["iss"] = issuer_of(call.public_url)
    if state:
        facts["state"] = state
    return f"{redirect_uri}?{urlencode(facts)}"


def stamped(keyring: Keyring, asked: Asked, now: Instant) -> str:
    """When a program asked, as it may travel through the browser and come back unchanged."""
    return f"{now}.{_mark(keyring, asked, str(now))}"


def asked_at(keyring: Keyring, asked: Asked, stamp: str | None, now: Instant) -> Instant:
    """When a program asked, by its stamp; now, where that is none of ours or too old."""
    text, _, mark = (stamp or "").partition(".")
    if not hmac.compare_digest(mark.encode(), _mark(keyring, asked, text).encode()):
        return now
    return int(text) if now - int(text) <= PATIENCE else now


def _mark(keyring: Keyring, asked: Asked, text: str) -> str:
    return keyring.digest(f"asked\0{text}\0{asked.code_challenge}").hex()[:32]
