"""The gateway: who is there, and may he (contract: access §9.6, protocol §2, §3, §13)."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from tenantry.access.decide import decide
from tenantry.access.decision_id import Refusal, sealed
from tenantry.access.principals import Finder
from tenantry.access.sessions import check_life
from tenantry.core.addresses import EVERYWHERE, is_allowed
from tenantry.core.clock import HOUR, SECOND, Instant, shown
from tenantry.core.context import NOBODY, Principal, Reading
from tenantry.core.errors import (
    Problem,
    bad_request,
    not_authorized,
    not_found,
    sudo_missing,
    too_large,
    unauthenticated,
)
from tenantry.core.mail_address import address_key
from tenantry.core.secrets import Keyring
from tenantry.http.body import content_kind
from tenantry.http.message import Header, Query, Request
from tenantry.http.operation import Allow, Operation

if TYPE_CHECKING:
    from tenantry.http.exchange import Exchange

LONGEST_KEY = 256


def presented_key(request: Request) -> str:
    """The API token of a request, or nothing. `Fastly-Key` wins over `Authorization: Bearer`."""
    key = (request.headers.get("fastly-key") or "").strip()
    if not key:
        scheme, _, given = (request.headers.get("authorization") or "").partition(" ")
        return given.strip() if scheme.lower() == "bearer" else ""
    return key[7:].strip() if key[:7].lower() == "bearer " else key


async def identify(
    request: Request, principals: Finder, keyring: Keyring, now: Instant
) -> tuple[Principal, bytes]:
    """Who asks, and the digest of his key. Raises Problem 401."""
    key = presented_key(request)
    if not key or len(key) > LONGEST_KEY:
        raise unauthenticated()
    digest = keyring.digest(key)
    principal = await principals.find(digest)
    if principal is None:
        raise unauthenticated()
    check_expiry(principal, now)
    if principal.kind == "session":
        await check_life(principals.rows, principal, now)
    return principal, digest


async def identify_if_any(
    request: Request, principals: Finder, keyring: Keyring, now: Instant
) -> tuple[Principal, bytes]:
    """As `identify`, where a key is not needed: one that opens nothing is as none.

    Why it opens nothing is kept, for when nothing else proves who asks either.
    """
    try:
        return await identify(request, principals, keyring, now)
    except Problem as problem:
        return msgspec.structs.replace(NOBODY, refused=problem.title), b""


def check_expiry(principal: Principal, now: Instant) -> None:
    """Refuse a token from the instant on at which it expires. Raises Problem 401."""
    if principal.expires_at is not None and now >= principal.expires_at:
        title = f"Token {principal.token_id} expired at {shown(principal.expires_at)}"
        raise Problem(401, title)


def acting_customer(principal: Principal, request: Request) -> str:
    """The customer inside which a call acts. Raises Problem 403.

    `?customer_id=` impersonates for operators; it is idle when it names nobody or one's own
    (protocol §4).
    """
    asked = Query(request).get("customer_id") if request.query_string else None
    if principal.kind == "operator":
        return asked or ""
    if asked and asked != principal.customer_id and principal.kind != "nobody":
        raise not_authorized()
    return principal.customer_id


def admit(allow: Allow, call: Reading, method: str, path: dict[str, str]) -> None:
    """Let the call in, or raise Problem 403 (404 for another customer's address)."""
    principal = call.principal
    if allow.who == "public":
        return
    check_way_in(allow, call)
    if allow.who != "any key":
        check_scope(principal, method)
        _check_role(allow, call, path)
    if path.get("customer_id", call.customer_id) != call.customer_id:
        raise not_found("customer", path["customer_id"])
    # An operator's key is the installation's, and has no password that could lift it.
    if allow.sudo and principal.kind != "operator" and not is_lifted(principal, call.now):
        raise sudo_missing()


def check_way_in(allow: Allow, call: Reading, refusal: Problem | None = None) -> None:
    """Refuse what `acting_customer` refused, and addresses. Raises Problem 403."""
    if refusal is not None:
        raise refusal
    if not allow.anywhere:
        check_address(call)


def check_address(call: Reading) -> None:
    """Refuse a key that comes from where its customer allows nobody. Raises Problem 403."""
    allowlist = call.principal.ip_whitelist
    if allowlist != EVERYWHERE and not is_allowed(call.ip, allowlist):
        raise Problem(403, "Access from this IP address is not allowed")


def check_scope(principal: Principal, method: str) -> None:
    """Refuse what a token's scope does not cover. Raises Problem 403."""
    scopes = principal.grants.scopes
    if "global" in scopes:
        return
    if "global:read" not in scopes:
        raise not_authorized()
    if method not in {"GET", "HEAD"}:
        raise Problem(403, "Read only tokens are not allowed to access this endpoint")


def _check_role(allow: Allow, call: Reading, path: dict[str, str]) -> None:
    principal = call.principal
    if (allow.who == "operator") != (principal.kind == "operator" and not call.customer_id):
        raise not_authorized()
    if allow.who == "person" and not principal.is_person:
        raise not_authorized()
    if allow.owner and not principal.is_owner:
        raise not_authorized()
    if allow.permission is None or allow.service:
        return
    if allow.own is not None and _names(path[allow.own], principal):
        return
    held, is_program = principal.grants, principal.is_program
    if allow.own_form and decide(held, f"{allow.permission}:own", is_program=is_program).allowed:
        return
    if not decide(held, allow.permission, is_program=is_program).allowed:
        raise not_authorized(allow.permission)


def _names(part: str, principal: Principal) -> bool:
    """Whether a part of a path names the caller: by id, or by login in whatever case."""
    return principal.is_person and (
        part == principal.user_id or address_key(part) == address_key(principal.login)
    )


def is_lifted(principal: Principal, now: Instant) -> bool:
    """Whether the token is in sudo mode."""
    return principal.sudo_expires_at is not None and now < principal.sudo_expires_at


def meter(allow: Allow, principal: Principal) -> str | None:
    """Whose hourly writes a call counts towards; nobody's on the operator's own endpoints.

    They meter usage, as often as there is some (contract: protocol §13.3 knows users and automation
    tokens).
    """
    return None if allow.who == "operator" else principal.meter


def check_quota(principal: Principal, count: int) -> None:
    """Refuse writes over the hourly limit. Raises Problem 429."""
    if count > principal.hourly_writes:
        raise over_quota()


def over_quota() -> Problem:
    """429: the hour's writes are used up (protocol §13.4)."""
    return Problem(429, "You have exceeded your hourly rate limit.")


def quota_headers(principal: Principal, count: int, now: Instant) -> tuple[Header, ...]:
    """What is left of the hour's writes, and when the next hour begins (protocol §13.2)."""
    reset = (now // HOUR + 1) * (HOUR // SECOND)
    return (
        ("fastly-ratelimit-remaining", str(max(principal.hourly_writes - count, 0))),
        ("fastly-ratelimit-reset", str(reset)),
    )


def decision_headers(exchange: "Exchange", keyring: Keyring, now: Instant) -> tuple[Header, ...]:
    """The id by which a refused caller can look up why (`access.decision_id`)."""
    principal, operation, problem = exchange.principal, exchange.operation, exchange.refusal
    if operation is None or not principal.token_id:
        return ()
    refusal = _decision(operation, principal, now)
    if problem is not None:
        refusal = msgspec.structs.replace(
            refusal,
            permission=problem.permission or refusal.permission,
            service_id=problem.service_id,
            title=problem.title,
        )
    return (("tenantry-decision", sealed(keyring, principal.customer_id, refusal)),)


def admission(operation: Operation, path: dict[str, str]) -> Callable[[Reading], str | None]:
    """The id by which it can be looked up why a call was let in; sealed once, when first asked."""
    # Not functools.cache: to make one costs more than a twentieth of all the rest of a write.
    kept: str | None = None

    def decision_id(call: Reading) -> str | None:
        nonlocal kept
        principal = call.principal
        if kept is None and principal.token_id:
            decision = _decision(operation, principal, call.now, path.get("service_id"))
            kept = sealed(call.keyring, principal.customer_id, decision)
        return kept

    return decision_id


def _decision(
    operation: Operation, principal: Principal, now: Instant, service_id: str | None = None
) -> Refusal:
    return Refusal(
        operation=operation.name,
        token_id=principal.token_id,
        permission=operation.allow.permission,
        service_id=service_id,
        title="",
        sequence=principal.version,
        at=now,
    )


def check_sent(operation: Operation, request: Request) -> None:
    """Refuse what no honest client sends, and a body of a type that is not taken.

    Raises Problem 400, 413, 415.
    """
    if request.is_too_large:
        raise too_large()
    if "\0" in request.path:
        raise bad_request("NUL characters are not allowed")
    # Who reads it tells: whose right on a service is asked for first hears of that first, and
    # meters send more types than the contract's clients.
    is_told_later = operation.allow.service or operation.allow.who == "operator"
    if request.body and operation.shape is not None and not is_told_later:
        content_kind(request, takes_forms=operation.wire.takes_forms)
