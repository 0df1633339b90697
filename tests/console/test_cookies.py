"""The cookies of pages: their flags, where they are taken, and where they are not."""

import httpx
import msgspec
import pytest

from tenantry.app import Application
from tenantry.http.log import RequestLog
from tests.console.browser import CONSOLE, Visitor, form_token
from tests.world import ADA, PASSWORD, World, settings

SIGN_IN, PROFILE = f"{CONSOLE}/sign-in", f"{CONSOLE}/profile"


def flags(answer: httpx.Response) -> dict[str, set[str]]:
    """The attributes of each cookie that is set."""
    lines = [line.split("; ") for line in answer.headers.get_list("set-cookie")]
    return {line[0].partition("=")[0]: set(line[1:]) for line in lines}


async def test_on_tls_each_cookie_has_every_guard(world: World) -> None:
    ada = Visitor(world)
    always = {"Path=/", "HttpOnly", "SameSite=Lax", "Secure"}
    assert flags(await ada.get(SIGN_IN)) == {"__Host-tenantry-form": always}
    assert flags(await ada.sign_in(ADA)) == {
        "__Host-tenantry": always,
        "__Host-tenantry-device": always | {"Max-Age=34560000"},
        "__Host-tenantry-step": always | {"Max-Age=0"},
        "__Host-tenantry-form": always | {"Max-Age=0"},
    }


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1:8080", "[::1]:8080"])
async def test_on_this_very_machine_it_works_without_tls(world: World, host: str) -> None:
    ada = Visitor(world, origin=f"http://{host}")
    answer = await ada.sign_in(ADA)
    assert answer.status_code == 303
    assert flags(answer)["tenantry"] == {"Path=/", "HttpOnly", "SameSite=Lax"}


@pytest.mark.parametrize(
    "host", ["accounts.example.com", "localhost.example.com", "127.0.0.1.example.com"]
)
async def test_on_an_open_line_there_are_no_cookies(world: World, host: str) -> None:
    ada = Visitor(world, origin=f"http://{host}")
    page = await ada.get(SIGN_IN)
    assert (page.status_code, "needs a secure connection" in page.text) == (403, True)
    form = {"login": ADA.login, "password": PASSWORD, "form_token": "x"}
    answer = await ada.post(SIGN_IN, form)
    assert answer.status_code == 403
    assert not page.headers.get_list("set-cookie") + answer.headers.get_list("set-cookie")


@pytest.mark.parametrize(("scheme", "status"), [("https", 303), ("http", 403)])
async def test_a_trusted_proxy_says_whether_it_is_tls(
    database_url: str, scheme: str, status: int
) -> None:
    given = msgspec.structs.replace(settings(database_url), trusted_proxies="10.0.0.0/8")
    app = Application(given, log=RequestLog(enabled=False))
    await app.start()
    transport = httpx.ASGITransport(app=app, client=("10.0.0.1", 50_000))
    told = {"X-Forwarded-For": "192.0.2.10", "X-Forwarded-Proto": scheme}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://accounts.example.com", headers=told
    ) as client:
        page = await client.get(SIGN_IN)
        if status == 303:
            cookie = page.headers["set-cookie"].partition(";")[0]
            form = {"login": ADA.login, "password": PASSWORD, "form_token": form_token(page)}
            answer = await client.post(
                SIGN_IN,
                data=form,
                headers={"Cookie": cookie, "Origin": "https://accounts.example.com"},
            )
            assert "Secure" in flags(answer)["__Host-tenantry"]
        else:
            answer = page
        assert answer.status_code == status, answer.text
    await app.stop()


async def test_on_tls_a_cookie_without_the_prefix_is_nobodys(world: World) -> None:
    """A neighbouring host, or somebody on an open line, can plant cookies without it."""
    ada, planted = Visitor(world), Visitor(world)
    await ada.sign_in(ADA)
    planted.plant(ada.cookie() or "", "tenantry")
    assert (await planted.get(PROFILE)).status_code == 303


async def test_the_api_never_takes_the_cookie(world: World) -> None:
    ada = Visitor(world)
    await ada.sign_in(ADA)
    secret = ada.cookie() or ""
    for path in ("/current_user", "/tokens/self", "/verify", "/_tenantry/v1/sign-in-policy"):
        assert (await ada.client.get(path)).status_code == 401
        for headers in ({"Fastly-Key": secret}, {"Authorization": f"Bearer {secret}"}):
            answer = await ada.client.get(path, headers=headers)
            assert answer.status_code == 401
    posted = await ada.client.post("/user", data={"login": "new@example.com"})
    assert posted.status_code == 401


async def test_no_key_signs_a_page_in(world: World) -> None:
    for headers in ({"Fastly-Key": ADA.token}, {"Authorization": f"Bearer {ADA.token}"}):
        answer = await Visitor(world).get(PROFILE, **headers)
        assert answer.headers["location"].startswith(SIGN_IN)
    visitor = Visitor(world)
    visitor.plant(ADA.token)
    assert (await visitor.get(PROFILE)).headers["location"].startswith(SIGN_IN)


@pytest.mark.changes_nothing
@pytest.mark.parametrize("value", ["", "x" * 5000, "a b", "%00", '"quoted"', "a=b", "a;b"])
async def test_a_strange_cookie_is_as_none(world: World, value: str) -> None:
    answer = await Visitor(world).get(PROFILE, Cookie=f"__Host-tenantry={value}")
    assert answer.status_code in {303, 431}


async def test_of_two_cookies_of_one_name_the_first_counts(world: World) -> None:
    ada = Visitor(world)
    await ada.sign_in(ADA)
    secret = ada.cookie()
    fresh = Visitor(world)
    good = await fresh.get(PROFILE, Cookie=f"a=b; __Host-tenantry={secret}; __Host-tenantry=x")
    assert good.status_code == 200


async def test_what_stands_in_another_hosts_cookie_is_none_of_ours(world: World) -> None:
    """A host beside may set a cookie for both, but none whose name begins with `__Host-`."""
    ada = Visitor(world)
    await ada.sign_in(ADA)
    for between in (",", ", ", "\x0b"):
        sent = f"a=b{between}__Host-tenantry={ada.cookie()}"
        assert (await Visitor(world).get(PROFILE, Cookie=sent)).status_code == 303, repr(between)


async def test_an_ended_session_is_told_and_its_cookie_taken(world: World) -> None:
    ada = Visitor(world)
    await ada.sign_in(ADA)
    world.clock.turn(13 * 3600 * 1_000_000)
    answer = await ada.get(PROFILE)
    assert answer.headers["location"].endswith("&why=ended")
    assert ada.cookie() is None
    assert "Your session has ended" in (await ada.get(answer.headers["location"])).text
