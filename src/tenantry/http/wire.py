"""The dialects: what an area takes, answers, and how it refuses (contract: protocol §5, §8).

Refusals of the gateway (401, 403, 405, 415, 429) are told in the legacy shape in every area,
because they come from one door and that is where clients look for them (contract: protocol §3, §5).
"""

from collections.abc import Callable
from html import escape
from http import HTTPStatus
from typing import Any

import msgspec

from tenantry.core.errors import Problem
from tenantry.http.message import Response

JSON = "application/json"
JSON_API = "application/vnd.api+json"
PROBLEM_JSON = "application/problem+json"
HTML = "text/html; charset=utf-8"
FORM = "application/x-www-form-urlencoded"

CONSOLE = "/_tenantry/console"
"""Under which the pages of the console stand, which no program calls."""

_GATEWAY = frozenset({401, 403, 405, 415, 429})
_CODES = {422: "unprocessable_entity", 429: "rate_limited"}
"""Words for programs that are not the status's own phrase in every version of Python."""
_OAUTH = {429: "temporarily_unavailable", 500: "server_error", 503: "temporarily_unavailable"}
_encode = msgspec.json.Encoder().encode


class Wire(msgspec.Struct, frozen=True):
    """One dialect."""

    name: str
    content_type: str
    takes_forms: bool
    refuse: Callable[[Problem], Response]
    ending: bytes = b""
    """What stands behind the JSON of a success."""

    def problem(self, problem: Problem) -> Response:
        """A refusal as this dialect tells it."""
        if problem.status in _GATEWAY and self.name not in {"billing", "oauth", "page"}:
            return _legacy(problem)
        return self.refuse(problem)

    def success(self, status: int, body: Any) -> Response:
        """An answer; None is none."""
        if body is None:
            return Response(status)
        return Response(status, _encode(body) + self.ending, self.content_type)


def _document(content_type: str, problem: Problem, body: dict[str, Any]) -> Response:
    return Response(problem.status, _encode(body), content_type, problem.headers)


def _legacy(problem: Problem) -> Response:
    body: dict[str, Any] = {"msg": problem.title}
    if problem.detail is not None:
        body["detail"] = problem.detail
    if problem.code is not None:
        body["code"] = problem.code
    return _document(JSON, problem, body)


def _json_api(problem: Problem) -> Response:
    error = {
        "title": problem.title,
        "detail": problem.detail or problem.title,
        "status": str(problem.status),
    }
    return _document(JSON_API, problem, {"errors": [error]})


def _problem_details(problem: Problem, errors: list[dict[str, str]] | None = None) -> Response:
    body: dict[str, Any] = {
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail or "",
        "errors": errors,
    }
    if problem.code is not None:
        body["code"] = problem.code
    return _document(PROBLEM_JSON, problem, body)


def _problem_with_errors(problem: Problem) -> Response:
    error = {"title": problem.title, "detail": problem.detail or problem.title}
    return _problem_details(problem, [error])


def _code(status: int) -> str:
    return HTTPStatus(status).phrase.lower().replace(" ", "_")


def _billing(problem: Problem) -> Response:
    """Strings throughout; the title is the whole sentence, because clients show nothing else."""
    body = {
        "type": "about:blank",
        "title": problem.detail or problem.title,
        "code": problem.code or _CODES.get(problem.status) or _code(problem.status),
        "status": str(problem.status),
    }
    if problem.status in _GATEWAY:
        body["msg"] = problem.title
    return _document(JSON, problem, body)


def _billing_of_customer(problem: Problem) -> Response:
    return _legacy(problem) if problem.status == HTTPStatus.NOT_FOUND else _billing(problem)


def _stats(problem: Problem) -> Response:
    message = problem.detail or problem.title
    return _document(JSON, problem, {"status": "error", "meta": {}, "msg": message, "data": {}})


def _page(problem: Problem) -> Response:
    title, detail = escape(problem.title), escape(problem.detail or "")
    text = f"<!doctype html><html lang=en><title>{title}</title><h1>{title}</h1><p>{detail}</p>"
    return Response(problem.status, text.encode(), HTML, problem.headers)


def _oauth(problem: Problem) -> Response:
    told = {
        "error": problem.code or _OAUTH.get(problem.status, "invalid_request"),
        "error_description": problem.detail or problem.title,
    }
    return _document(JSON, problem, told)


LEGACY = Wire("legacy", JSON, takes_forms=True, refuse=_legacy)
"""Customers, users, contacts, tokens, services: forms or JSON in, JSON out."""

CLASSIC = Wire("classic", JSON_API, takes_forms=False, refuse=_legacy)
"""Stars, service authorizations, invitations: JSON:API that refuses in the legacy shape."""

RESOURCE = Wire("resource", JSON_API, takes_forms=False, refuse=_json_api)
"""Events, billing addresses: JSON:API throughout."""

PLAIN = Wire("plain", JSON, takes_forms=False, refuse=_problem_details)
"""Automation tokens, roles, groups: JSON that refuses with problem details (RFC 9457)."""

PLAIN_ERRORS = Wire("plain", JSON, takes_forms=False, refuse=_problem_with_errors)
"""The one among them whose clients look into `errors` (contract: identity §7.5)."""

BILLING = Wire("billing", JSON, takes_forms=False, refuse=_billing)
"""Invoices, customer addresses, usage metrics: JSON that refuses in words (contract: billing §3.5).

What the gateway refuses bears the legacy `msg` as well.
"""

BILLING_OF_CUSTOMER = Wire("billing", JSON, takes_forms=False, refuse=_billing_of_customer)
"""The same under a customer's id: another's is not found as it is everywhere, in the legacy shape
(contract: billing §0).
"""

STATS = Wire("stats", JSON, takes_forms=False, refuse=_stats, ending=b"\n")
"""Statistics: refusals have the members of an answer (contract: billing §6.1)."""

PAGE = Wire("page", HTML, takes_forms=True, refuse=_page)
"""Pages for people's browsers: an operation makes its own Response, refusals are bare pages."""


OAUTH = Wire("oauth", JSON, takes_forms=True, refuse=_oauth)
"""Where programs redeem what a sign-in gave them: OAuth's own refusals (RFC 6749 §5.2)."""


def at(path: str) -> Wire:
    """The dialect in which an address is refused that serves nothing."""
    if path.startswith(CONSOLE):
        return PAGE
    return BILLING if path.startswith("/billing/v3/") else LEGACY
