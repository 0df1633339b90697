"""The OpenAPI document: it is valid, it is whole, and answers are what it says."""

import subprocess
import sys
from typing import Any

import httpx
import msgspec
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from tenantry.app import operations
from tenantry.http.openapi import document
from tenantry.http.openapi_schemas import told
from tenantry.http.operation import TABLE, Operation
from tests.table import CALLED
from tests.world import ADA, BEN, BOT, EVE, PASSWORD, UMA, WIDGETS, WWW, Person, World

URL = "https://accounts.example.com"
PROGRAM = f"""
import sys
from tenantry.app import operations
from tenantry.http.openapi import document
import msgspec
sys.stdout.buffer.write(msgspec.json.encode(document(operations(), {URL!r})))
"""


def read(table: list[Operation]) -> Any:
    """The document about these operations, as a reader gets it."""
    return msgspec.json.decode(msgspec.json.encode(document(table, URL)))


@pytest.fixture(scope="module")
def whole() -> Any:
    """The document about every operation."""
    return read(operations())


def operation_of(document: Any, row: Operation) -> Any:
    """The Operation Object of a row."""
    return document["paths"][row.path][row.method.lower()]


def schema_errors(whole: Any, schema: Any, value: Any) -> list[str]:
    """What is wrong with a value, members that no schema names included."""
    named = {
        name: {**one, "additionalProperties": False} if "properties" in one else one
        for name, one in whole["components"]["schemas"].items()
    }
    validator = Draft202012Validator({**schema, "components": {"schemas": named}})
    return [error.message for error in validator.iter_errors(value)]


def documented(whole: Any, row: Operation, status: int) -> Any:
    """The Response Object for a status, references followed."""
    responses = operation_of(whole, row)["responses"]
    response = responses.get(str(status), responses["default"])
    if "$ref" in response:
        response = whole["components"]["responses"][response["$ref"].rpartition("/")[2]]
    return response


def check(whole: Any, row: Operation, answer: httpx.Response) -> None:
    """Refuse an answer that the document does not describe."""
    response = documented(whole, row, answer.status_code)
    for name in ("Fastly-RateLimit-Remaining", "Fastly-RateLimit-Reset", "X-Request-Id"):
        assert name not in answer.headers or name in response["headers"]
    if "content" not in response:
        assert answer.content == b""
        return
    if "*/*" in response["content"]:
        return
    content_type = answer.headers["content-type"]
    value = answer.json() if "json" in content_type else answer.text
    errors = schema_errors(whole, response["content"][content_type]["schema"], value)
    assert errors == [], f"{row.name}: {errors} in {answer.text[:300]}"


def test_it_is_valid(whole: Any) -> None:
    assert whole["openapi"].startswith("3.1.")
    assert whole["servers"] == [{"url": URL}]
    assert list(OpenAPIV31SpecValidator(whole).iter_errors()) == []


async def test_it_is_served_to_everybody(world: World, whole: Any) -> None:
    answer = await world.ask(None, "GET", "/openapi.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == whole
    assert (await world.ask(None, "GET", "/openapi.json")).content == answer.content


def test_it_covers_the_whole_table(whole: Any) -> None:
    rows = list(CALLED.values())
    declared = [(path, method) for path, item in whole["paths"].items() for method in item]
    assert sorted(declared) == sorted((row.path, row.method.lower()) for row in rows)
    tags = [tag["name"] for tag in whole["tags"]]
    assert tags == sorted(set(tags))
    for row in rows:
        told_of = operation_of(whole, row)
        assert told_of["operationId"] == row.name
        assert told_of["summary"]
        assert not told_of["summary"].endswith(".")
        assert told_of["tags"][0] in tags


def test_every_description_says_something(whole: Any) -> None:
    for row in CALLED.values():
        for parameter in operation_of(whole, row)["parameters"]:
            assert parameter["description"].strip(), (row.name, parameter["name"])
    for name, schema in whole["components"]["schemas"].items():
        for field, one in schema.get("properties", {}).items():
            assert one.get("description", "said").strip(), (name, field)
    for tag in whole["tags"]:
        assert tag["description"].strip(), tag["name"]


def test_sources_of_rules_are_left_out(whole: Any) -> None:
    text = msgspec.json.encode(whole).decode()
    assert "(contract" not in text
    assert told("One's own token (contract: identity §6.3); others are absent.") == (
        "One's own token; others are absent."
    )


def test_a_path_has_one_spelling() -> None:
    """OpenAPI takes two templates that differ in their parameters' names for the same path."""
    spellings: dict[str, str] = {}
    for row in CALLED.values():
        shape = "/".join("{}" if part[:1] == "{" else part for part in row.path.split("/"))
        assert spellings.setdefault(shape, row.path) == row.path


def test_two_processes_write_the_same() -> None:
    def written(seed: str) -> bytes:
        program = [sys.executable, "-c", PROGRAM]
        done = subprocess.run(
            program, capture_output=True, check=True, timeout=60, env={"PYTHONHASHSEED": seed}
        )
        return done.stdout

    assert written("1") == written("2")


EXCHANGES = (
    (ADA, "GET", "/current_user", 200),
    (UMA, "GET", f"/user/{ADA.id}", 200),
    (ADA, "GET", f"/customer/{WIDGETS}/users", 200),
    (UMA, "GET", "/current_customer", 200),
    (ADA, "GET", f"/customer/{WIDGETS}", 200),
    (ADA, "GET", "/tokens", 200),
    (BOT, "GET", "/tokens/self", 200),
    (BEN, "GET", "/verify", 200),
    (None, "GET", "/_health/live", 200),
    (None, "GET", "/realms/fastly/.well-known/openid-configuration", 200),
    (EVE, "GET", f"/user/{ADA.id}", 404),
    (None, "GET", "/current_user", 401),
    (UMA, "DELETE", f"/user/{BEN.id}", 403),
    (BEN, "DELETE", "/tokens/self", 204),
    (ADA, "POST", f"/user/{BEN.login}/password/request_reset", 200),
    (ADA, "GET", "/automation-tokens", 200),
    (ADA, "GET", f"/automation-tokens/{BOT.token_id}", 200),
    (ADA, "GET", "/automation-tokens?page=none", 400),
    (UMA, "POST", "/automation-tokens", 403),
)

KNOWN = {
    "customer_id": WIDGETS,
    "user_id": ADA.id,
    "user_login": ADA.login,
    "token_id": ADA.token_id,
    "service_id": WWW,
}
"""What Ada can name of hers; of anything else she names what there is not."""
ABSENT = "7ExampleRecord00000000"


def _filled(row: Operation) -> str:
    parts = (part[1:-1] if part[:1] == "{" else None for part in row.path.split("/"))
    names = {name: KNOWN.get(name, ABSENT) for name in parts if name is not None}
    return row.path.format_map(names)


async def test_every_read_is_as_documented(world: World, whole: Any) -> None:
    for row in CALLED.values():
        if row.method == "GET":
            check(whole, row, await world.ask(ADA, "GET", _filled(row)))


async def test_every_garbled_body_is_refused_as_documented(world: World, whole: Any) -> None:
    for row in CALLED.values():
        if row.takes is not None:
            headers = {"content-type": "application/json"}
            answer = await world.ask(
                ADA, row.method, _filled(row), headers=headers, content=b'{"name": '
            )
            assert answer.status_code in {400, 403, 404}, (row.name, answer.text)
            check(whole, row, answer)


@pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda one: f"{one[1]} {one[2]} {one[3]}")
async def test_answers_are_as_documented(
    world: World, whole: Any, exchange: tuple[Person | None, str, str, int]
) -> None:
    who, method, path, status = exchange
    answer = await world.ask(who, method, path)
    assert answer.status_code == status, answer.text
    check(whole, _row_for(method, path.partition("?")[0]), answer)


