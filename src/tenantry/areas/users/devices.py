"""The browsers that a user has signed in from, each known again by a cookie that stays."""

import re

from sqlalchemy import bindparam, delete, insert, select, update

from tenantry.core.clock import SECOND
from tenantry.core.context import Reading, Writing
from tenantry.core.ids import new_id
from tenantry.core.secrets import new_token
from tenantry.core.security_tables import devices
from tenantry.core.statements import Statement

LASTS = 400 * 24 * 3600
"""Seconds for which a browser keeps the cookie: the most that browsers do (RFC 6265bis §5.5)."""

_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
    ("curl", "curl"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)

_D = devices.c
_OF_USER = (_D.customer_id == bindparam("customer"), _D.user_id == bindparam("user"))
_FIND = Statement(select(_D.id).where(*_OF_USER, _D.digest == bindparam("digest_of")))
_ADD = Statement(insert(devices))
_FORGET = Statement(delete(devices).where(*_OF_USER, _D.seen_at <= bindparam("before")))
_SEE = Statement(
    update(devices)
    .where(*_OF_USER, _D.id == bindparam("device"))
    .values(user_agent=bindparam("agent"), ip=bindparam("address"), seen_at=bindparam("now"))
)


def browser_name(user_agent: str | None) -> str:
    """Which browser it says it is, in words for people."""
    text = user_agent or ""
    browser = next((name for word, name in _BROWSERS if f"{word}/" in text), "")
    system = next((name for word, name in _SYSTEMS if word in text), "")
    if browser and system:
        return f"{browser} on {system}"
    first = re.match(r"[\w.-]{1,40}", text)
    return browser or system or (first[0] if first else "An unknown browser")


async def recognise(call: Writing, user_id: str, secret: str) -> str | None:
    """The device that a cookie belongs to, if this user signed in from it before."""
    if not secret:
        return None
    found = await call.one(
        _FIND, customer=call.customer_id, user=user_id, digest_of=_digest(call, secret)
    )
    if found is None:
        return None
    device_id = str(found[0])
    await call.run(
        _SEE,
        customer=call.customer_id,
        user=user_id,
        device=device_id,
        agent=call.user_agent,
        address=call.ip[:255],
        now=call.now,
    )
    return device_id


async def remember(call: Writing, user_id: str, secret: str) -> tuple[str, str]:
    """Note a device that this user had not signed in from; its id, and its cookie's value.

    Those that have lost their cookie by now are forgotten.
    """
    before = call.now - LASTS * SECOND
    await call.run(_FORGET, customer=call.customer_id, user=user_id, before=before)
    device_id, secret = new_id(), secret or new_token()
    await call.run(
        _ADD,
        customer_id=call.customer_id,
        user_id=user_id,
        id=device_id,
        digest=_digest(call, secret),
        user_agent=call.user_agent,
        ip=call.ip[:255],
        seen_at=call.now,
        created_at=call.now,
    )
    return device_id, secret


def _digest(call: Reading, secret: str) -> bytes:
    return call.keyring.digest(f"device\0{secret}")
