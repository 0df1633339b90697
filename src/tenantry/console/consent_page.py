"""Signing in to a program: the page that asks whether it may act for somebody.

Whoever is not signed in, or not as recently as the program wants it, does that first and comes
back. Nobody is let in unasked: what listens on somebody's own machine can be any program (RFC 8252
§8.6), so that the page says who asks, for what, and when to refuse.
"""

from typing import Literal
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import msgspec

from tenantry.areas.realm import asked as requests
from tenantry.areas.realm import consent, programs
from tenantry.areas.realm.asked import Asked
from tenantry.areas.realm.codes import Browser
from tenantry.areas.realm.consent import DECISION, PATH, STAMP
from tenantry.areas.realm.programs import Program
from tenantry.areas.users.sign_in_policy import find_policy
from tenantry.console.frame import page, sign_in_path
from tenantry.core.clock import SECOND, Instant, shown
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import Problem
from tenantry.core.mail_address import address_key
from tenantry.http.body import Body
from tenantry.http.gate import check_address
from tenantry.http.message import Response
from tenantry.http.operation import PUBLIC, operation
from tenantry.http.pages import see_other
from tenantry.http.visit import Visit
from tenantry.http.wire import OAUTH, PAGE

MOST_FIELDS = 200


class Decision(msgspec.Struct):
    """Which button was pressed."""

    decision: Literal["allow", "refuse"] = "refuse"


@operation(f"GET {PATH}", allow=PUBLIC, wire=PAGE)
async def get_consent_page(call: Reading, visit: Visit) -> Response:
    """Ask, once somebody is signed in (RFC 6749 §4.1.1, OpenID Connect §3.1.2)."""
    program, values = _who_asks(visit)
    if programs.is_taken(values["redirect_uri"], call.public_url):
        raise _taken(values["redirect_uri"])
    try:
        asked = requests.checked(values, visit.query.repeated, call.public_url)
        browser = await _browser(call, visit, asked)
        if "none" in asked.prompts:
            raise _silent(browser)
    except Problem as problem:
        return _told(call, visit, values, problem)
    if browser is None:
        return _sign_in(call, visit, asked)
    check_address(call)
    policy = await find_policy(call)
    return page(
        call,
        visit,
        "consent",
        targets=(_target(asked.redirect_uri),),
        program=program,
        listener=urlsplit(asked.redirect_uri).netloc,
        ends=_shown(browser.signed_in_at + policy.session_seconds * SECOND),
        again=_return(call, visit, asked),
        place=f"{DECISION}?{urlencode(_values(visit))}",
        other_login=_other(asked.login_hint, call.principal.login),
        is_other_account=asked.account_hint not in {None, call.customer_id},
    )


class Asking(msgspec.Struct, kw_only=True):
    """What a program asks for, as it does in an address (`asked.checked`)."""

    client_id: str | None = None
    redirect_uri: str | None = None
    response_type: str | None = None
    scope: str | None = None
    audience: str | None = None
    code_challenge: str | None = None
    code_challenge_method: str | None = None
    state: str | None = None
    nonce: str | None = None
    prompt: str | None = None
    max_age: str | None = None
    login_hint: str | None = None


@operation(f"POST {PATH}", allow=PUBLIC, wire=OAUTH)
async def ask_by_form(call: Writing, body: Body[Asking]) -> Response:  # noqa: ARG001 - who asks has yet to sign in
    """Ask by a form (OpenID Connect Core §3.1.2.1), and be sent on to the same page.

    What is sent from another site brings no cookies along; where it is redirected to, it does.
    Raises Problem 400, 415.
    """
    if not body.is_form:
        raise requests.refusal("invalid_request", "the request must be a form")
    try:
        text = body.raw.decode()
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError as problem:
        why = "the form is not valid UTF-8 or has too many fields"
        raise requests.refusal("invalid_request", why) from problem
    return see_other(f"{PATH}?{urlencode(pairs)}")


@operation(f"GET {DECISION}", allow=PUBLIC, wire=PAGE)
async def get_consent_page_again(call: Reading, visit: Visit) -> Response:  # noqa: ARG001 - nothing is told here
    """Back to the page, for who signed in instead of deciding."""
    return see_other(f"{PATH}?{urlencode(_values(visit))}")


