"""The terms of a token: what its maker may ask for, each checked before it is issued."""

from collections.abc import Iterable, Sequence

from sqlalchemy import bindparam, select

from tenantry.access.decide import decide, rights
from tenantry.access.granting import check_may_grant, known_roles
from tenantry.access.holdings import custom_roles, grants_of_user
from tenantry.areas.users.agreement import in_agreement
from tenantry.core import schema
from tenantry.core.clock import Instant, read
from tenantry.core.context import Grants, Reading
from tenantry.core.errors import Problem, bad_request, not_authorized
from tenantry.core.ids import is_id
from tenantry.core.permissions import ROLE_OF_ID, SCOPES
from tenantry.core.statements import Statement, is_one_of

LONGEST_NAME = 255
INVALID_EXPIRY = "Invalid value for expires_at"

_S = schema.services.c
_LIVE_SERVICES = select(_S.id, _S.name).where(
    _S.customer_id == bindparam("customer_id"), _S.deleted_at.is_(None)
)
_SERVICES = Statement(_LIVE_SERVICES.where(is_one_of(_S.id, "ids")).order_by(_S.id))
_ALL_SERVICES = Statement(_LIVE_SERVICES.order_by(_S.id))


def checked_name(name: str) -> str:
    """A name of 1 to 255 characters. Raises Problem 400."""
    text = name.strip()
    if not 1 <= len(text) <= LONGEST_NAME:
        raise bad_request("Name must have 1 to 255 characters")
    return text


def checked_scope(text: str | None) -> str:
    """Known scopes, each once, separated by blanks; `global` by default. Raises Problem 400."""
    words = list(dict.fromkeys((text or "").split())) or ["global"]
    for word in words:
        if word not in SCOPES:
            title = f"Scope '{word[:60]}' is not one of: {', '.join(SCOPES)}"
            raise Problem(400, title, code="invalid_scope")
    return " ".join(words)


def checked_expiry(text: str | None, now: Instant) -> Instant | None:
    """An instant that is yet to come; nothing is never. Raises Problem 422."""
    if not text:
        return None
    try:
        instant = read(text)
    except ValueError as problem:
        raise Problem(422, INVALID_EXPIRY, f"'{text[:60]}' is not an RFC 3339 time") from problem
    if instant <= now:
        raise Problem(422, INVALID_EXPIRY, "It must be in the future")
    return instant


async def checked_services(
    call: Reading, ids: Sequence[str], grants: Grants | None = None
) -> list[str]:
    """Services of the customer that the caller sees, each once. Raises Problem 400."""
    wanted = list(dict.fromkeys(ids))
    asked = [one for one in wanted if is_id(one)]
    found: dict[str, str] = dict(await call.all(_SERVICES, customer_id=call.customer_id, ids=asked))
    held = rights(grants or call.principal.grants)
    for one in wanted:
        if one not in found or not held.sees(one):
            raise Problem(400, f"Cannot find service '{one[:64]}'", code="invalid_request")
    return wanted


async def checked_services_of(call: Reading, user_id: str, ids: Sequence[str]) -> list[str]:
    """As `checked_services`, for a user who came without a key. Raises Problem 400."""
    grants = await grants_of_user(call.rows, call.customer_id, user_id)
    return await checked_services(call, ids, grants or Grants())


async def visible_services(call: Reading) -> dict[str, str]:
    """The names, by id, of the services that the calling key sees."""
    if not decide(call.principal.grants, "service.read").allowed:
        # A key that may only purge sees none.
        return {}
    visible = rights(call.principal.grants).visible
    if visible is None:
        rows = await call.all(_ALL_SERVICES, customer_id=call.customer_id)
    else:
        rows = await call.all(_SERVICES, customer_id=call.customer_id, ids=sorted(visible))
    return dict(rows)


def check_not_wider(call: Reading, scope: str, services: Sequence[str] | None) -> None:
    """Refuse to make a token that may more than its maker; None is all services.

    Raises Problem 403.
    """
    grants = call.principal.grants
    if "global" not in grants.scopes and not set(scope.split()) <= grants.scopes:
        raise not_authorized()
    if grants.token_limited and (services is None or not set(services) <= grants.token_services):
        raise not_authorized()


async def checked_roles(call: Reading, role: str | None, ids: Sequence[str]) -> tuple[str, str]:
    """An automation token's role, and the list of all of them if that does not say it.

    The list wins over the single role; a program is never a superuser (contract: access §9.1).
    Raises Problem 400.
    """
    own = await custom_roles(call.rows, call.customer_id, ids)
    for one in ids:
        if one not in own and ROLE_OF_ID.get(one, "superuser") == "superuser":
            detail = f"Role '{one[:64]}' is not one that an automation token can have"
            raise bad_request(detail)
    return in_agreement(ids) if ids else (role or "user", "[]")


async def check_roles_held(
    call: Reading, ids: Iterable[str], services: Sequence[str] | None
) -> None:
    """Refuse to hand out what its maker lacks himself; None is on every service.

    Raises Problem 403.
    """
    roles = await known_roles(call, ids)
    check_may_grant(call, frozenset[str]().union(*roles.values()), services)
