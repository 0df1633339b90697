"""Questions about what somebody may do: who may ask them, and how they are answered.

About oneself everybody may ask; about others, who sees users in full.
"""

import asyncio

import msgspec

from tenantry.access.decide import Rights, decide, rights
from tenantry.access.explain import explain, grants_of, revived
from tenantry.access.history import State
from tenantry.access.verdict import (
    ABOUT_OTHERS,
    FORMS,
    Named,
    Question,
    Step,
    Subject,
    Verdict,
    Way,
)
from tenantry.areas.decisions import names
from tenantry.areas.decisions.moments import Moment, moment, state_at
from tenantry.areas.decisions.names import Known
from tenantry.areas.decisions.shapes import AsOf, Explanation, Somebody
from tenantry.areas.users.model import login_key
from tenantry.core.clock import shown
from tenantry.core.context import Reading
from tenantry.core.errors import bad_request, not_authorized, not_found
from tenantry.core.permissions import ROLE_OF_ID, SERVICE_PERMISSIONS
from tenantry.http.operation import TABLE

_OTHERS_GROUPS = frozenset({"group", "service_group"})


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A question as it comes, unchecked; without user and token it is about the calling token."""

    permission: str | None
    user: str | None = None
    token: str | None = None
    service: str | None = None
    at: str | None = None


def sees_others(call: Reading) -> bool:
    """Whether the caller may ask about others."""
    return decide(call.principal.grants, ABOUT_OTHERS).allowed


async def answer(call: Reading, asked: Asked) -> Explanation:
    """Explain whether somebody may do something. Raises Problem 400, 403, 404."""
    permission = known_permission(asked.permission)
    somebody = await _subject(call, asked)
    service = await known_service(call, permission, asked.service)
    when = await moment(call, asked.at)
    state = await state_at(call, when, ids_of(somebody))
    return await explanation(call, state, when, (somebody, permission, service))


async def explanation(
    call: Reading, state: State, when: Moment, asked: tuple[Somebody, str, Known | None]
) -> Explanation:
    """The answer to a question that was checked, as far as the caller may know it."""
    somebody, permission, service = asked
    subject = Subject("user" if somebody.kind == "user" else "token", somebody.id)
    service_id = None if service is None else service.id
    # What would help is tried out with every group and role: that is done off the event loop.
    verdict = await asyncio.to_thread(explain, state, Question(subject, permission, service_id))
    if not sees_others(call):
        verdict = _without_others(call, verdict)
    return Explanation(
        **{name: getattr(verdict, name) for name in Verdict.__struct_fields__},
        subject=somebody,
        permission=permission,
        scope="service" if permission in SERVICE_PERMISSIONS else "account",
        service=None if service is None else Named(service.id, service.name),
        as_of=as_of(when),
        operations=_operations(state, subject, permission),
    )


def ids_of(somebody: Somebody) -> list[str]:
    """The user and the token whose rows an answer about somebody needs."""
    return [one for one in (somebody.id, somebody.user_id) if one]


def as_of(when: Moment) -> AsOf:
    """A moment, as it is told."""
    return AsOf(when.sequence, shown(when.at))


def _operations(state: State, subject: Subject, permission: str) -> list[str]:
    """What the subject's key can call with a permission, in whatever form it is held."""
    plain = permission.partition(":")[0]
    asking = (
        row
        for row in TABLE
        if (row.allow.permission or row.allow.widened or "").partition(":")[0] == plain
    )
    is_reading = "global" not in grants_of(revived(state, subject), subject).scopes
    is_program = state.is_automation(subject.id)
    return sorted(
        f"{row.method} {row.path}"
        for row in asking
        # No program proves by a password that it is there still.
        if not ((row.writes and is_reading) or (row.allow.sudo and is_program))
    )


def _without_others(call: Reading, verdict: Verdict) -> Verdict:
    """An answer for who must not learn what groups there are, nor the account's settings.

    Nor services that he cannot see, nor roles of the customer's own, if he may not read these.
    """
    sees_roles = decide(call.principal.grants, "role.read").allowed
    held = rights(call.principal.grants)
    return msgspec.structs.replace(
        verdict,
        ways=[_as_seen(way, held) for way in verdict.ways],
        remedies=[
            remedy
            for remedy in verdict.remedies
            if all(_is_known(step, sees_roles=sees_roles) for step in remedy.steps)
        ],
        policies=[msgspec.structs.replace(one, value="") for one in verdict.policies],
    )


def _as_seen(way: Way, held: Rights) -> Way:
    if way.services is None or way.services == "*":
        return way
    return msgspec.structs.replace(way, services=[one for one in way.services if held.sees(one)])


def _is_known(step: Step, *, sees_roles: bool) -> bool:
    names_own_role = bool(step.role_id) and step.role_id not in ROLE_OF_ID
    return step.measure not in _OTHERS_GROUPS and (sees_roles or not names_own_role)


def known_permission(text: str | None) -> str:
    """A permission, in one of its forms. Raises Problem 400."""
    if not text:
        raise bad_request("permission is required")
    if text not in FORMS:
        detail = f"There is no permission '{text}'"
        raise bad_request(detail)
    return text


async def known_service(call: Reading, permission: str, text: str | None) -> Known | None:
    """The service asked about, if there is one. Raises Problem 400, 404."""
    if not text:
        return None
    if permission not in SERVICE_PERMISSIONS:
        detail = f"The permission {permission} is held on the account, not on single services"
        raise bad_request(detail)
    service = await names.find_service(call, text)
    if (
        not sees_others(call)
        and not decide(call.principal.grants, "service.read", service.id).allowed
    ):
        raise not_found("service", text)
    return service


async def _subject(call: Reading, asked: Asked) -> Somebody:
    """Who is asked about. Raises Problem 400, 403, 404."""
    if asked.user and asked.token:
        raise bad_request("Either user or token can be asked about, not both")
    if asked.user:
        return await _user(call, asked.user)
    token_id = asked.token or call.principal.token_id
    if not token_id or (call.principal.kind == "operator" and not asked.token):
        raise bad_request("user or token is required")
    return await token_somebody(call, token_id)


async def _user(call: Reading, text: str) -> Somebody:
    principal = call.principal
    is_self = principal.is_person and (
        text == principal.user_id or login_key(text) == login_key(principal.login)
    )
    if not is_self and not sees_others(call):
        raise not_authorized(ABOUT_OTHERS)
    user = await names.find_user(call, text)
    return Somebody("user", user.id, user.name, user.login)


async def token_somebody(call: Reading, token_id: str) -> Somebody:
    """A token, for who may ask about it. Raises Problem 403, 404."""
    made = await names.token_as_made(call, token_id)
    user_id = None if made is None or made["kind"] == "automation" else made["user_id"]
    is_own = token_id == call.principal.token_id or (
        user_id is not None and user_id == call.principal.user_id
    )
    if not is_own and not (
        sees_others(call) and decide(call.principal.grants, "token.read_all").allowed
    ):
        # Whether there is such a token is not his to know either.
        raise not_authorized("token.read_all")
    if made is None:
        raise not_found("token", token_id)
    token = (await names.tokens(call, [token_id])).get(token_id, Known(token_id, ""))
    if user_id is None:
        return Somebody("automation", token_id, token.name)
    user = (await names.users(call, [user_id])).get(user_id, Known(user_id, ""))
    return Somebody("token", token_id, token.name, user.login, user_id)
