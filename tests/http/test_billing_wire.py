"""How billing v3 refuses: in four strings, and in the legacy word too (contract: billing §3.5)."""

from typing import Any

import msgspec
import pytest

from tenantry.core.errors import Problem, bad_request, not_authorized, unauthenticated
from tenantry.http.wire import BILLING
from tests.http.go_client import shown_errors
from tests.world import ADA, World

REFUSALS: dict[str, tuple[Problem, dict[str, str]]] = {
    "what is wrong": (bad_request("Limit is wrong"), {"title": "Limit is wrong"}),
    "a code of its own": (
        bad_request("There is one", code="address_exists"),
        {"title": "There is one", "code": "address_exists"},
    ),
    "no key": (
        unauthenticated("No such key"),
        {"title": "No such key", "code": "unauthorized", "msg": "No such key"},
    ),
    "not allowed": (
        not_authorized(),
        {
            "title": "You are not authorized to perform this action",
            "code": "forbidden",
            "msg": "You are not authorized to perform this action",
        },
    ),
    "absent": (
        Problem(404, "Invoice not found"),
        {"title": "Invoice not found", "code": "not_found"},
    ),
    "not to be had": (Problem(422, "No"), {"title": "No", "code": "unprocessable_entity"}),
    "too many": (Problem(429, "Wait"), {"title": "Wait", "code": "rate_limited", "msg": "Wait"}),
    "our fault": (Problem(500, "Error"), {"title": "Error", "code": "internal_server_error"}),
}


@pytest.mark.parametrize("what", list(REFUSALS))
def test_a_refusal_is_four_strings(what: str) -> None:
    problem, expected = REFUSALS[what]
    response = BILLING.problem(problem)
    assert (response.status, response.content_type) == (problem.status, "application/json")
    four = {"type": "about:blank", "code": "bad_request", "status": str(problem.status)}
    body: dict[str, Any] = msgspec.json.decode(response.body)
    assert body == four | expected
    assert list(body)[:4] == ["type", "title", "code", "status"]


async def test_an_address_that_serves_nothing_refuses_likewise(world: World) -> None:
    answer = await world.ask(ADA, "GET", "/billing/v3/no-such-thing")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/json")
    assert answer.json() == {
        "type": "about:blank",
        "title": "Not found",
        "code": "not_found",
        "status": "404",
    }
    assert shown_errors(answer)[0].title == "Not found"
    older = await world.ask(ADA, "GET", "/billing/v2/no-such-thing")
    assert older.json() == {"msg": "Not found"}
