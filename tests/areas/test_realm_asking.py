"""What programs may ask for, and where they are told that they may not."""

from pathlib import Path
from urllib.parse import parse_qsl

import msgspec
import pytest

from tenantry.app import Application
from tenantry.http.log import RequestLog
from tests.areas.realm_calls import (
    ASKED,
    AUTH,
    LISTENER,
    Program,
    address,
    answered,
    deciding,
    onward,
    program,
)
from tests.console.browser import ORIGIN, Visitor, form_token
from tests.world import ADA, WIDGETS, TurnedClock, World, settings

ELSEWHERE = (
    "https://evil.example/callback",
    "http://localhost:8080/callback/",
    "http://localhost:8080/callback#x",
    "http://localhost:8080/callback?x=y",
    "http://localhost:8080/callbac%6b",
    "http://localhost:8080/%63allback",
    "http://localhost:8080/callback/../x",
    "http://localhost:8080/callback ",
    "http://localhost:8080/callback\n",
    "http://localhost:8081/callback",
    "http://localhost/callback",
    "http://LOCALHOST:8080/callback",
    "https://localhost:8080/callback",
    "http://localhost:8080@evil.example/callback",
    "http://localhost:8080%40evil.example/callback",
    "http://localhost.evil.example:8080/callback",
    "http://evil.example\\@localhost:8080/callback",
    "http://user@127.0.0.1:9/callback",
    "http://127.0.0.1:9@evil.example/callback",
    "http://127.0.0.1.evil.example/callback",
    "http://127.0.0.1:9/callback?code=x",
    "http://127.0.0.1:9/callback#",
    "http://127.0.0.1:9//evil.example/callback",
    "http://127.0.0.1:99999/callback",
    "http://127.0.0.1:0/callback",
    "http://127.0.0.1:/callback",
    "http://127.0.0.1:٩/callback",
    "http://127.0.0.2:9/callback",
    "http://127.1/callback",
    "http://2130706433/callback",
    "http://0.0.0.0:9/callback",
    "http://[::]:9/callback",
    "http://[::1%25eth0]:9/callback",
    "http://[::ffff:127.0.0.1]:9/callback",
    "//127.0.0.1:9/callback",
    "javascript:alert(1)//http://localhost:8080/callback",
    "",
)
HERE = (
    LISTENER,
    "http://127.0.0.1/callback",
    "http://127.0.0.1:1/callback",
    "http://127.0.0.1:65535/callback",
    "http://[::1]/callback",
    "http://[::1]:49152/callback",
)


@pytest.mark.parametrize("place", ELSEWHERE)
async def test_nobody_is_ever_sent_elsewhere(world: World, place: str) -> None:
    cli = await program(world)
    for more in ({}, {"response_type": "token"}, {"prompt": "none"}):
        answer = await cli.open(redirect_uri=place, **more)
        assert (answer.status_code, answer.headers.get("location")) == (400, None)
        assert "not on your own computer" in answer.text
    form = {"form_token": form_token(await cli.open()), "decision": "allow"}
    answer = await cli.browser.post(deciding(redirect_uri=place), form)
    assert (answer.status_code, answer.headers.get("location")) == (400, None)


@pytest.mark.parametrize("place", HERE)
async def test_a_program_on_this_machine_is_answered_on_any_port(world: World, place: str) -> None:
    cli = await program(world)
    page = await cli.open(redirect_uri=place)
    allowed = "http:" if "[" in place else place.removesuffix("/callback")
    assert f"form-action 'self' {allowed};" in page.headers["content-security-policy"]
    answer = await cli.allow(redirect_uri=place)
    assert answer.headers["location"].startswith(f"{place}?")


@pytest.mark.parametrize("client", [None, "", "fastly", "fastly-cli ", "FASTLY-CLI", "<b>"])
async def test_an_unknown_program_is_told_nothing(world: World, client: str | None) -> None:
    cli = await program(world)
    answer = await cli.open(client_id=client)
    assert (answer.status_code, answer.headers.get("location")) == (400, None)
    assert "names no program" in answer.text


async def test_an_address_that_says_where_to_twice_is_refused(world: World) -> None:
    cli = await program(world)
    for again in ("redirect_uri=https://evil.example/", "client_id=fastly-cli"):
        answer = await cli.browser.get(f"{address()}&{again}")
        assert (answer.status_code, answer.headers.get("location")) == (400, None)


