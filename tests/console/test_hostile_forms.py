"""Whatever is sent to a page, a page comes back, and nothing of it as markup."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote_from_bytes, urlsplit

import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenantry.http.operation import Operation
from tests.areas.factor_calls import enrol
from tests.areas.realm_calls import AUTH
from tests.areas.test_invitation_page import link as invitation_link
from tests.areas.test_password_page import link as password_link
from tests.console.browser import CONSOLE, ORIGIN, Visitor, form_token
from tests.console.test_factors import begun
from tests.federation_writes import DOMAINS, PROVIDER, PROVIDERS
from tests.table import OWN, TABLE, every, path_of
from tests.world import ADA, BEN, UMA, World

FEW = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
SHOWN = {name: row for name, row in TABLE.items() if row.wire.name == "page"}
GETS = {name: row for name, row in SHOWN.items() if row.method == "GET"}
FORMS = {
    name: row
    for name, row in TABLE.items()
    # A program's own form gets no page: tests/areas/test_realm_asking.py.
    if row.method == "POST" and f"GET {row.path}" in GETS and row.wire.name != "oauth"
}
MARK = b"\"'><x-mark onload=x-mark "
"""Stands nowhere in an answer unless it was written there as it came."""
NASTY = [
    MARK,
    b"javascript:alert(1)//" + MARK,
    b"/\\evil.example",
    b"//evil.example/" + MARK,
    b"https://evil.example",
    b"/_tenantry/console/profile?" + MARK,
    b"/_tenantry/console/profile\r\nSet-Cookie: a=b",
    b"nul\0in it",
    "\u202eright to left\u0000\ufffe\U0001d4b3".encode(),
    b"{{ 7 * 7 }}{% raw %}${7}",
    b"[]",
    b'{"id": 1, "response": []}',
    b"9" * 4000,
    ADA.login.encode(),
]
SECRET = b"tell-Nobody-of-this-secret"
"""No password: it has no digit."""
SECRETS = {"password", "password_again", "old_password", "code", "otp", "response", "client_secret"}
"""What a form holds that no answer may show again."""
NO_FORMS = [b"", b"&&==", b"%", b"%zz=%", MARK, b"\0\xff", b"a" * 70_000, b"a[]=1&a[b]=2"]
QUERY = ["next", "why", "login", "done", "way", "code", "state", "error", "error_description"]
ASKED = {
    "client_id": b"fastly-cli",
    "redirect_uri": b"http://127.0.0.1:8080/callback",
    "response_type": b"code",
    "code_challenge": b"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "code_challenge_method": b"S256",
    "scope": b"openid",
}
TEXTS = st.text(max_size=40).map(str.encode)
VALUES = st.one_of(
    st.sampled_from(NASTY), TEXTS, TEXTS.map(MARK.__add__), TEXTS.map(lambda value: value + MARK)
)


def encoded(values: Mapping[str, bytes]) -> str:
    """As a form, or as a query."""
    return "&".join(f"{name}={quote_from_bytes(value)}" for name, value in values.items())


def fields_of(row: Operation) -> list[str]:
    """What its form holds."""
    if row.shape is None:
        return []
    return [one.encode_name for one in msgspec.structs.fields(row.shape.struct)]


def assert_tame(answer: httpx.Response) -> None:
    """A page, or the way to another one of this server or of a program on one's own machine."""
    assert answer.status_code < 500, answer.text
    assert "<x-mark" not in answer.text, answer.text
    assert SECRET.decode() not in answer.text + str(answer.headers)
    assert "\"'>" not in answer.text, answer.text
    if answer.status_code == 303:
        place = urlsplit(answer.headers["location"])
        assert (place.scheme, place.netloc) in {("", ""), ("http", "127.0.0.1:8080")}
        assert place.path.startswith(("/_tenantry/console/", "/callback", "/realms/"))
        assert not place.path.startswith("//")
    else:
        assert answer.headers["content-type"] == "text/html; charset=utf-8", answer.text


