"""Hourly writes (contract: protocol §13), and that no secret is ever told."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from tenantry.core import schema
from tenantry.core.clock import HOUR, SECOND
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tests.areas.account_calls import edit_customer, session_of
from tests.world import ADA, BEN, BOT, EVE, NOW, OPERATOR, PASSWORD, UMA, WIDGETS, Person, World

LIMIT = {"msg": "You have exceeded your hourly rate limit."}
RESET = str(NOW // SECOND + 3600)


async def write(world: World, who: Person | str = BEN, name: str = "Ben") -> httpx.Response:
    user = who.id if isinstance(who, Person) and who is not BOT else BEN.id
    return await world.ask(who, "PUT", f"/user/{user}", data={"name": name})


def quota(answer: httpx.Response) -> tuple[str | None, str | None]:
    remaining, reset = (
        answer.headers.get(f"fastly-ratelimit-{name}") for name in ("remaining", "reset")
    )
    return remaining, reset


async def test_every_write_is_counted_whatever_becomes_of_it(world: World) -> None:
    left = 999
    for method, path, form in (
        ("PUT", f"/user/{BEN.id}", {"name": "Benjamin"}),
        ("PUT", f"/user/{BEN.id}", {"role": "superuser"}),
        ("PUT", f"/user/{BEN.id}", {"name": ""}),
        ("DELETE", "/user/0Unknown00000000000000", {}),
        ("DELETE", "/tokens/0Unknown00000000000000", {}),
        ("POST", "/tokens", {}),
        ("POST", "/tokens", {"expires_at": "soon", "password": PASSWORD}),
        ("POST", "/sudo", {"password": "wrong"}),
        ("POST", "/sudo", {}),
        ("POST", "/current_user/password", {"old_password": "wrong", "new_password": "x"}),
    ):
        answer = await world.ask(BEN, method, path, data=form)
        assert quota(answer) == (str(left), RESET), (path, answer.text)
        left -= 1


async def test_reads_and_strangers_are_not_counted(world: World) -> None:
    for who in (BEN, None, "garbage"):
        for method in ("GET", "HEAD"):
            assert quota(await world.ask(who, method, "/current_user")) == (None, None)
    form = {"username": BEN.login, "password": PASSWORD}
    assert quota(await world.ask(None, "POST", "/tokens", data=form)) == (None, None)
    assert quota(await write(world)) == ("999", RESET)


async def test_a_users_tokens_share_one_count_and_a_program_has_its_own(world: World) -> None:
    session = await session_of(world, BEN)
    assert quota(await write(world, BEN))[0] == "999"
    assert quota(await write(world, session))[0] == "998"
    assert quota(await write(world, BOT))[0] == "999"
    assert quota(await write(world, UMA))[0] == "999"


async def test_over_the_limit_nothing_is_done(world: World) -> None:
    await edit_customer(world, WIDGETS, hourly_writes=3)
    for left in ("2", "1", "0"):
        assert quota(await write(world)) == (left, RESET)
    since = len(await world.events())
    for form in ({"name": "Over"}, {"role": "superuser"}):
        answer = await world.ask(BEN, "PUT", f"/user/{BEN.id}", data=form)
        assert (answer.status_code, answer.json()) == (429, LIMIT)
        assert quota(answer) == ("0", RESET)
        assert "retry-after" not in answer.headers
    assert await world.actions(since) == []
    assert (await world.ask(BEN, "GET", "/current_user")).json()["name"] == "Ben"
    assert (await write(world, UMA)).status_code == 200
    answer = await world.ask(EVE, "POST", "/user", data={"login": "new@example.com"})
    assert quota(answer)[0] == "999"


def _until(moment: asyncio.Event) -> Callable[[Unit], Awaitable[Any]]:
    """A write that ends no sooner."""

    async def wait(unit: Unit) -> None:
        await unit.head(WIDGETS)
        await moment.wait()

    return wait


async def test_what_was_not_made_ready_is_not_done(world: World) -> None:
    """Who is over the limit when he asks has no password hashed, though he may write by then."""
    await edit_customer(world, WIDGETS, hourly_writes=1)
    assert (await write(world)).status_code == 200
    change = {"old_password": PASSWORD, "new_password": "stapled-Sponge-7-otter"}
    before = asyncio.Event()
    writing = [asyncio.create_task(world.app.database.write(_until(before), customer_id=WIDGETS))]
    # Each waits behind the one before, while what they have to read first is read.
    for asked in (
        world.ask(OPERATOR, "PUT", PATH, json={"hourly_writes": 9}),
        world.ask(BEN, "POST", "/current_user/password", data=change),
    ):
        writing.append(asyncio.create_task(asked))
        for _ in range(5):
            assert (await world.ask(BEN, "GET", "/current_user")).status_code == 200
    before.set()
    _, raised, answer = await asyncio.gather(*writing)
    assert raised.status_code == 200
    assert (answer.status_code, answer.json()) == (429, LIMIT)


async def test_the_count_begins_anew_with_the_hour(world: World) -> None:
    await edit_customer(world, WIDGETS, hourly_writes=1)
    assert (await write(world)).status_code == 200
    world.clock.turn(HOUR - 1)
    assert (await write(world)).status_code == 429
    world.clock.turn(1)
    answer = await write(world)
    assert (answer.status_code, quota(answer)) == (200, ("0", str(int(RESET) + 3600)))


async def test_operators_endpoints_count_nothing_and_their_writes_for_others_do(
    world: World,
) -> None:
    sent: dict[str, Any] = {"events": []}
    answer = await world.ask(OPERATOR, "POST", "/_operator/v1/usage-events", json=sent)
    assert (answer.status_code, quota(answer)) == (200, (None, None)), answer.text
    path = f"/customer/{WIDGETS}?customer_id={WIDGETS}"
    answer = await world.ask(OPERATOR, "PUT", path, data={"name": "Widgets of Note"})
    assert (answer.status_code, quota(answer)) == (200, ("999", RESET)), answer.text


PATH = f"/_operator/v1/customers/{WIDGETS}/hourly-writes"


async def test_an_operator_says_how_many(world: World) -> None:
    assert quota(await write(world))[0] == "999"
    for said, left in ((5000, "4998"), (3, "0"), (2, None)):
        answer = await world.ask(OPERATOR, "PUT", PATH, json={"hourly_writes": said})
        assert (answer.status_code, answer.json()) == (200, {"hourly_writes": said})
        assert (await world.ask(OPERATOR, "GET", PATH)).json() == {"hourly_writes": said}
        answer = await write(world)
        assert (answer.status_code, quota(answer)[0]) == (200 if left else 429, left or "0")
    assert quota(await write(world, BOT))[0] == "1"
    since = len(await world.events())
    await world.ask(OPERATOR, "PUT", PATH, json={"hourly_writes": 2})
    assert await world.actions(since) == [], "the same again"


@pytest.mark.changes_nothing
@pytest.mark.parametrize("said", [0, -1, 1_000_000_001, 1.5, "many", None])
async def test_how_many_there_can_not_be(world: World, said: Any) -> None:
    answer = await world.ask(OPERATOR, "PUT", PATH, json={"hourly_writes": said})
    assert answer.status_code == 400, answer.text
    assert (await world.ask(OPERATOR, "GET", PATH)).json() == {"hourly_writes": 1000}
    unknown = PATH.replace(WIDGETS, "0Unknown00000000000000")
    answer = await world.ask(OPERATOR, "PUT", unknown, json={"hourly_writes": 7})
    assert answer.status_code == 404


async def test_at_once_no_more_than_the_limit_get_through(world: World) -> None:
    await edit_customer(world, WIDGETS, hourly_writes=5)
    answers = await asyncio.gather(*(write(world, name=f"Ben {n}") for n in range(12)))
    assert sorted(one.status_code for one in answers) == [200] * 5 + [429] * 7
    lefts = sorted(quota(one)[0] or "" for one in answers)
    assert lefts == ["0"] * 8 + ["1", "2", "3", "4"]


_TABLES = (
    schema.events,
    schema.revisions,
    schema.outbox,
    schema.users,
    schema.tokens,
    schema.password_codes,
    schema.failed_guesses,
)


async def test_no_secret_is_told_or_kept(world: World) -> None:
    """Not in the log of events, nor in mails, rows, the request log or any refusal."""
    new, weak, wrong = "stapled-Sponge-7-otter", "weak-Secret-1", "wrong-Secret-2-guess"
    secrets = {PASSWORD, new, weak, wrong, ADA.token, BEN.token}
    told = []

    async def ask(who: Any, method: str, path: str, **more: Any) -> Any:
        answer = await world.ask(who, method, path, **more)
        told.append((answer.text, str(answer.headers)))
        return answer

    await world.sudo(ADA)
    secrets.add((await world.ask(ADA, "POST", "/tokens")).json()["access_token"])
    made = await world.ask(ADA, "POST", "/automation-tokens", json={"name": "bot"})
    secrets.add(made.json()["access_token"])
    for key in secrets:
        await ask(key, "GET", "/tokens")
        await ask(key, "GET", f"/customer/{WIDGETS}/tokens")
        await ask(None, "GET", f"/tokens?Fastly-Key={key}", headers={"Fastly-Key": key})
        await ask(None, "POST", "/tokens", data={"username": BEN.login, "password": key})
        await ask(BEN, "POST", "/sudo", content=f'{{"password": "{key}"', headers=_JSON)
    world.clock.turn(HOUR)
    await ask(ADA, "PUT", f"/user/{BEN.id}", data={"locked": "false"})
    for password in (weak, new):
        form = {"old_password": PASSWORD, "new_password": password}
        await ask(None, "POST", "/current_user/password", data=form, auth=(BEN.login, PASSWORD))
    await ask(ADA, "POST", f"/user/{BEN.login}/password/request_reset")
    (letter,) = await world.letters()
    code = world.app.keyring.code_for(*letter["code"])
    secrets.add(code)
    await ask(None, "GET", f"/_tenantry/v1/password/{code}")
    await ask(None, "POST", f"/_tenantry/v1/password/{code}", json={"password": weak})
    await ask(BEN, "DELETE", "/tokens/self")
    for text, headers in told:
        _holds_none(text + headers, secrets - {code})
    # Whoever puts a key into an address has told it to every proxy already; not to us.
    log = world.log_path.read_text()
    assert log.count("\n") > len(told)
    _holds_none(log, secrets)
    await _rows_hold_none(world, secrets)


async def _rows_hold_none(world: World, secrets: set[str]) -> None:
    for table in _TABLES:
        _holds_none(str(await world.app.database.all(Statement(select(table)))), secrets)


_JSON = {"Content-Type": "application/json"}


def _holds_none(text: str, secrets: set[str]) -> None:
    for secret in secrets:
        assert secret not in text, secret


@pytest.mark.parametrize("person", [ADA, BEN])
async def test_a_digest_of_a_token_needs_the_key_of_the_installation(
    world: World, person: Person
) -> None:
    rows = str(await world.app.database.all(Statement(select(schema.tokens.c.digest))))
    assert str(world.app.keyring.digest(person.token)) in rows
    assert person.token not in rows