@operation(f"POST {DECISION}", allow=PUBLIC, wire=PAGE)
async def decide_consent(call: Writing, body: Body[Decision], visit: Visit) -> Response:
    """Answer the program: with a code, or that it may not."""
    _, values = _who_asks(visit)
    try:
        asked = requests.checked(values, visit.query.repeated, call.public_url)
        browser = await _browser(call, visit, asked)
    except Problem as problem:
        return _told(call, visit, values, problem)
    if browser is None:
        return _sign_in(call, visit, asked)
    check_address(call)
    if body().decision == "allow":
        return see_other(await consent.agree(call, asked, browser))
    return _told(call, visit, values, requests.refusal("access_denied", "the person refused"))


def _who_asks(visit: Visit) -> tuple[Program, dict[str, str]]:
    """The program, and all that it sent. Raises Problem 400 where nobody can be answered."""
    values = _values(visit)
    if {"client_id", "redirect_uri"} & visit.query.repeated:
        raise Problem(400, "Unknown program", "The address that you opened is not well formed.")
    program, _ = programs.checked(values.get("client_id"), values.get("redirect_uri"))
    return program, values


async def _browser(call: Reading, visit: Visit, asked: Asked) -> Browser | None:
    """The session, if it is as recent as the program wants it."""
    browser = await consent.browser_of(call)
    if browser is None:
        return None
    since = consent.asked_at(call.keyring, asked, visit.query.get(STAMP), call.now)
    return browser if asked.is_fresh_enough(browser.signed_in_at, since, call.now) else None


def _taken(redirect_uri: str) -> Problem:
    port = urlsplit(redirect_uri).port or 80
    return Problem(
        409,
        "The program can't be answered",
        f"It listens on port {port} of this computer, and so does this server. Start the server "
        "on another port, and sign in again.",
    )


def _silent(browser: Browser | None) -> Problem:
    """Why nobody is signed in without being asked (OpenID Connect §3.1.2.6)."""
    if browser is None:
        return requests.refusal("login_required", "nobody is signed in")
    return requests.refusal("consent_required", "people are asked each time")


def _told(call: Reading, visit: Visit, values: dict[str, str], problem: Problem) -> Response:
    """A refusal, at the address of the program that was found to be one.

    Programs tell nobody what is wrong with them: what their user can mend, a page says first.
    """
    facts = {"error": problem.code or "server_error", "error_description": problem.detail or ""}
    state = values.get("state")
    place = consent.answer_to(call, values["redirect_uri"], state, **facts)
    if problem.code != "invalid_target":
        return see_other(place)
    asked_for = values.get("audience") or "nothing"
    return page(
        call, visit, "consent_audience", 400, place=place, asked_for=asked_for, ours=call.public_url
    )


def _sign_in(call: Reading, visit: Visit, asked: Asked) -> Response:
    """Have somebody sign in, and come back."""
    place = sign_in_path(_return(call, visit, asked))
    if call.principal.kind == "session":
        return see_other(f"{place}&why=confirm")
    hint = asked.login_hint
    return see_other(f"{place}&login={quote(hint, safe='')}" if hint else place)


def _values(visit: Visit) -> dict[str, str]:
    return {name: visit.query.get(name) or "" for name in visit.query}


def _return(call: Reading, visit: Visit, asked: Asked) -> str:
    """Where this same page is, for who signs in from now on."""
    stamp = consent.stamped(call.keyring, asked, call.now)
    return f"{PATH}?{urlencode(_values(visit) | {STAMP: stamp})}"


def _shown(instant: Instant) -> str:
    return f"{shown(instant)[:16].replace('T', ' ')} UTC"


def _other(hint: str | None, login: str) -> str:
    """Whom the program expects, where that is somebody else."""
    return hint if hint and address_key(hint) != address_key(login) else ""


def _target(redirect_uri: str) -> str:
    """What the page's policy of forms must name, so that its answer may lead there."""
    parts = urlsplit(redirect_uri)
    # It has no way of writing IPv6 addresses (Content Security Policy 3 §2.3.1).
    return "http:" if ":" in (parts.hostname or "") else f"http://{parts.netloc}"
