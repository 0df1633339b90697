"""What PCI DSS asks of passwords, where a customer has it (contract: access §10.4)."""

import asyncio
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx

from tenantry.areas.operator.loading import load
from tenantry.areas.operator.scenario import read_file
from tenantry.areas.users.model import PASSWORD_LASTS
from tenantry.core.clock import DAY, MINUTE
from tests.areas.account_calls import edit_customer, edit_user
from tests.areas.test_passwords import change
from tests.areas.test_sign_in import WRONG, sign_in
from tests.console.browser import CONSOLE, Visitor
from tests.stored import stored
from tests.world import ADA, BEN, NOW, OPERATOR, PASSWORD, UMA, WIDGETS, World

NEXT = [f"stapled-Sponge-{number}-otter" for number in range(10)]
OLD = {"msg": "Bad request", "detail": "Password must not be one of the last 4"}
DUE = {"msg": "A new password is required"}


async def ask_for_pci(world: World) -> None:
    path = f"/_operator/v1/customers/{WIDGETS}/password-policy"
    answer = await world.ask(OPERATOR, "PUT", path, json={"has_pci_passwords": True})
    assert answer.status_code == 200, answer.text
    await edit_user(world, BEN, password_changed_at=NOW)


async def link_of(world: World) -> str:
    await world.ask(BEN, "POST", f"/user/{BEN.login}/password/request_reset")
    letter = (await world.letters())[-1]
    return f"/_tenantry/v1/password/{world.app.keyring.code_for(*letter['code'])}"


async def renew(world: World, old: str, new: str) -> httpx.Response:
    return await change(world, None, old, new, key=BEN)


async def test_after_90_days_a_new_password_is_due(world: World) -> None:
    await ask_for_pci(world)
    world.clock.turn(PASSWORD_LASTS - 1)
    assert (await sign_in(world, BEN.login)).status_code == 200
    assert (await world.ask(BEN, "GET", "/current_user")).json()["require_new_password"] is None
    world.clock.turn(1)
    answer = await sign_in(world, BEN.login)
    assert (answer.status_code, answer.json()) == (403, DUE)
    form = {"password": PASSWORD}
    assert (await world.ask(BEN, "POST", "/sudo", data=form)).json() == {**DUE, "code": "forbidden"}
    # Keys go on, and tell what is due.
    assert (await world.ask(BEN, "GET", "/current_user")).json()["require_new_password"] is True
    listed = (await world.ask(ADA, "GET", f"/customer/{WIDGETS}/users")).json()
    assert {one["login"] for one in listed if one["require_new_password"]} == {BEN.login}
    assert (await renew(world, PASSWORD, NEXT[0])).json()["require_new_password"] is False
    assert (await sign_in(world, BEN.login, NEXT[0])).status_code == 200


async def test_elsewhere_passwords_stay_as_long_as_they_are_kept_secret(world: World) -> None:
    await edit_user(world, BEN, password_changed_at=NOW)
    world.clock.turn(1000 * DAY)
    assert (await sign_in(world, BEN.login)).status_code == 200


async def test_none_of_the_last_four_is_taken_again(world: World) -> None:
    await ask_for_pci(world)
    passwords = [PASSWORD, *NEXT]
    for old, new in pairwise(passwords[:5]):
        assert (await renew(world, old, new)).status_code == 200
    for former in passwords[1:4]:
        assert (await renew(world, passwords[4], former)).json() == OLD
    assert (await renew(world, passwords[4], passwords[0])).status_code == 200
    hashes = [row["password"] for row in (await stored(world))["former_passwords"]]
    assert len(hashes) == 3
    assert all(one.startswith("$argon2id$") for one in hashes)


async def test_nor_by_a_mailed_link(world: World) -> None:
    await ask_for_pci(world)
    assert (await renew(world, PASSWORD, NEXT[0])).status_code == 200
    path = await link_of(world)
    for former in (PASSWORD, NEXT[0]):
        assert (await world.ask(None, "POST", path, json={"password": former})).json() == OLD
    assert (await world.ask(None, "POST", path, json={"password": NEXT[1]})).status_code == 200