REFUSED = (
    ({"response_type": None}, "invalid_request"),
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"response_type": "code id_token"}, "unsupported_response_type"),
    ({"response_mode": "fragment"}, "invalid_request"),
    ({"response_mode": "form_post"}, "invalid_request"),
    ({"scope": None}, "invalid_scope"),
    ({"scope": "profile email"}, "invalid_scope"),
    ({"code_challenge": None}, "invalid_request"),
    ({"code_challenge": "short"}, "invalid_request"),
    ({"code_challenge": f"{'a' * 42}="}, "invalid_request"),
    ({"code_challenge": "a" * 44}, "invalid_request"),
    # Without a method it would be "plain", which proves nothing to who can read the address.
    ({"code_challenge_method": None}, "invalid_request"),
    ({"code_challenge_method": "plain"}, "invalid_request"),
    ({"code_challenge_method": "s256"}, "invalid_request"),
    ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
    ({"prompt": "none login"}, "invalid_request"),
    ({"prompt": "create"}, "invalid_request"),
    ({"max_age": "-1"}, "invalid_request"),
    ({"max_age": "soon"}, "invalid_request"),
    ({"max_age": "9" * 40}, "invalid_request"),
    ({"request": "x.y.z"}, "request_not_supported"),
    ({"request_uri": "https://evil.example/"}, "request_uri_not_supported"),
    ({"registration": "{}"}, "registration_not_supported"),
    ({"nonce": "n" * 513}, "invalid_request"),
)


@pytest.mark.changes_nothing
@pytest.mark.parametrize(("changes", "error"), REFUSED)
async def test_a_program_is_told_what_is_wrong(
    world: World, changes: dict[str, str | None], error: str
) -> None:
    cli = Program(world)
    told = answered(await cli.open(state="s", **changes))
    assert (told["error"], told["state"]) == (error, "s")
    assert told["iss"] == f"{ORIGIN}/realms/fastly"
    assert "code" not in told
    # Told in letters that need no care (RFC 6749 §4.1.2.1).
    assert told["error_description"].isascii()
    assert not set('"\\') & set(told["error_description"])


@pytest.mark.parametrize(
    "audience",
    [None, "https://other.example.com", f"{ORIGIN}.evil.example", f"{ORIGIN}//", "<script>"],
)
async def test_who_calls_another_server_reads_what_to_set(
    world: World, audience: str | None
) -> None:
    page = await (await program(world)).open(audience=audience, state="s")
    assert page.status_code == 400
    assert f"FASTLY_API_ENDPOINT={ORIGIN}<" in page.text
    assert "<script>" not in page.text
    place, _, query = onward(page, seconds=20).partition("?")
    told = dict(parse_qsl(query))
    assert (place, told["error"], told["state"]) == (LISTENER, "invalid_target", "s")


@pytest.mark.parametrize(
    ("public_url", "place", "is_taken"),
    [
        ("http://localhost:8080", LISTENER, True),
        ("http://127.0.0.1:8080", LISTENER, True),
        ("http://[::1]:49152", "http://127.0.0.1:49152/callback", True),
        ("http://127.0.0.1", "http://[::1]/callback", True),
        ("http://127.0.0.1:8081", LISTENER, False),
        ("https://accounts.example.com:8080", LISTENER, False),
    ],
)
async def test_a_program_and_this_server_do_not_listen_at_one_place(
    database_url: str, tmp_path: Path, public_url: str, place: str, *, is_taken: bool
) -> None:
    """The server's own port, if nothing else is said, is the one where the command line listens."""
    given = msgspec.structs.replace(settings(database_url), public_url=public_url)
    app = Application(given, TurnedClock(), log=RequestLog(enabled=False))
    await app.start()
    world = World(app, TurnedClock(), app.database.dialect, tmp_path / "log")
    cli = Program(world)
    cli.browser = Visitor(world, origin=public_url)
    answer = await cli.open(redirect_uri=place, audience=public_url)
    assert answer.status_code == (409 if is_taken else 303)
    assert ("on another port" in answer.text) == is_taken
    await world.stop()


