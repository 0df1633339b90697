"""Secrets that tests make, and where none of them may ever stand: the log and all that is told.

Every call of every test is looked at: what it sent as a key, password, code or cookie, and what it
was handed out, in JSON, on a page, as a cookie or in an address that it was sent to. When the test
is over, none of it may stand in an event, a revision, a letter that waits, a row of those tables
that keep who proved what, or a line of the request log.
"""

import base64
import json
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import httpx
from sqlalchemy import literal, select, union_all

from tenantry.core import schema
from tenantry.core import security_tables as tables
from tenantry.core.statements import Statement

if TYPE_CHECKING:
    from tests.world import World

SHORTEST = 12
"""Characters; what is shorter may stand in anything."""
_FIELDS = frozenset(
    (
        *("password", "old_password", "new_password", "password_again", "otp", "access_token"),
        *("client_secret", "code_verifier", "id_token", "refresh_token"),
    )
)
_ON_A_PAGE = re.compile(r'<code class="secret"[^>]*>([^<]+)</code>')
_CODES = re.compile(r'<ul class="secret codes">(.*?)</ul>', re.DOTALL)
_CODE = re.compile(r"<li>([^<]+)</li>")
_E, _R, _O = schema.events.c, schema.revisions.c, schema.outbox.c
_LETTERS = Statement(select(_O.payload).where(_O.kind == "mail"))
_KEEPING = {
    schema.events: (_E.body, _E.personal),
    schema.revisions: (_R.body,),
    **{
        table: tuple(table.columns)
        for table in (
            *(schema.users, schema.tokens, schema.password_codes, tables.authenticators),
            *(tables.devices, tables.former_passwords, tables.identity_providers),
            *(tables.refresh_tokens, tables.sessions, tables.sign_in_steps),
        )
    },
}
_TEXTS = {table.name: Statement(select(*columns)) for table, columns in _KEEPING.items()}
_FILLED = Statement(
    union_all(
        *(select(literal(table.name)).where(select(table).exists()) for table in _KEEPING),
    )
)
"""Most are empty with most tests, and asking each of them takes longer than the test itself."""


def made(answer: httpx.Response) -> set[str]:
    """The secrets of one exchange."""
    request = answer.request
    found = {value for name, value in _sent(request) if name in _FIELDS}
    found |= {value for name, value in _handed_out(answer) if name in _FIELDS}
    if answer.status_code != HTTPStatus.UNAUTHORIZED:  # else it opens nothing
        found.add(request.headers.get("fastly-key", ""))
    found.add(request.headers.get("fastly-otp", ""))
    found |= _authorization(request.headers.get("authorization", ""))
    found |= _cookies(answer) | _shown(answer) | _in_address(answer)
    # An address is no secret, also where somebody tries it as a password.
    return {
        one for one in found if isinstance(one, str) and len(one) >= SHORTEST and "@" not in one
    }


def _sent(request: httpx.Request) -> list[tuple[str, Any]]:
    kind = request.headers.get("content-type", "")
    if kind.startswith("application/x-www-form-urlencoded"):
        return parse_qsl(request.content.decode("utf-8", "replace"), errors="replace")
    return _pairs(request.content) if "json" in kind else []


def _handed_out(answer: httpx.Response) -> list[tuple[str, Any]]:
    return _pairs(answer.content) if "json" in answer.headers.get("content-type", "") else []


def _cookies(answer: httpx.Response) -> set[str]:
    lines = answer.headers.get_list("set-cookie")
    return {line.partition(";")[0].partition("=")[2] for line in lines}


def _shown(answer: httpx.Response) -> set[str]:
    """Secrets of authenticator apps and recovery codes, as pages show them once."""
    if "html" not in answer.headers.get("content-type", ""):
        return set()
    lists = "".join(_CODES.findall(answer.text))
    shown = {*_ON_A_PAGE.findall(answer.text), *_CODE.findall(lists)}
    return shown | {one.replace(" ", "") for one in shown}


def _in_address(answer: httpx.Response) -> set[str]:
    """Codes and states in an address that a browser is sent to."""
    query = parse_qsl(urlsplit(answer.headers.get("location", "")).query)
    return {value for name, value in query if name in {"code", "state"}}


def _pairs(content: bytes) -> list[tuple[str, Any]]:
    try:
        decoded = json.loads(content)
    except (ValueError, RecursionError):  # a test of what is no JSON
        return []
    return list(decoded.items()) if isinstance(decoded, dict) else []


def _authorization(header: str) -> set[str]:
    scheme, _, given = header.partition(" ")
    if scheme.lower() == "bearer":
        return {given}
    try:
        return {base64.b64decode(given, validate=True).decode().partition(":")[2]}
    except ValueError:  # a test of what is no Basic
        return set()


async def leaks(world: "World") -> list[str]:
    """The secrets that stand where they must not."""
    database = world.app.database
    letters = [payload for (payload,) in await database.all(_LETTERS)]
    codes = [json.loads(payload).get("code") for payload in letters]
    secrets = world.secrets | {world.app.keyring.code_for(*one) for one in codes if one}
    filled = [_TEXTS[name] for (name,) in await database.all(_FILLED)]
    texts = [str(row) for statement in filled for row in await database.all(statement)]
    texts += [str((payload,)) for payload in letters]
    texts.append(world.log_path.read_text("utf-8", "replace") if world.log_path.exists() else "")
    told = "\n".join(texts)
    return [one for one in secrets if one in told or json.dumps(one)[1:-1] in told]
