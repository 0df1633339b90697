"""A person who leaves traces wherever one can, and how what is left of them is looked for."""

from typing import Any

import httpx
from sqlalchemy import select

from tenantry.core.columns import metadata
from tenantry.core.statements import Statement
from tests.areas.invitation_calls import accept, codes, invite, token, user_called
from tests.world import ADA, BEN, OPERATOR, WIDGETS, World

NINA = "nina@example.com"
HOME = "203.0.113.77"
TRACES = (NINA, "nordström", "nina ek", "+1-555-0177", HOME)
"""Folded: what must be nowhere once she is erased."""
_ROWS = {name: Statement(select(table)) for name, table in metadata.tables.items()}


async def live_and_leave(world: World) -> str:
    """Nina is invited, joins, changes her name, and is deleted; her id."""
    await invite(world, email=NINA)
    (code,) = await codes(world, NINA)
    assert await accept(world, code, "Nina Nordström") == (200, {"status": "ok"})
    nina = (await user_called(world, NINA))["id"]
    await _sign_in_from_home(world, nina)
    form = {"contact_type": "primary", "user_id": nina, "phone": "+1-555-0177"}
    await _done(world, "POST", f"/customer/{WIDGETS}/contacts", data=form)
    named = {"contact_type": "emergency", "name": "Nina Ek", "email": NINA.upper()}
    await _done(world, "POST", f"/customer/{WIDGETS}/contacts", data=named)
    await _done(world, "PUT", f"/user/{nina}", data={"name": "Nina Ek"})
    await _done(world, "PUT", f"/user/{BEN.id}", data={"name": "Benjamin"})
    await _done(world, "POST", f"/user/{NINA}/password/request_reset")
    for key in (await world.ask(ADA, "GET", f"/customer/{WIDGETS}/tokens")).json():
        if key["user_id"] == nina:
            await _done(world, "DELETE", f"/tokens/{key['id']}")
    await _done(world, "DELETE", f"/user/{nina}")
    return str(nina)


async def _sign_in_from_home(world: World, nina: str) -> None:
    key = await token(world, NINA)
    transport = httpx.ASGITransport(app=world.app, client=(HOME, 50_000))
    async with httpx.AsyncClient(transport=transport, base_url="http://api.example.com") as home:
        for form in ({"name": "Nina Nordström "}, {"name": "N. Nordström"}):
            answer = await home.put(f"/user/{nina}", headers={"Fastly-Key": key}, data=form)
            assert answer.status_code == 200, answer.text


async def _done(world: World, method: str, path: str, **more: Any) -> None:
    answer = await world.ask(ADA, method, path, **more)
    assert answer.status_code in {200, 204}, answer.text


async def erase(world: World, who: Any = OPERATOR, **body: str) -> tuple[int, Any]:
    """Ask for an erasure."""
    answer = await world.ask(who, "POST", "/_operator/v1/erasures", json=body)
    return answer.status_code, answer.json()


async def stored(world: World) -> str:
    """Everything that the database holds, folded."""
    rows = {name: await world.app.database.all(one) for name, one in _ROWS.items()}
    return str(rows).casefold()