async def test_a_form_asks_as_an_address_does(world: World) -> None:
    """As a page of another site's sends it: without cookies, and without a field of ours."""
    cli = await program(world)
    since, asked = len(await world.events()), {**ASKED, "state": "x y&z=é\r\nX-Y: z"}
    sent = {"Origin": "https://other.example.com", "Sec-Fetch-Site": "cross-site"}
    answer = await world.ask(None, "POST", AUTH, data=asked, headers=sent)
    assert (answer.status_code, answer.headers["location"]) == (303, address(state=asked["state"]))
    assert "Allow" in (await cli.browser.get(answer.headers["location"])).text
    assert answered(await cli.allow(state=asked["state"]))["state"] == asked["state"]
    assert await world.actions(since) == ["grant.create"]
    # Nothing that an address may not ask for, and nothing that only the page's own form says.
    for wrong, status in (
        ({"redirect_uri": "https://evil.example/callback"}, 400),
        ({"decision": "allow", "form_token": form_token(await cli.open())}, 200),
    ):
        place = (await world.ask(None, "POST", AUTH, data=ASKED | wrong)).headers["location"]
        assert (await cli.browser.get(place)).status_code == status
    twice = f"{address().partition('?')[2]}&audience=x"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await world.ask(None, "POST", AUTH, content=twice, headers=form)
    told = answered(await cli.browser.get(answer.headers["location"]))
    assert told["error"] == "invalid_request"
    for bad in ({"json": ASKED}, {"content": b"state=%ff", "headers": form}):
        answer = await world.ask(None, "POST", AUTH, **bad)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert await world.actions(since + 1) == []


async def test_a_parameter_that_is_given_twice_is_refused(world: World) -> None:
    cli = await program(world)
    for name in ("code_challenge", "audience", "nonce"):
        answer = await cli.browser.get(f"{address(nonce='n')}&{name}={ASKED.get(name, 'm')}")
        assert answered(answer)["error"] == "invalid_request"


async def test_what_is_refused_when_looked_at_is_refused_when_agreed_to(world: World) -> None:
    cli = await program(world)
    since = len(await world.events())
    form = {"form_token": form_token(await cli.open()), "decision": "allow"}
    answer = await cli.browser.post(deciding(code_challenge_method="plain"), form)
    assert answered(answer)["error"] == "invalid_request"
    world.clock.turn(1_000_000)
    answer = await cli.browser.post(deciding(prompt="login"), form)
    assert "sign-in" in answer.headers["location"]
    assert await world.actions(since) == []


async def test_only_a_button_agrees(world: World) -> None:
    cli = await program(world)
    since = len(await world.events())
    page = await cli.open()
    for decision in ("", "yes", "ALLOW"):
        form = {"form_token": form_token(page), "decision": decision}
        answer = await cli.browser.post(deciding(), form)
        assert "code=" not in answer.headers.get("location", ""), decision
    answer = await cli.browser.post(deciding(), {"form_token": form_token(page)})
    assert answered(answer)["error"] == "access_denied"
    assert await world.actions(since) == []


async def test_no_key_agrees(world: World) -> None:
    """Pages go by their cookie, whatever else is sent."""
    cli = Program(world)
    since = len(await world.events())
    page = await cli.browser.get(address(), **{"Fastly-Key": ADA.token})
    assert page.status_code == 303
    answer = await cli.browser.post(
        deciding(), {"decision": "allow"}, Authorization=f"Bearer {ADA.token}"
    )
    assert answer.status_code == 403
    assert await world.actions(since) == []


async def test_the_page_is_shown_in_no_frame_and_kept_nowhere(world: World) -> None:
    cli = await program(world)
    page = await cli.open()
    assert page.headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert "script-src" not in page.headers["content-security-policy"]
    assert (page.headers["cache-control"], page.headers["referrer-policy"]) == (
        "no-store",
        "no-referrer",
    )
    hostile = await cli.open(login_hint='"><script>alert(1)</script>@example.com')
    assert "<script>alert" not in hostile.text


async def test_an_address_that_is_not_allowed_agrees_to_nothing(world: World) -> None:
    cli = await program(world)
    changed = await world.ask(
        ADA, "PUT", f"/customer/{WIDGETS}", data={"ip_whitelist": "192.0.2.10"}
    )
    assert changed.status_code == 200
    other = Program(world)
    other.browser = Visitor(world, address="198.51.100.7")
    other.browser.client.cookies = cli.browser.client.cookies
    assert (await other.open()).status_code == 403
    form = {"form_token": form_token(await cli.open()), "decision": "allow"}
    assert (await other.browser.post(deciding(), form)).status_code == 403
