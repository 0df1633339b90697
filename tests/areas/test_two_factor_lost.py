"""Factors that are lost, kept and left behind: the operator, the database, deleted users."""

from typing import Any

from sqlalchemy import select

from tenantry.core.security_tables import authenticators, passkeys, recovery_codes
from tenantry.core.statements import Statement
from tests.areas.factor_calls import enrol
from tests.areas.test_two_factor import make_token
from tests.console.browser import CONSOLE, Visitor
from tests.console.security_key import SecurityKey
from tests.console.test_passkeys import add
from tests.world import ADA, BEN, EVE, OPERATOR, UMA, World

SECOND = f"{CONSOLE}/second-factor"
_EVERY = [Statement(select(table)) for table in (authenticators, passkeys, recovery_codes)]


def path(user_id: str) -> str:
    return f"/_operator/v1/users/{user_id}/factors"


async def kept(world: World) -> list[list[Any]]:
    """The rows of apps, passkeys and recovery codes."""
    return [await world.app.database.all(statement) for statement in _EVERY]


async def test_an_operator_takes_lost_factors_away(world: World) -> None:
    app, _ = await enrol(world, BEN)
    await enrol(world, UMA)
    ben = Visitor(world)
    await ben.sign_in(BEN)
    await ben.send(SECOND, {"code": app.code()})
    await add(ben, SecurityKey())
    since = len(await world.events())
    assert (await world.ask(OPERATOR, "DELETE", path(BEN.id))).status_code == 204
    told = ["two_factor_auth.disable", "token.destroy", "user.logout"]
    assert await world.actions(since) == told
    assert '"admin":true' in (await world.events())[since][2]
    assert (await ben.get(f"{CONSOLE}/profile")).status_code == 303
    letters = [letter["facts"] for letter in await world.letters()]
    (facts,) = [one for one in letters if "by an operator" in one.get("what", "")]
    # Where the operator sits is nobody's business.
    assert (facts["login"], facts["browser"], facts["address"]) == (BEN.login, "The operator", "")
    assert (await make_token(world)).status_code == 200
    assert (await make_token(world, who=UMA)).status_code == 400
    assert [len(rows) for rows in await kept(world)] == [1, 0, 10]


async def test_taking_away_what_is_not_there_does_nothing(world: World) -> None:
    since = len(await world.events())
    assert (await world.ask(OPERATOR, "DELETE", path(BEN.id))).status_code == 204
    assert await world.actions(since) == []
    assert (await world.ask(OPERATOR, "DELETE", path("0Nobody000000000000000"))).status_code == 404
    for who in (ADA, EVE, BEN):
        assert (await world.ask(who, "DELETE", path(BEN.id))).status_code == 403
    assert (await world.ask(None, "DELETE", path(BEN.id))).status_code == 401


async def test_a_copied_database_shows_no_factor(world: World) -> None:
    app, codes = await enrol(world, BEN)
    text = str(await kept(world))
    assert app.secret not in text
    for code in codes:
        assert code not in text
        assert code.replace("-", "") not in text


async def test_factors_go_with_their_user(world: World) -> None:
    await enrol(world, BEN)
    key = SecurityKey()
    uma = Visitor(world)
    await uma.sign_in(UMA)
    await add(uma, key)
    for who in (BEN, UMA):
        await world.ask(ADA, "DELETE", f"/tokens/{who.token_id}")
        assert (await world.ask(ADA, "DELETE", f"/user/{who.id}")).status_code == 200
    assert await kept(world) == [[], [], []]


async def test_users_do_not_write_these_attributes(world: World) -> None:
    await enrol(world, BEN)
    form = {"two_factor_auth_enabled": "false", "name": "Benjamin"}
    answer = await world.ask(ADA, "PUT", f"/user/{BEN.id}", data=form)
    assert answer.json()["two_factor_auth_enabled"] is True
    assert (await make_token(world)).status_code == 400
