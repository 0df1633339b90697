"""From where a customer's people may come: what its list stops, and what it does not (§10.3)."""

import tracemalloc
from typing import Any

import httpx
import pytest

from tenantry.core.addresses import parse_allowlist
from tests.areas.test_sign_in import ELSEWHERE
from tests.table import GUARDED
from tests.world import ADA, BEN, BOT, OPERATOR, PASSWORD, WIDGETS, Person, World

HERE, FAR = "192.0.2.10", "198.51.100.7"
NEW = "stapled-Sponge-7-otter"


async def allow(world: World, allowlist: str, who: Person | str = ADA) -> httpx.Response:
    form = {"ip_whitelist": allowlist}
    path = f"/customer/{WIDGETS}?customer_id={WIDGETS}" if who == OPERATOR else None
    return await world.ask(who, "PUT", path or f"/customer/{WIDGETS}", data=form)


async def ask_from(
    address: str, world: World, who: Person | str | None, call: str, **more: Any
) -> httpx.Response:
    method, path = call.split(" ")
    key = who.token if isinstance(who, Person) else who
    headers = {} if key is None else {"Fastly-Key": key}
    transport = httpx.ASGITransport(app=world.app, client=(address, 5000))
    async with httpx.AsyncClient(transport=transport, base_url="http://api.example.com") as far:
        return await far.request(method, path, headers=headers, **more)


@pytest.mark.parametrize(
    ("allowlist", "lets_in", "shuts_out"),
    [
        ("192.0.2.10", [HERE, f"::ffff:{HERE}"], ["192.0.2.11", "2001:db8::1"]),
        ("192.0.2.0/24", [HERE, "192.0.2.255"], ["192.0.3.10"]),
        ("192.0.2.10/24", [HERE, "192.0.2.255"], ["192.0.3.10"]),
        ("192.0.2.*", [HERE, "192.0.2.200"], ["192.0.3.10", "1.192.0.2"]),
        ("192.*.2.10", [HERE, "192.77.2.10"], ["192.0.2.11", "192.0.22.10"]),
        ("203.0.113.1, 192.0.2.10", [HERE, "203.0.113.1"], ["203.0.113.2"]),
        ("203.0.113.1 192.0.2.10\n2001:db8::/32", [HERE, "2001:db8:9::1"], ["2001:db9::1"]),
        ("192.0.2.10,2001:db8::1", [HERE, "2001:DB8:0::1"], ["2001:db8::2"]),
        ("192.0.2.10,0.0.0.0/0", [HERE, FAR, "2001:db8::1"], []),
        ("0.0.0.0/0", [HERE, FAR, "2001:db8::1"], []),
        ("", [HERE, FAR, "2001:db8::1"], []),
    ],
)
async def test_every_spelling_means_what_it_says(
    world: World, allowlist: str, lets_in: list[str], shuts_out: list[str]
) -> None:
    assert (await allow(world, allowlist)).status_code == 200
    for address in lets_in:
        answer = await ask_from(address, world, BEN, "GET /current_user")
        assert answer.status_code == 200, address
    for address in shuts_out:
        answer = await ask_from(address, world, BEN, "GET /current_user")
        assert (answer.status_code, answer.json()) == (403, ELSEWHERE), address


@pytest.mark.parametrize("allowlist", ["203.0.113.1", "2001:db8::/32", "192.0.3.*"])
async def test_nobody_shuts_himself_out(world: World, allowlist: str) -> None:
    answer = await allow(world, allowlist)
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("Ip whitelist must include the address")
    assert (await ask_from(FAR, world, ADA, "GET /current_user")).status_code == 200


async def test_statistics_are_seen_from_anywhere(world: World) -> None:
    await allow(world, HERE)
    exempt = {name for name, row in GUARDED.items() if row.allow.anywhere}
    assert exempt == {
        "GET /stats/usage",
        "GET /stats/usage_by_service",
        "GET /stats/usage_by_month",
        "GET /stats/regions",
    }
    for name in exempt:
        for who in (ADA, BEN, BOT):
            assert (await ask_from(FAR, world, who, name)).status_code == 200, name
        assert (await ask_from(FAR, world, None, name)).status_code == 401, name


async def test_a_list_that_is_wrong_by_now_is_mended_by_an_operator(world: World) -> None:
    """Whose key comes in from everywhere; the owner's phone call is his business."""
    await allow(world, HERE)
    path = f"/customer/{WIDGETS}"
    form = {"ip_whitelist": "0.0.0.0/0"}
    assert (await ask_from(FAR, world, ADA, f"PUT {path}", data=form)).status_code == 403
    since = len(await world.events())
    inside = f"PUT {path}?customer_id={WIDGETS}"
    answer = await ask_from(FAR, world, OPERATOR, inside, data={"ip_whitelist": "203.0.113.9"})
    assert answer.status_code == 200, answer.text
    assert (await ask_from(HERE, world, ADA, "GET /current_user")).status_code == 403
    assert (await ask_from(FAR, world, OPERATOR, inside, data=form)).status_code == 200
    assert (await ask_from(FAR, world, ADA, "GET /current_user")).status_code == 200
    assert await world.actions(since) == ["customer.update"] * 2


async def test_a_mailed_link_sets_no_password_from_elsewhere(world: World) -> None:
    await allow(world, HERE)
    await world.ask(BEN, "POST", f"/user/{BEN.login}/password/request_reset")
    (letter,) = await world.letters()
    path = f"/_tenantry/v1/password/{world.app.keyring.code_for(*letter['code'])}"
    since = len(await world.events())
    page = await ask_from(FAR, world, None, f"GET {path}")
    assert (page.status_code, page.headers["content-type"][:9]) == (403, "text/html")
    answer = await ask_from(FAR, world, None, f"POST {path}", json={"password": NEW})
    assert (answer.status_code, answer.json()) == (403, ELSEWHERE)
    form = {"password": NEW, "password_again": NEW}
    page = await ask_from(FAR, world, None, f"POST {path}", data=form)
    assert (page.status_code, ELSEWHERE["msg"] in page.text) == (403, True)
    assert await world.actions(since) == []
    basic = httpx.BasicAuth(BEN.login, PASSWORD)
    change = {"old_password": PASSWORD, "new_password": NEW}
    call = "POST /current_user/password"
    answer = await ask_from(FAR, world, None, call, data=change, auth=basic)
    assert (answer.status_code, answer.json()) == (403, ELSEWHERE)
    assert await world.actions(since) == ["user.login_failure"]
    assert (await world.ask(None, "POST", path, data=form)).status_code == 200


def test_lists_that_somebody_tries_fill_no_memory() -> None:
    """Refused ones are read, too: a few superusers can try thousands of them in an hour."""
    tracemalloc.start()
    for number in range(300):
        parse_allowlist(" ".join(f"10.{number % 250}.{at}.{number // 250}" for at in range(100)))
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken < 10 << 20
