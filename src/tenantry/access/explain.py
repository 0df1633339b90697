"""Why somebody may or may not do something, with everything that led to it (pure).

The ways by which a permission is held are `decide.sources`, the verdict is `decide.decide`: what
explains is what enforces.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from tenantry.access.decide import Source, decide, sources
from tenantry.access.history import Change, State
from tenantry.access.remedies import confers, remedies
from tenantry.access.verdict import Named, Obstacle, Policy, Question, Status, Subject, Verdict, Way
from tenantry.core.addresses import EVERYWHERE
from tenantry.core.context import Grants
from tenantry.core.permissions import ROLE_IDS

if TYPE_CHECKING:
    from tenantry.access.comparison import Everywhere


_HOPELESS = frozenset(
    {"customer_closed", "people_only", "service_missing", "token_missing", "user_missing"}
)
"""What no change to anybody's rights mends."""


def _is_hopeless(obstacles: list[Obstacle]) -> bool:
    return any(one.reason in _HOPELESS for one in obstacles)


def explain(state: State, question: Question) -> Verdict:
    """Answer a question as of a state, with reasons."""
    dead = list(_deaths(state, question.subject))
    # Of who is shut out, it is still told what he would hold.
    grants = grants_of(revived(state, question.subject), question.subject)
    ways = list(ways_of(state, grants, question))
    obstacles = dead
    if not (_is_hopeless(dead) or is_held(state, grants, question)):
        obstacles = dead + _obstacles(state, grants, question)
    is_mendable = bool(obstacles) and not _is_hopeless(obstacles)
    forms = (one for one in question.family if is_held(state, grants, question, one))
    return Verdict(
        allowed=not obstacles,
        status=_status(state, grants, question, dead) if obstacles else 200,
        summary=_sentence(question, ways, obstacles),
        held=[] if dead else sorted(forms),
        ways=ways,
        obstacles=obstacles,
        policies=list(_policies(state, question)),
        remedies=remedies(state, grants, question) if is_mendable else [],
    )


def _status(state: State, grants: Grants, question: Question, dead: list[Obstacle]) -> Status:
    """What a refused call is answered."""
    if dead:
        return 401
    on = question.service_id
    if on is None:
        return 403
    is_there = state.row("service", on) is not None
    is_seen = decide(grants, question.permission, on).reason != "out_of_sight"
    return 403 if is_there and is_seen else 404


def _sentence(question: Question, ways: list[Way], obstacles: list[Obstacle]) -> str:
    if obstacles:
        return " ".join(("Refused.", *(one.summary for one in obstacles)))
    giving = dict.fromkeys(one.summary for one in ways if question.permission in one.permissions)
    return f"Allowed by {', and by '.join(giving)}."


def grants_of(state: State, subject: Subject) -> Grants:
    """What the subject holds."""
    if subject.kind == "user":
        return state.grants_of_user(subject.id)
    return state.grants_of_token(subject.id)


def is_held(
    state: State, grants: Grants, question: Question, permission: str | None = None
) -> bool:
    """Whether the subject has the use of it with these grants, on a service that is there."""
    on = question.service_id
    if on is not None and state.row("service", on) is None:
        return False
    is_program = state.is_automation(question.subject.id)
    return decide(grants, permission or question.permission, on, is_program=is_program).allowed


def user_behind(state: State, subject: Subject) -> str | None:
    """The user whose rights count; None for an automation token, or one that is not there."""
    if subject.kind == "user":
        return subject.id
    token = state.row("token", subject.id)
    if token is None or token["kind"] == "automation":
        return None
    user_id: str = token["user_id"]
    return user_id


def revived(state: State, subject: Subject) -> State:
    """The state in which neither lock nor expiry keeps the subject out."""
    changes = []
    user_id = user_behind(state, subject)
    user = state.row("user", user_id or "")
    if user is not None and user["locked"]:
        changes.append(Change("user", user_id or "", {**user, "locked": False}))
    token = state.row("token", subject.id) if subject.kind == "token" else None
    if token is not None and state.is_expired(token):
        changes.append(Change("token", subject.id, {**token, "expires_at": None}))
    return state.changed(changes) if changes else state


def _deaths(state: State, subject: Subject) -> Iterator[Obstacle]:
    """What makes every key of the subject's worthless (contract: access §9.6, step 1)."""
    if state.is_closed:
        yield Obstacle("customer_closed", "The account is closed.")
    token = state.row("token", subject.id)
    if subject.kind == "token" and token is None:
        yield Obstacle("token_missing", "The token is not there.")
    elif token is not None and state.is_expired(token):
        yield Obstacle("token_expired", "The token has expired.")
    user_id = user_behind(state, subject)
    user = state.row("user", user_id or "")
    if user_id is not None and user is None:
        yield Obstacle("user_missing", "The user is not there.")
    elif user is not None and user["locked"]:
        yield Obstacle("user_locked", "The user is locked.")


