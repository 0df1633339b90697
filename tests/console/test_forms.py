"""Forms: only what this server gave to this browser is taken back."""

import pytest

from tests.console.browser import CONSOLE, ORIGIN, Visitor, form_token
from tests.world import ADA, BEN, PASSWORD, World

SIGN_IN, PROFILE = f"{CONSOLE}/sign-in", f"{CONSOLE}/profile"
ADAS = {"login": ADA.login, "password": PASSWORD}


async def signed_in(world: World) -> Visitor:
    ada = Visitor(world)
    await ada.sign_in(ADA)
    return ada


async def name_of(world: World) -> str:
    return str((await world.ask(ADA, "GET", "/current_user")).json()["name"])


async def test_a_form_without_its_field_does_nothing(world: World) -> None:
    ada = await signed_in(world)
    for form in (
        {"name": "Changed"},
        {"name": "Changed", "form_token": ""},
        {"name": "Changed", "form_token": "0" * 16 + "." + "0" * 64},
        {"name": "Changed", "form_token": "é" * 40},
        {"name": "Changed", "form_token": "."},
    ):
        answer = await ada.post(PROFILE, form)
        assert (answer.status_code, "out of date" in answer.text) == (403, True), form
    assert await name_of(world) == "Ada"


async def test_a_field_of_another_session_is_worth_nothing(world: World) -> None:
    ada, ben = await signed_in(world), Visitor(world)
    await ben.sign_in(BEN)
    bens = form_token(await ben.get(PROFILE))
    assert (await ada.post(PROFILE, {"name": "X", "form_token": bens})).status_code == 403
    again = await signed_in(world)
    adas_other = form_token(await again.get(PROFILE))
    assert (await ada.post(PROFILE, {"name": "X", "form_token": adas_other})).status_code == 403
    assert await name_of(world) == "Ada"


async def test_a_field_from_before_signing_in_is_worth_nothing_after(world: World) -> None:
    ada = Visitor(world)
    early = form_token(await ada.get(SIGN_IN))
    await ada.sign_in(ADA)
    assert (await ada.post(PROFILE, {"name": "X", "form_token": early})).status_code == 403


async def test_the_field_is_another_one_each_time_and_each_is_good(world: World) -> None:
    ada = await signed_in(world)
    fields = {form_token(await ada.get(PROFILE)) for _ in range(3)}
    assert len(fields) == 3
    for field in fields:
        answer = await ada.post(PROFILE, {"name": "Ada", "form_token": field})
        assert answer.status_code == 303


async def test_nobody_is_signed_in_by_another_sites_form(world: World) -> None:
    """An attacker's own field does not fit the victim's browser."""
    attacker, victim = Visitor(world), Visitor(world)
    stolen = form_token(await attacker.get(SIGN_IN))
    await victim.get(SIGN_IN)
    answer = await victim.post(SIGN_IN, {**ADAS, "form_token": stolen})
    assert (answer.status_code, victim.cookie()) == (403, None)
    bare = Visitor(world)
    assert (await bare.post(SIGN_IN, {**ADAS, "form_token": stolen})).status_code == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 303),
        ({"Sec-Fetch-Site": "none"}, 303),
        ({"Sec-Fetch-Site": "cross-site", "Origin": ORIGIN}, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": ORIGIN}, 403),
        ({"Sec-Fetch-Site": "", "Origin": ORIGIN}, 403),
        ({"Origin": ORIGIN}, 303),
        ({"Origin": "null"}, 303),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://accounts.example.com"}, 403),
        ({"Origin": f"{ORIGIN}:8443"}, 403),
        ({"Origin": f"{ORIGIN}.evil.example"}, 403),
        ({"Origin": ""}, 403),
    ],
)
async def test_a_form_comes_from_this_server(
    world: World, headers: dict[str, str], status: int
) -> None:
    ada = await signed_in(world)
    field = form_token(await ada.get(PROFILE))
    answer = await ada.post(PROFILE, {"name": "Changed", "form_token": field}, **headers)
    assert answer.status_code == status, answer.text
    assert await name_of(world) == ("Changed" if status == 303 else "Ada")


async def test_a_page_takes_forms_only(world: World) -> None:
    ada = await signed_in(world)
    field = form_token(await ada.get(PROFILE))
    for kind in ("application/json", "multipart/form-data; boundary=x", "text/plain"):
        answer = await ada.client.post(
            PROFILE, content=f"form_token={field}&name=X", headers={"Content-Type": kind}
        )
        assert (answer.status_code, "<h1>Unsupported media type" in answer.text) == (415, True)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 403),
        (b"&&&===", 403),
        (b"form_token=%ff%fe", 400),
        (b"\xff\xfe", 400),
        (b"a=1&" * 5000, 400),
        (b"name=" + b"x" * (1 << 20), 413),
        (b"form_token=" + b"x" * 100_000, 403),
    ],
)
async def test_hostile_forms_are_refused_on_a_page(world: World, body: bytes, status: int) -> None:
    ada = await signed_in(world)
    for path in (PROFILE, SIGN_IN):
        answer = await ada.client.post(
            path, content=body, headers={"Content-Type": "application/x-www-form-urlencoded"}
        )
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert await name_of(world) == "Ada"


@pytest.mark.parametrize("name", ["a%00b", "%ff", "x" * 300, "", "+++"])
async def test_hostile_values_in_a_good_form_change_nothing(world: World, name: str) -> None:
    ada = await signed_in(world)
    field = form_token(await ada.get(PROFILE))
    answer = await ada.client.post(
        PROFILE,
        content=f"form_token={field}&name={name}",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 400
    assert await name_of(world) == "Ada"


async def test_what_is_shown_again_is_text(world: World) -> None:
    ada = await signed_in(world)
    hostile = '"><script>alert(1)</script>'
    answer = await ada.send(PROFILE, {"name": hostile})
    assert answer.status_code == 303
    page = (await ada.get(PROFILE)).text
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page
    wrong = await Visitor(world).sign_in(hostile, "x")
    assert "<script" not in wrong.text