def _row_for(method: str, path: str) -> Operation:
    """The row that serves a path: of several, the one with the fewest parameters."""
    given = path.split("/")

    def fits(row: Operation) -> bool:
        parts = row.path.split("/")
        return len(parts) == len(given) and all(
            part == one or part[:1] == "{" for part, one in zip(parts, given, strict=True)
        )

    rows = [row for row in TABLE if row.method == method and fits(row)]
    return min(rows, key=lambda row: row.path.count("{"))


def named(name: str) -> Operation:
    """The row of a function."""
    return next(row for row in TABLE if row.name == name)


async def test_a_new_user_is_as_documented(world: World, whole: Any) -> None:
    row = named("create_user")
    new = {"name": "Zoe", "login": "zoe@example.com", "role": "engineer"}
    content = operation_of(whole, row)["requestBody"]["content"]
    assert list(content) == ["application/x-www-form-urlencoded", "application/json"]
    assert schema_errors(whole, content["application/json"]["schema"], new) == []
    assert schema_errors(whole, content["application/json"]["schema"], {"role": "king"}) != []
    answer = await world.ask(ADA, "POST", "/user", json=new)
    assert answer.status_code == 200, answer.text
    assert "fastly-ratelimit-remaining" in answer.headers
    check(whole, row, answer)
    for refused, status in (({"json": {"role": "king"}}, 400), ({"content": b"<user/>"}, 415)):
        headers = {} if "json" in refused else {"content-type": "text/xml"}
        answer = await world.ask(ADA, "POST", "/user", headers=headers, **refused)
        assert answer.status_code == status
        check(whole, row, answer)


async def test_a_new_token_is_as_documented(world: World, whole: Any) -> None:
    row = named("create_token")
    told_of = operation_of(whole, row)
    assert {"basic": []} in told_of["security"]
    assert [one["name"] for one in told_of["parameters"]] == ["Fastly-OTP"]
    form = {"username": BEN.login, "password": PASSWORD, "name": "a script"}
    answer = await world.ask(None, "POST", "/tokens", data=form)
    assert answer.status_code == 200, answer.text
    check(whole, row, answer)
    answer = await world.ask(None, "POST", "/tokens", data={**form, "password": "wrong"})
    assert answer.status_code == 400
    check(whole, row, answer)


async def test_bulk_revocation_is_as_documented(world: World, whole: Any) -> None:
    row = named("bulk_revoke_tokens")
    content = operation_of(whole, row)["requestBody"]["content"]
    kind = "application/vnd.api+json; ext=bulk"
    assert list(content) == [kind, "application/json"]
    given = {"data": [{"id": BEN.token_id, "type": "token"}]}
    assert schema_errors(whole, content[kind]["schema"], given) == []
    body = msgspec.json.encode(given)
    answer = await world.ask(ADA, "DELETE", "/tokens", content=body, headers={"content-type": kind})
    assert answer.status_code == 204, answer.text
    check(whole, row, answer)