def ways_of(state: State, grants: Grants, question: Question) -> Iterator[Way]:
    """The ways by which these grants hold the permission, in any form."""
    for source in sources(grants):
        if is_source(source, question):
            yield _way(state, source, question)


def is_source(source: Source, question: Question) -> bool:
    """Whether a source confers a form of the permission, where it is asked for."""
    return confers(source, question, question.family)


def _way(state: State, source: Source, question: Question) -> Way:
    services: list[str] | Everywhere | None = None
    if question.is_of_service:
        services = "*" if source.services is None else sorted(source.services)
    role = role_named(state, source.role)
    group = None if source.group is None else named(state, "user_group", source.group)
    service_group = None
    words = f"the role {role.name}"
    if group is not None:
        words += f" in the user group {group.name}"
    if source.service_group is not None:
        service_group = named(state, "service_group", source.service_group)
        words += f" for the service group {service_group.name}"
    if source.authorization is not None:
        words += f" through the service authorization {source.authorization}"
    permissions = sorted(source.permissions & question.family)
    return Way(role, permissions, services, group, service_group, source.authorization, words)


def named(state: State, kind: str, row_id: str) -> Named:
    """A role of the customer's own or a group, by its name of then."""
    row = state.row(kind, row_id)
    return Named(row_id, row_id if row is None else row["name"])


def role_named(state: State, role: str) -> Named:
    """A role, as `Grants` name it."""
    return Named(ROLE_IDS[role], role) if role in ROLE_IDS else named(state, "role", role)


def _obstacles(state: State, grants: Grants, question: Question) -> list[Obstacle]:
    on = question.service_id
    if on is not None and state.row("service", on) is None:
        return [Obstacle("service_missing", f"There is no service {on}.")]
    is_program = state.is_automation(question.subject.id)
    decision = decide(grants, question.permission, on, is_program=is_program)
    if decision.reason == "people_only":
        return [Obstacle("people_only", "It is for people: no automation token may do it.")]
    found = list(_on_token(grants, question))
    held = [one for one in sources(grants) if is_source(one, question)]
    if not any(question.permission in one.permissions for one in held):
        found.append(_missing(grants, question, held))
    elif not found and decision.reason == "out_of_sight":
        which = "The service is" if on is not None else "Each service is"
        summary = f"{which} out of sight: service.read is not held on it."
        found.append(Obstacle("out_of_sight", summary))
    elif not found:
        # It is held on services, but on none of those in the token's list.
        found.append(_OTHER_SERVICES)
    return found


_OTHER_SERVICES = Obstacle("token_services", "The token is limited to other services.")


def _on_token(grants: Grants, question: Question) -> Iterator[Obstacle]:
    # A superuser with this token's scope lacks nothing but what the scope takes away.
    anything = Grants(roles=frozenset({"superuser"}), scopes=grants.scopes)
    if not decide(anything, question.permission, question.service_id).allowed:
        scopes = " ".join(sorted(grants.scopes)) or "empty"
        yield Obstacle("token_scope", f"The token's scope, {scopes}, does not cover it.")
    on = question.service_id
    is_listed = on is None or on in grants.token_services
    if grants.token_limited and question.is_of_service and not is_listed:
        yield _OTHER_SERVICES


def _missing(grants: Grants, question: Question, held: list[Source]) -> Obstacle:
    """Why no source confers it."""
    if held:
        forms = sorted(frozenset[str]().union(*(one.permissions for one in held)) & question.family)
        return Obstacle("form", f"It is held as {', '.join(forms)} only.")
    unlimited = msgspec.structs.replace(grants, limit_services=False)
    withheld = [
        one
        for one in sources(unlimited)
        if is_source(one, question) and question.permission in one.permissions
    ]
    given = grants.authorizations.get(question.service_id or "")
    if not withheld:
        return Obstacle("missing", "None of the roles held confers it.")
    if given is not None and question.is_of_service:
        summary = f"The service authorization {given} does not let it through."
        return Obstacle("authorization", summary)
    if question.is_of_service:
        summary = "The user is limited to services, and no authorization or group gives this one."
        return Obstacle("user_limit", summary)
    return Obstacle("user_limit", "The role confers it on users who are not limited to services.")


def _policies(state: State, question: Question) -> Iterator[Policy]:
    customer = state.row("customer", state.customer_id)
    if customer is None:
        return
    if customer["ip_whitelist"] != EVERYWHERE:
        summary = "Calls from other addresses are refused with 403."
        yield Policy("ip_whitelist", customer["ip_whitelist"], summary)
    for name in ("force_2fa", "force_sso"):
        if customer[name] and question.permission == "automation_token.manage":
            summary = "While it is on, no automation token can be created."
            yield Policy(name, "true", summary)
