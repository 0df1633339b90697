"""Who holds a permission: complete, with the ways, page by page, at any moment."""

import time
from typing import Any

from sqlalchemy import insert

from tenantry.core import schema
from tenantry.core.chain import canonical
from tenantry.core.permissions import ROLE_IDS
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tests.access.asking import asked, changed, head, make_group
from tests.world import ADA, API, BEN, BOT, LIM, OPERATOR, OTHER, SUE, UMA, WIDGETS, WWW, World


def names(page: dict[str, list[dict[str, dict[str, str]]]]) -> list[str]:
    return [one["subject"].get("name", "") for one in page["data"]]


async def test_everybody_who_holds_it_is_listed_with_every_way(world: World) -> None:
    await make_group(world, LIM.id, BEN.id, roles=(ROLE_IDS["engineer"],), services=(WWW,))
    page = await asked(world, "who", permission="service.purge_all", service="www")
    assert names(page) == ["Bot's token", "Ada", "Ben", "Lim", "Sue"]
    ways = {one["subject"]["name"]: [way["summary"] for way in one["ways"]] for one in page["data"]}
    by_group = "the role engineer in the user group On call for the service group Storefront"
    assert ways["Ben"] == ["the role engineer", by_group]
    assert ways["Lim"] == [by_group]
    elsewhere = await asked(world, "who", permission="service.purge_all", service=API)
    assert names(elsewhere) == ["Bot's token", "Ada", "Ben", "Sue"]
    assert page["meta"]["next_cursor"] == ""


async def test_a_form_of_a_permission_can_be_asked_for(world: World) -> None:
    whole = await asked(world, "who", permission="invitation.create")
    assert names(whole) == ["Ada", "Sue"]
    own = await asked(world, "who", permission="invitation.create:own")
    assert names(own) == ["Ada", "Ben", "Sue"]
    assert own["data"][1]["held"] == ["invitation.create:own"]


async def test_pages_are_of_one_moment_whatever_happens_between_them(world: World) -> None:
    first = await asked(world, "who", permission="service.create", limit=2)
    assert names(first) == ["Bot's token", "Ada"]
    await changed(world, "PUT", f"/user/{BEN.id}", data={"role": "user"})
    await changed(world, "PUT", f"/user/{UMA.id}", data={"role": "engineer"})
    more: dict[str, Any] = {"permission": "service.create", "limit": 2}
    second = await asked(world, "who", **more, cursor=first["meta"]["next_cursor"])
    third = await asked(world, "who", **more, cursor=second["meta"]["next_cursor"])
    assert names(second) + names(third) == ["Ben", "Lim", "Sue"]
    assert third["meta"]["as_of"] == first["meta"]["as_of"]
    assert third["meta"]["next_cursor"] == ""
    assert names(await asked(world, "who", permission="service.create")) == [
        "Bot's token",
        "Ada",
        "Lim",
        "Sue",
        "Uma",
    ]  # fmt: skip - a list of names


async def test_a_cursor_is_of_its_own_question(world: World) -> None:
    """Else those before its place would be missing from the answer to another one."""
    of: dict[str, Any] = {"permission": "service.create", "limit": 2}
    first = await asked(world, "who", **of)
    of["cursor"] = first["meta"]["next_cursor"]
    others: list[dict[str, Any]] = [
        {"permission": "service.read"},
        {"permission": "service.create", "at": await head(world)},
    ]
    for other in others:
        await asked(world, "who", ADA, 400, **(of | other))
    await asked(world, "who", OPERATOR, 400, **of, customer_id=OTHER)
    on = await asked(world, "who", permission="service.read", service="www", limit=2)
    of = {"permission": "service.read", "limit": 2, "cursor": on["meta"]["next_cursor"]}
    assert names(await asked(world, "who", **of, service=WWW))
    for other in ({}, {"service": "api"}):
        await asked(world, "who", ADA, 400, **of, **other)


async def test_a_past_moment_lists_who_held_it_then(world: World) -> None:
    before = await head(world)
    await changed(world, "DELETE", f"/tokens/{BOT.token_id}")
    await changed(world, "PUT", f"/user/{SUE.id}", data={"locked": "true"})
    page = await asked(world, "who", permission="service.create")
    assert names(page) == ["Ada", "Ben", "Lim"]
    page = await asked(world, "who", permission="service.create", at=before)
    # What is gone has no name any more, but it is there.
    assert names(page) == ["", "Ada", "Ben", "Lim", "Sue"]
    assert page["data"][0]["subject"]["id"] == BOT.token_id
    # An offset's plus that nobody encoded is a blank; so is what may stand between date and time.
    for now in ("2026-03-01 12:00:00 0200", "2026-03-01t10:00:00z"):
        assert names(await asked(world, "who", permission="service.create", at=now)) == [
            *("Ada", "Ben", "Lim")
        ]


async def test_who_does_not_see_users_may_not_ask(world: World) -> None:
    for who in (BEN, UMA, LIM, BOT):
        await asked(world, "who", who, 403, permission="service.create")
    await asked(world, "who", OPERATOR, permission="service.create", customer_id=WIDGETS)


async def test_garbled_cursors_are_refused(world: World) -> None:
    for cursor in ("x", "W10", "WzEsMiwzLDRd", "WzkyMjMzNzIwMzY4NTQ3NzU4MDgwLDEsInVzZXIiLCJ4Il0"):
        await asked(world, "who", ADA, 400, permission="service.create", cursor=cursor)


_ADD = Statement(insert(schema.revisions))
MANY = 10_000


async def test_ten_thousand_users_are_searched_within_two_seconds(world: World) -> None:
    """Nobody among them may, and each is limited in a way of his own: the worst there is."""
    at = await head(world)
    common = {"customer_id": WIDGETS, "from_sequence": at, "to_sequence": None}
    user = {"limit_services": True, "locked": False, "role": "engineer", "roles": []}
    rows = [
        {**common, "kind": "user", "row_id": f"5Many{n:017}", "body": canonical(user).decode()}
        for n in range(MANY)
    ]
    for n in range(MANY):
        body = {"permission": "read_only", "service_id": API, "user_id": f"5Many{n:017}"}
        if n % 2:
            body["permission"] = "purge_select"
        row_id = f"9Many{n:017}"
        text = canonical(body).decode()
        rows.append({**common, "kind": "service_authorization", "row_id": row_id, "body": text})

    async def work(unit: Unit) -> None:
        await unit.run_many(_ADD, rows)

    await world.app.database.write(work)
    # Of this process's own work: what else the machine does meanwhile is no matter.
    began = time.process_time()
    page = await asked(world, "who", permission="service.purge_all", service=WWW)
    assert time.process_time() - began < 2
    assert names(page) == ["Bot's token", "Ada", "Ben", "Sue"]
    page = await asked(world, "who", permission="service.read", service=API, limit=1000)
    assert len(page["data"]) == 1000