SECOND = f"{CONSOLE}/second-factor"
COMPANY = f"{CONSOLE}/company"
CONSENT = (AUTH, f"{CONSOLE}/consent")


@dataclass
class Attacker:
    """Somebody who sends anything at all to one page, from a browser that may open it."""

    world: World
    row: Operation
    path: str
    visitor: Visitor = field(init=False)

    async def come_in(self) -> None:
        """Sign in, as far as the page wants it, if it was not done or is over."""
        who = UMA if self.path == SECOND else BEN
        self.visitor = Visitor(self.world)
        await self.visitor.sign_in(ADA if self.path.startswith(COMPANY) else who)

    async def post(self, content: bytes) -> httpx.Response:
        """Send that as a form."""
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Origin": ORIGIN}
        return await self.visitor.client.post(self.path, content=content, headers=kind)

    async def token(self) -> bytes:
        """What lets a form in."""
        place = SECOND if self.path == SECOND else f"{CONSOLE}/profile"
        found = await self.visitor.get(place)
        if found.status_code == 303:
            await self.come_in()
            found = await self.visitor.get(place)
        return form_token(found).encode()


async def single_sign_on(world: World) -> dict[str, str]:
    """A provider and a domain, so that their pages are there."""
    await world.sudo(ADA)
    provider = await world.ask(ADA, "POST", PROVIDERS, json=PROVIDER)
    claimed = await world.ask(ADA, "POST", DOMAINS, json={"domain": OWN["domain"]})
    return {"identity_provider_id": provider.json()["id"], "domain": claimed.json()["domain"]}


@pytest.fixture
async def attacker(world: World, row: Operation) -> Attacker:
    """Where every page can be reached: links work, and Uma is asked for a second factor."""
    parts = await single_sign_on(world) if row.path.startswith(COMPANY) else {}
    path = path_of(row, OWN, token_id=BEN.token_id, **parts)
    if "/password/{code}" in row.path:
        path = await password_link(world)
    if "/invitation/{code}" in row.path:
        path = await invitation_link(world)
    if path == SECOND:
        await enrol(world, UMA)
    if path in CONSENT:
        path += f"?{encoded(ASKED)}"
    attacker = Attacker(world, row, path)
    await attacker.come_in()
    if path.startswith(COMPANY):
        assert (await attacker.visitor.get(path)).status_code == 200
    if "/authenticator/" in row.path:
        attacker.path, _ = await begun(world, attacker.visitor)
    return attacker


@every(FORMS)
@FEW
@given(data=st.data())
async def test_a_form_of_anything_is_answered_with_a_page(
    attacker: Attacker, data: st.DataObject
) -> None:
    names = st.sampled_from([*fields_of(attacker.row), "unknown"])
    values = data.draw(st.dictionaries(names, VALUES, max_size=6))
    values |= {name: SECRET for name in SECRETS & values.keys() if data.draw(st.booleans())}
    token = {"form_token": await attacker.token()}
    assert_tame(await attacker.post(encoded(token | values).encode()))


@every(GETS)
@FEW
@given(data=st.data())
async def test_a_query_of_anything_is_answered_with_a_page(
    attacker: Attacker, data: st.DataObject
) -> None:
    asked = ASKED if attacker.row.path in CONSENT else {}
    names = st.sampled_from([*QUERY, *asked])
    values = asked | data.draw(st.dictionaries(names, VALUES, max_size=4))
    place = f"{attacker.path.partition('?')[0]}?{encoded(values)}"
    for visitor in (Visitor(attacker.world), attacker.visitor):
        assert_tame(await visitor.client.get(place))


@every(FORMS)
async def test_bytes_that_are_no_form_are_answered_with_a_page(attacker: Attacker) -> None:
    broken = [f"{name}=%FF%ED%A0%80".encode() for name in fields_of(attacker.row)]
    for content in (*NO_FORMS, *broken):
        assert_tame(await attacker.post(content))
        assert_tame(await attacker.post(b"form_token=" + await attacker.token() + b"&" + content))