async def test_who_tries_former_passwords_has_as_many_guesses_as_at_the_door(world: World) -> None:
    """To be told that it was one of the last is to have guessed it, wherever one is told."""
    await ask_for_pci(world)
    path, again = await link_of(world), {"password": PASSWORD, "password_again": PASSWORD}
    await edit_user(world, BEN, require_new_password=True)
    ben, due = Visitor(world), f"{CONSOLE}/new-password"
    assert (await ben.sign_in(BEN)).headers["location"] == due
    for _ in range(3):
        assert (await renew(world, PASSWORD, PASSWORD)).json() == OLD
        assert OLD["detail"] in (await world.ask(None, "POST", path, data=again)).text
        assert OLD["detail"] in (await ben.send(due, again)).text
    bodies: list[dict[str, Any]] = [{"json": {"password": PASSWORD}}, {"data": again}]
    at_once = (world.ask(None, "POST", path, **body) for body in bodies * 2)
    answers = await asyncio.gather(*at_once)
    assert sorted(one.status_code for one in answers) == [400, 429, 429, 429]
    kinds = [one.headers["content-type"].partition(";")[0] for one in answers]
    assert kinds == ["application/json", "text/html"] * 2
    for form in (again, {"password": NEXT[0], "password_again": NEXT[0]}):
        answer = await world.ask(None, "POST", path, data=form)
        assert (answer.status_code, "Too many failed attempts" in answer.text) == (429, True)
        assert (await world.ask(None, "POST", path, json=form)).status_code == 429
        assert (await ben.send(due, form)).status_code == 429
    assert (await sign_in(world, BEN.login)).status_code == 429
    world.clock.turn(15 * MINUTE)
    assert (await world.ask(None, "POST", path, json={"password": NEXT[0]})).status_code == 200


async def test_what_is_not_asked_for_is_not_kept(world: World) -> None:
    await ask_for_pci(world)
    assert (await renew(world, PASSWORD, NEXT[0])).status_code == 200
    assert len((await stored(world))["former_passwords"]) == 1
    await edit_customer(world, has_pci_passwords=False)
    assert (await renew(world, NEXT[0], PASSWORD)).status_code == 200
    assert (await stored(world))["former_passwords"] == []


async def test_former_passwords_go_with_who_had_them(world: World) -> None:
    await ask_for_pci(world)
    assert (await renew(world, PASSWORD, NEXT[0])).status_code == 200
    await world.ask(BEN, "DELETE", f"/tokens/{BEN.token_id}")
    assert (await world.ask(ADA, "DELETE", f"/user/{BEN.id}")).status_code == 200
    assert (await stored(world))["former_passwords"] == []


async def test_six_failures_lock_until_somebody_proves_himself(world: World) -> None:
    """Longer than the half hour that PCI DSS asks for: no time unlocks."""
    await ask_for_pci(world)
    for _ in range(6):
        await sign_in(world, BEN.login, WRONG)
    for minutes in (0, 16, 15, 24 * 60):
        world.clock.turn(minutes * MINUTE)
        answer = await sign_in(world, BEN.login)
        assert (answer.status_code, answer.json()["code"]) == (400, "account_locked")
    path = await link_of(world)
    assert (await world.ask(None, "POST", path, json={"password": NEXT[0]})).status_code == 200
    assert (await sign_in(world, BEN.login, NEXT[0])).status_code == 200


async def test_what_an_administrator_chose_is_changed_at_first(
    world: World, tmp_path: Path
) -> None:
    user = {"login": "kim@example.com", "password": NEXT[0], "role": "superuser", "owner": True}
    customer = {"name": "Cards", "has_pci_passwords": True, "users": [user]}
    path = tmp_path / "scenario.json"
    path.write_text(json.dumps({"customers": [customer]}))
    for _ in range(2):
        await load(world.app.database, world.app.keyring, read_file(path))
    answer = await sign_in(world, "kim@example.com", NEXT[0])
    assert (answer.status_code, answer.json()) == (403, DUE)
    basic = ("kim@example.com", NEXT[0])
    assert (await change(world, basic, NEXT[0], NEXT[0])).status_code == 400
    assert (await change(world, basic, NEXT[0], NEXT[1])).status_code == 200
    assert (await sign_in(world, "kim@example.com", NEXT[1])).status_code == 200


async def test_only_operators_say_how_passwords_are(world: World) -> None:
    """The flags are read-only to the customer, and ignored where clients send them back."""
    path = f"/_operator/v1/customers/{WIDGETS}/password-policy"
    assert (await world.ask(OPERATOR, "GET", path)).json() == {
        "has_pci_passwords": False,
        "can_reset_passwords": True,
    }
    assert (await world.ask(ADA, "PUT", path, json={"has_pci_passwords": True})).status_code == 403
    form = {"has_pci_passwords": "true", "can_reset_passwords": "false", "name": "Widgets"}
    told = (await world.ask(ADA, "PUT", f"/customer/{WIDGETS}", data=form)).json()
    assert (told["has_pci_passwords"], told["can_reset_passwords"]) == (False, True)
    since = len(await world.events())
    answer = await world.ask(OPERATOR, "PUT", path, json={"can_reset_passwords": False})
    assert answer.json() == {"has_pci_passwords": False, "can_reset_passwords": False}
    (event,) = (await world.events())[since:]
    assert event[0] == "customer.update"
    assert json.loads(event[2])["metadata"] == {
        "old": {"can_reset_passwords": True},
        "new": {"can_reset_passwords": False},
    }
    answer = await world.ask(ADA, "POST", f"/user/{UMA.login}/password/request_reset")
    assert answer.status_code == 403
    assert (await world.ask(OPERATOR, "PUT", path, json={})).status_code == 200
    assert len(await world.events()) == since + 1
