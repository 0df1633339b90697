"""What the door does itself: headers, bodies that do not come, and what it sends of an answer."""

import asyncio
from typing import Any

import pytest

from tenantry.core.addresses import parse_networks
from tenantry.http.message import Query, Request, Response
from tenantry.http.routes import Routes
from tenantry.http.server import Door
from tests.world import ADA, World

PROXY = "192.0.2.10"
LONG = b"x" * 5000


async def tell(request: Request) -> Response:
    """Who asked and where, and enough to be compressed."""
    told = f"{request.client} {Query(request).link({})}\n"
    return Response(200, told.encode() + LONG, "text/plain")


class Answered:
    """An answer as ASGI sends it."""

    def __init__(self, sent: list[Any]) -> None:
        self.status = sent[0]["status"]
        self.headers = [(name.decode(), value.decode()) for name, value in sent[0]["headers"]]
        self.body = sent[1]["body"]

    def header(self, name: str) -> list[str]:
        return [value for given, value in self.headers if given == name]

    @property
    def client(self) -> str:
        return str(self.body.split()[0].decode())


async def knock(
    door: Door, *headers: tuple[str, str], method: str = "GET", messages: Any = ()
) -> list[Any]:
    """Ask a door; it waits for ever for what stands behind the messages."""
    waiting = list(messages)
    sent: list[Any] = []

    async def receive() -> Any:
        return waiting.pop(0) if waiting else await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": "/x",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers],
        "client": (PROXY, 1),
        "scheme": "http",
    }
    await door(scope, receive, send)
    return sent


WHOLE = ({"type": "http.request", "body": b""},)


async def ask(*headers: tuple[str, str], method: str = "GET", origins: str = "") -> Answered:
    door = Door(tell, parse_networks("192.0.2.0/24"), origins)
    return Answered(await knock(door, *headers, method=method, messages=WHOLE))


@pytest.mark.parametrize(
    ("lines", "client"),
    [
        (["203.0.113.5", "198.51.100.7", "192.0.2.99"], "198.51.100.7"),
        (["203.0.113.5, 198.51.100.7", "192.0.2.99"], "198.51.100.7"),
        (["198.51.100.7, unknown, 192.0.2.99"], "198.51.100.7"),
        (["198.51.100.7:4711"], "198.51.100.7"),
        (["[2001:DB8::7]:4711"], "2001:db8::7"),
        (["unknown, _hidden, fe80::1%<b>, "], PROXY),
        ([""], PROXY),
    ],
)
async def test_the_client_is_the_last_address_that_is_no_proxys(
    lines: list[str], client: str
) -> None:
    answer = await ask(*(("x-forwarded-for", line) for line in lines))
    assert answer.client == client


@pytest.mark.parametrize("messages", [(), ({"type": "http.request", "more_body": True},)])
async def test_a_body_that_does_not_arrive_is_not_waited_for(messages: Any) -> None:
    door = Door(tell, patience=0.01)
    answer = Answered(await knock(door, method="POST", messages=messages))
    assert (answer.status, answer.body) == (408, b'{"msg":"Request timeout"}')
    assert answer.header("connection") == ["close"]
    assert answer.header("content-type") == ["application/json"]


async def test_half_a_body_of_a_client_that_is_gone_is_not_acted_on() -> None:
    half = {"type": "http.request", "body": b"login=a", "more_body": True}
    assert (
        await knock(Door(tell), method="POST", messages=(half, {"type": "http.disconnect"})) == []
    )


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip", ["gzip"]),
        ("br, GZIP;q=0.5", ["gzip"]),
        ("*", ["gzip"]),
        ("*;q=0, gzip", ["gzip"]),
        ("gzip;q=0", []),
        ("gzip; q=0.000, *", []),
        ("*;q=0.0", []),
        ("br, not-gzip", []),
        ("", []),
    ],
)
async def test_an_answer_is_compressed_for_those_who_take_it(
    accepted: str, encoding: list[str]
) -> None:
    answer = await ask(("accept-encoding", accepted))
    assert answer.header("content-encoding") == encoding


async def test_headers_have_a_limit_in_sum() -> None:
    lines = [(f"x-{number:04}", "v" * 1018) for number in range(32)]
    assert (await ask(*lines)).status == 200
    answer = await ask(*lines, ("a", ""))
    assert (answer.status, answer.body) == (431, b'{"msg":"Request header fields too large"}')
    assert answer.header("connection") == ["close"]


async def test_a_body_over_the_limit_ends_the_connection(world: World) -> None:
    answer = await world.ask(ADA, "POST", "/user", content=b"x" * (1 << 20 | 1))
    assert (answer.status_code, answer.headers["connection"]) == (413, "close")
    answer = await world.ask(ADA, "GET", "/current_user")
    assert "connection" not in answer.headers


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
@pytest.mark.parametrize("origin", ["https://a.example.com", "https://b.example.com", None])
async def test_every_answer_varies_by_origin_where_some_are_let_in(
    method: str, origin: str | None
) -> None:
    headers = () if origin is None else (("origin", origin),)
    answer = await ask(*headers, method=method, origins="https://a.example.com")
    assert answer.header("vary") == ["Accept-Encoding", "Origin"]
    assert (await ask(*headers, method=method)).header("vary") == ["Accept-Encoding"]


@pytest.mark.parametrize("name", ["host", "x-forwarded-host"])
@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("api.example.com:8080", "api.example.com:8080"),
        ("[2001:db8::1]", "[2001:db8::1]"),
        ('x>; rel="next", <http://evil.example.com', "localhost"),
        ("a.example.com/path", "localhost"),
        ("user@example.com", "localhost"),
        ("a.example.com\n", "localhost"),
    ],
)
async def test_links_repeat_only_what_can_be_a_host(name: str, host: str, told: str) -> None:
    answer = await ask((name, host))
    assert answer.body.startswith(f"{PROXY} http://{told}/x?\n".encode())


async def test_a_login_may_hold_slashes(world: World) -> None:
    await world.ask(ADA, "POST", "/user", data={"login": "a/b@example.com"})
    for login in ("a/b@example.com", "a%2Fb@example.com"):
        path = f"/user/{login}/password/request_reset"
        assert (await world.ask(ADA, "POST", path)).json() == {"status": "ok"}, login
        assert (await world.ask(ADA, "GET", path)).status_code == 405


def test_only_a_login_spans_segments() -> None:
    routes = Routes()
    routes.add("POST", "/user/{user_login}/password/request_reset", "reset")
    routes.add("GET", "/user/{user_id}/password/other", "other")
    routes.add("GET", "/user/{user_login}", "one")
    found = routes.find("/user/a/b/c@example.com/password/request_reset/")
    assert found == ({"POST": ("reset", ("user_login",))}, ["a/b/c@example.com"])
    for path in (
        "/user//password/request_reset",
        "/user/password/request_reset",
        "/user/a/b/password/other",
        "/users/a/b/password/request_reset",
        "/user/a/b",
    ):
        assert routes.find(path) is None, path
