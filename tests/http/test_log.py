"""One line per request, with what an operator needs and nothing that is secret."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from sqlalchemy import text

from tenantry.app import Application, operations
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tenantry.http.operation import PUBLIC
from tenantry.migrations import NEWEST
from tests.world import ADA, BEN, PASSWORD, WIDGETS, World, settings


async def _lines(world: World) -> list[dict[str, Any]]:
    # Lines are written at the end of the tick in which they arose.
    await asyncio.sleep(0)
    return [json.loads(line) for line in world.log_path.read_text().splitlines()]


async def test_each_request_has_one_line(world: World) -> None:
    answer = await world.ask(ADA, "GET", f"/user/{BEN.id}")
    refused = await world.ask(None, "DELETE", f"/user/{BEN.id}")
    unknown = await world.ask(ADA, "GET", "/nothing?x=1")
    await world.ask(None, "GET", "/%c2%9b2J%e2%80%ae%1b%20x")
    *lines, steering = await _lines(world)
    assert steering["path"] == "/%C2%9B2J%E2%80%AE%1B%20x"
    assert [line["request_id"] for line in lines] == [
        one.headers["x-request-id"] for one in (answer, refused, unknown)
    ]
    first, second, third = lines
    assert first["operation"] == "get_user"
    assert (first["status"], first["bytes"]) == (200, len(answer.content))
    assert (first["customer_id"], first["user_id"]) == (WIDGETS, ADA.id)
    assert (first["token_id"], first["ip"]) == (ADA.token_id, "192.0.2.10")
    assert first["milliseconds"] > 0
    assert (second["status"], "user_id" in second) == (401, False)
    assert (third["path"], "operation" in third) == ("/nothing", False)


async def test_no_line_holds_a_secret(world: World) -> None:
    form = {"username": ADA.login, "password": PASSWORD, "name": "x"}
    made = await world.ask(None, "POST", "/tokens", data=form)
    await world.ask(ADA, "GET", f"/verify?token={ADA.token}")
    await world.ask("a-wrong-secret-key", "GET", "/verify")
    await world.ask(None, "GET", "/_tenantry/v1/password/the-secret-code")
    await world.ask(ADA, "POST", "/current_user/password", data={"old_password": "guess-9-guess"})
    await world.ask(None, "POST", "/tokens", data={**form, "password": "another-guess-1"})
    await _lines(world)
    told = world.log_path.read_text()
    secrets = [ADA.token, PASSWORD, "a-wrong-secret-key", "the-secret-code", "guess"]
    for secret in [*secrets, made.json()["access_token"]]:
        assert secret not in told


_IN_LINKS = sorted(
    {row.path for row in operations() if "{code}" in row.path and row.allow is PUBLIC}
)


@pytest.mark.parametrize("path", _IN_LINKS)
async def test_no_line_holds_the_code_of_a_link(world: World, path: str) -> None:
    """Whatever is asked of it: programs that look into mails ask other than browsers."""
    link = path.replace("{code}", "the-secret-code")
    for method, asked in (("OPTIONS", link), ("PROPFIND", link), ("HEAD", f"{link}/more")):
        await world.ask(None, method, asked)
    lines = await _lines(world)
    assert [line["path"] for line in lines] == [path] * 3


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_who_runs_a_server_under_which_the_schema_changed_is_told_what_to_do(
    world: World,
) -> None:
    """Instead of a bare 500, with which nobody could begin anything."""
    newer = ("alembic_version SET version_num = '9999'", "users RENAME login TO login_name")
    older = (f"alembic_version SET version_num = '{NEWEST}'", "users RENAME login_name TO login")
    await _migrate(world, newer)
    for method in ("GET", "PUT"):
        answer = await world.ask(ADA, method, f"/user/{BEN.id}", data={"name": "Benjamin"})
        assert answer.status_code == 503
    told = [line for line in await _lines(world) if line.get("level") == "error"]
    assert [(line["error"], "restart this server" in line["advice"]) for line in told] == [
        ("SchemaChanged", True)
    ] * 2
    await _migrate(world, older)


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_a_full_disk_is_no_fault_of_the_program_and_its_cause_is_told(world: World) -> None:
    """SQLite has no more pages to fill: who asks may come back, and what was there is read."""
    await _run(world, "PRAGMA max_page_count = 1")
    form = {"comment": "x" * 3000}
    answers = [await world.ask(ADA, "POST", "/service", json={**form, "name": n}) for n in "abcde"]
    assert {answer.status_code for answer in answers[1:]} == {503}
    assert (await world.ask(ADA, "GET", f"/user/{BEN.id}")).status_code == 200
    faults = [line for line in await _lines(world) if line.get("level") == "error"]
    assert {(one["error"], one["cause"]) for one in faults} == {("Unavailable", "FullError")}
    await _run(world, "PRAGMA max_page_count = 100000")
    assert (await world.ask(ADA, "POST", "/service", json={"name": "f"})).status_code == 200


async def _migrate(world: World, step: tuple[str, str]) -> None:
    await _run(world, f"UPDATE {step[0]}", f"ALTER TABLE {step[1]}")


async def _run(world: World, *statements: str) -> None:
    async def work(unit: Unit) -> None:
        for statement in statements:
            await unit.run(Statement(text(statement)))

    await world.app.database.write(work)


async def test_metrics_count_by_operation_and_status(world: World) -> None:
    await world.ask(ADA, "GET", f"/user/{BEN.id}")
    answer = await world.ask(None, "GET", "/_metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'tenantry_requests_total{operation="get_user",status="200"}' in answer.text
    assert 'tenantry_request_seconds_count{operation="get_user"}' in answer.text


async def test_metrics_with_a_port_of_their_own_are_not_on_this_one(tmp_path: Path) -> None:
    """Whatever the environment says: the settings were read from it before."""
    elsewhere = msgspec.structs.replace(settings(f"sqlite:///{tmp_path}/x.db"), metrics_port=9000)
    transport = httpx.ASGITransport(app=Application(elsewhere))
    async with httpx.AsyncClient(transport=transport, base_url="http://x.example.com") as client:
        answer = await client.get("/_metrics")
        assert (answer.status_code, answer.json()) == (404, {"msg": "Not found"})
        assert (await client.get("/_health/live")).status_code == 200


async def test_health_needs_no_key(world: World) -> None:
    for path in ("/_health/live", "/_health/ready"):
        assert (await world.ask(None, "GET", path)).json() == {"status": "ok"}
