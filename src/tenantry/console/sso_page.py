"""Signing in through one's own company: to its provider, and back from there.

What comes back is believed only in the browser that was sent, once, and within ten minutes; what a
provider sends unasked is not (RFC 9700 §4.7).
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

from tenantry.areas.federation import authorizing, domains, guessing, model, people, redeeming
from tenantry.areas.federation import issuer as issuers
from tenantry.areas.federation.authorizing import CALLBACK, PURPOSE
from tenantry.areas.federation.fetching import Failed
from tenantry.areas.federation.id_token import SKEW, Claims, asked_at
from tenantry.areas.federation.people import Stranger
from tenantry.areas.federation.provider import ProviderRow
from tenantry.areas.federation.redeeming import Returned
from tenantry.areas.realm import consent
from tenantry.areas.users import signing_in, steps
from tenantry.areas.users.sessions import FRESH
from tenantry.areas.users.sign_in_policy import find_policy
from tenantry.areas.users.signing_in import Arrival
from tenantry.console.entry import STEP_SECONDS, answer, arrive
from tenantry.console.frame import checked_path, page
from tenantry.core.clock import SECOND, Instant
from tenantry.core.context import Reading, Writing
from tenantry.http.body import Body
from tenantry.http.cookies import STEP
from tenantry.http.message import Response
from tenantry.http.operation import PUBLIC, Credentials, operation
from tenantry.http.visit import Visit
from tenantry.http.wire import PAGE

PATH = "/_tenantry/console/sso"

_ANSWER = frozenset({"code", "error", "iss", "state"})
"""What a provider answers, each once (RFC 6749 §3.1)."""
_UNKNOWN = "No single sign-on is set up for this address. Check it, or sign in with your password."
_STALE = (
    "This sign-in is not under way in this browser: it was finished already, took too long, or "
    "was begun elsewhere."
)
_LONG_AGO = (
    "Your identity provider asked you too long ago who you are: sign out there, and come again."
)
_NOT_ASKED = (
    "The program wants you to prove anew who you are, and your identity provider did not ask you: "
    "sign out there, and come again."
)
_UNTOLD = (
    "The program wants to know how lately you proved who you are, and your identity provider does "
    "not say."
)


class _NotLately(Stranger):
    """Somebody is vouched for, and has to come again: nobody guesses so."""


class SsoForm(msgspec.Struct):
    """The address by which the company is found; and which of its providers, if it has several."""

    login: str = ""
    next: str = ""
    identity_provider_id: str = ""


class Start(msgspec.Struct, frozen=True):
    """Where to send a browser, or why it is not sent."""

    arrival: Arrival
    providers: list[ProviderRow]
    found: issuers.Metadata | None = None
    problem: str = ""


@operation(f"GET {PATH}", allow=PUBLIC, wire=PAGE)
async def get_sso_page(call: Reading, visit: Visit) -> Response:
    """The form that asks for the mail address."""
    next_path = checked_path(visit.query.get("next"))
    login = visit.query.get("login") or ""
    return page(call, visit, "sso", next_path=next_path, login=login, problem="", providers=[])


async def look_up(
    call: Reading, body: Body[SsoForm], _credentials: Credentials, visit: Visit
) -> Start:
    """Find the provider, and what it says of itself. Raises Problem 400, 429."""
    form = body()
    arrival = arrive(call, visit, checked_path(form.next))
    await guessing.check(call)
    customer_id = await domains.leads_to(call, form.login.strip())
    if customer_id is None:
        return Start(arrival, [], problem=_UNKNOWN)
    call.customer_id = customer_id
    enabled = [row for row in await model.list_all(call) if row.is_enabled]
    chosen = [row for row in enabled if form.identity_provider_id in {"", row.id}]
    if len(chosen) != 1:
        return Start(arrival, chosen, problem="" if chosen else _UNKNOWN)
    try:
        return Start(arrival, chosen, await issuers.discover(call, chosen[0].issuer))
    except Failed as failure:
        problem = f"{chosen[0].name} can't be used at the moment: its server {failure}."
        return Start(arrival, [], problem=problem)


@operation(f"POST {PATH}", allow=PUBLIC, wire=PAGE, prepare=look_up)
async def begin_sso(call: Writing, body: Body[SsoForm], visit: Visit, evidence: Start) -> Response:
    """Send the browser to the provider of its company."""
    form, arrival = body(), evidence.arrival
    if arrival.old is not None and arrival.old.customer_id != call.customer_id:
        call.principal = arrival.old
        return page(call, visit, "signed_in", 409, next_path=arrival.next_path)
    if evidence.found is None:
        call.principal = arrival.old or call.principal
        return page(
            call,
            visit,
            "sso",
            400 if evidence.problem else 200,
            next_path=arrival.next_path,
            login=form.login.strip(),
            problem=evidence.problem,
            providers=evidence.providers,
        )
    (row,) = evidence.providers
    facts = authorizing.facts_of(row, arrival.next_path)
    secret = await steps.open_step(call, PURPOSE, "", facts)
    asking = await _asking(call, form.login.strip(), arrival)
    place = authorizing.location(call, row, evidence.found, secret, asking)
    step = visit.keep(STEP, secret, seconds=STEP_SECONDS)
    host = urlsplit(place).netloc
    # A page, not a redirect: what follows a form may not leave this server (form-action).
    response = page(call, visit, "sso_onward", place=place, name=row.name, host=host)
    response.headers += (step,)
    return response


async def _asking(call: Reading, address: str, arrival: Arrival) -> authorizing.Asking:
    program = consent.waiting(call, arrival.next_path)
    is_anew = arrival.old is not None or (program is not None and program.asked.is_anew)
    # Where nobody was seen here for so long, whoever sits there is not let in unasked.
    longest = FRESH // SECOND if is_anew else (await find_policy(call)).idle_seconds
    if program is not None and program.asked.max_age is not None:
        longest = min(longest, program.asked.max_age)
    return authorizing.Asking(address, is_anew, longest)


class Received(msgspec.Struct, frozen=True):
    """What came back, as far as it is believed."""

    arrival: Arrival
    provider: ProviderRow | None = None
    claims: Claims | None = None
    problem: str = _STALE


async def receive(
    call: Reading,
    _body: None,
    _credentials: Credentials,
    visit: Visit,
    identity_provider_id: str,
) -> Received:
    """Redeem what the provider sent. Raises Problem 429."""
    secret = visit.cookie(STEP)
    arrival = arrive(call, visit)
    await guessing.check(call)
    step = await steps.find_step(call, PURPOSE, secret)
    query = {name: visit.query.get(name) or "" for name in visit.query}
    returned = Returned(secret, query)
    is_clear = _ANSWER.isdisjoint(visit.query.repeated)
    if step is None or not is_clear or not redeeming.is_answer(call, returned):
        return Received(arrival)
    arrival = Arrival(step.facts["next"], arrival.device, arrival.old)
    provider = await _asked(call, step.facts, identity_provider_id)
    if provider is None:
        return Received(arrival)
    try:
        return Received(arrival, provider, await redeeming.redeem(call, provider, returned))
    except Failed as failure:
        problem = f"{provider.name} {failure}."
        return Received(arrival, provider, problem=problem)


async def _asked(call: Reading, facts: Mapping[str, str], provider_id: str) -> ProviderRow | None:
    """The provider that was asked, if it still is what it was then, and it was this one."""
    for row in await model.list_all(call):
        is_same = authorizing.facts_of(row, facts["next"]) == facts
        if row.id == provider_id and is_same and row.is_enabled:
            return row
    return None


@operation(
    f"GET {CALLBACK}/{{identity_provider_id}}",
    allow=PUBLIC,
    wire=PAGE,
    prepare=receive,
    writes=True,
)
async def complete_sso(call: Writing, visit: Visit, evidence: Received) -> Response:
    """Sign in whom the provider vouches for; what it sent works once."""
    arrival, provider = evidence.arrival, evidence.provider
    if provider is None or await steps.take_step(call, PURPOSE, visit.cookie(STEP)) is None:
        # The step stays: a link of a stranger's must not end what is under way.
        return _failed(call, visit, arrival, _STALE)
    if arrival.old is not None and arrival.old.customer_id != call.customer_id:
        call.principal = arrival.old
        return page(call, visit, "signed_in", 409, next_path=arrival.next_path)
    problem, is_guess = evidence.problem, True
    if evidence.claims is not None and await _asked(
        call, authorizing.facts_of(provider, ""), provider.id
    ):
        try:
            proved_at = await _proved_at(call, evidence.claims, arrival.next_path)
            user = await people.admit(call, provider, evidence.claims)
            arrival = msgspec.structs.replace(arrival, proved_at=proved_at)
            proved = await signing_in.proceed(call, user.id, [signing_in.SSO], arrival)
            return answer(call, visit, proved)
        except Stranger as stranger:
            problem, is_guess = str(stranger), not isinstance(stranger, _NotLately)
    if is_guess:
        await guessing.count(call)
    await people.note_failure(call, provider, problem)
    response = _failed(call, visit, arrival, problem)
    response.headers += (visit.drop(STEP),)
    return response


async def _proved_at(call: Reading, claims: Claims, next_path: str) -> Instant | None:
    """When he was asked who he is, as far as that is told. Raises _NotLately if it is too long ago.

    The session begins then: it would be over before it began, or too old for a program that waits.
    Many providers never tell, and are believed where a program names no age: browsers can take out
    of an address what makes others tell.
    """
    program = consent.waiting(call, next_path)
    proved_at = asked_at(claims, call.now)
    if proved_at is None:
        if program is not None and program.asked.max_age is not None:
            raise _NotLately(_UNTOLD)
        return None
    longest = (await find_policy(call)).session_seconds * SECOND
    if call.now >= proved_at + longest:
        raise _NotLately(_LONG_AGO)
    if program is None or program.asked.is_fresh_enough(proved_at, program.since, call.now):
        return proved_at
    if proved_at < program.since - SKEW * SECOND:
        raise _NotLately(_NOT_ASKED)
    # That clock is a little slow: he was asked after the program asked.
    return program.since


def _failed(call: Reading, visit: Visit, arrival: Arrival, problem: str) -> Response:
    next_path = arrival.next_path
    return page(call, visit, "sso_failed", 400, problem=problem, next_path=next_path)
