"""What changed in access between two moments, by whom, and what it comes to."""

from typing import Any

from tenantry.core.permissions import ROLE_IDS
from tests.access.asking import asked, changed, head, make_group
from tests.world import ADA, BEN, DAY, LIM, OPERATOR, OTHER, SUE, UMA, WIDGETS, WWW, World


def shifts(turn: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What each gained and lost, by name."""
    return {subject["name"]: shift for shift in turn["changes"] for subject in shift["subjects"]}


async def test_each_change_is_told_with_the_event_that_caused_it(world: World) -> None:
    since = await head(world)
    await make_group(world, LIM.id, roles=(ROLE_IDS["engineer"],), services=(WWW,))
    world.clock.turn(DAY)
    await changed(world, "PUT", f"/user/{BEN.id}", SUE, data={"role": "billing"})
    await changed(world, "PUT", f"/user/{UMA.id}", data={"name": "Uma B."})
    found = await asked(world, "diff", from_=since)
    assert [turn["event"]["action"] for turn in found["data"]][-1] == "user.update"
    [joined, demoted] = found["data"]
    assert set(shifts(joined)) == {"Lim"}
    gained = shifts(joined)["Lim"]["gained"]["services"]
    assert {one["permission"]: one["services"] for one in gained}["service.purge_all"] == [WWW]
    event = demoted["event"]
    assert event["created_at"] == "2026-03-02T10:00:00Z"
    assert event["actor"] == {
        "user_id": SUE.id,
        "token_id": SUE.token_id,
        "login": SUE.login,
        "operator": False,
    }
    ben = shifts(demoted)["Ben"]
    assert "invoice.read" in ben["gained"]["account"]
    lost = {one["permission"]: one["services"] for one in ben["lost"]["services"]}
    assert (lost["service.purge_all"], "service.read" in lost) == ("*", False)
    assert {one["subjects"][0]["name"] for one in found["net"]} == {"Ben", "Lim"}


async def test_what_came_and_went_is_in_the_events_but_not_in_the_sum(world: World) -> None:
    since = await head(world)
    await changed(world, "PUT", f"/user/{BEN.id}", data={"role": "superuser"})
    await changed(world, "PUT", f"/user/{BEN.id}", data={"role": "engineer"})
    found = await asked(world, "diff", from_=since)
    assert found["net"] == []
    up, down = (shifts(turn)["Ben"] for turn in found["data"])
    assert (up["gained"], up["lost"]) == (down["lost"], down["gained"])
    half = await asked(world, "diff", from_=since, to=since + 1)
    assert [one["gained"] for one in half["net"]] == [up["gained"]]


async def test_those_who_gain_the_same_stand_together(world: World) -> None:
    since = await head(world)
    ids = {one["name"]: one["id"] for one in (await _permissions(world))}
    role = await changed(world, "POST", "/roles", json={"name": "Auditor"})
    for who in (UMA, BEN):
        roles = f"{ROLE_IDS[who.role]},{role['id']}"
        await changed(world, "PUT", f"/user/{who.id}", data={"roles": roles})
    body = {"permissions": [{"id": ids["invoice.read"]}]}
    await changed(world, "POST", f"/roles/{role['id']}/permissions", json=body)
    [turn] = (await asked(world, "diff", from_=since))["data"]
    assert turn["event"]["action"] == "iam.role.permissions.add"
    [shift] = turn["changes"]
    assert [one["name"] for one in shift["subjects"]] == ["Ben", "Uma"]
    assert (shift["gained"], shift["lost"]) == (
        {"account": ["invoice.read"], "services": []},
        {"account": [], "services": []},
    )


async def _permissions(world: World) -> list[dict[str, str]]:
    answer = await world.ask(ADA, "GET", "/permissions", params={"per_page": 100})
    found: list[dict[str, str]] = answer.json()["data"]
    return found


async def test_a_token_that_expires_is_in_the_sum_alone(world: World) -> None:
    await world.sudo(ADA)
    new = {"name": "short", "role": "billing", "expires_at": "2026-03-02T00:00:00Z"}
    await changed(world, "POST", "/automation-tokens", json=new)
    since = await head(world)
    world.clock.turn(DAY)
    found = await asked(world, "diff", from_=since)
    assert found["data"] == []
    [shift] = found["net"]
    assert (shift["subjects"][0]["name"], shift["gained"]["account"]) == ("short", [])
    assert "invoice.read" in shift["lost"]["account"]


async def test_events_are_paged_and_the_span_stays_what_it_was(world: World) -> None:
    since = await head(world)
    for role in ("billing", "engineer", "user", "billing", "engineer"):
        await changed(world, "PUT", f"/user/{BEN.id}", data={"role": role})
    until = await head(world)
    page = await asked(world, "diff", from_=since, limit=2)
    assert len(page["net"]) == 0
    seen = [turn["event"]["sequence"] for turn in page["data"]]
    await changed(world, "PUT", f"/user/{UMA.id}", data={"role": "billing"})
    while page["meta"]["next_cursor"]:
        place = {"cursor": page["meta"]["next_cursor"], "limit": 2}
        for other in ({"from_": since + 1}, {"to": until - 1}):
            await asked(world, "diff", ADA, 400, **place, **other)
        await asked(world, "diff", OPERATOR, 400, **place, customer_id=OTHER)
        page = await asked(world, "diff", **place)
        seen += [turn["event"]["sequence"] for turn in page["data"]]
        assert page["meta"]["until"]["sequence"] == until
    assert seen == list(range(since + 1, until + 1))


async def test_an_operators_doing_is_marked(world: World) -> None:
    since = await head(world)
    path = f"/user/{BEN.id}?customer_id={WIDGETS}"
    answer = await world.ask(OPERATOR, "PUT", path, data={"role": "user"})
    assert answer.status_code == 200, answer.text
    [turn] = (await asked(world, "diff", from_=since))["data"]
    assert (turn["event"]["actor"]["operator"], turn["event"]["actor"]["user_id"]) == (True, None)


async def test_spans_that_cannot_be_are_refused(world: World) -> None:
    newest = await head(world)
    for given in (
        {},
        {"from_": newest + 1},
        {"from_": 5, "to": 4},
        {"from_": "2026-03-01T10:00:01Z"},
        {"from_": 1, "cursor": "WzEsMiwzLDQsLTFd"},
    ):
        await asked(world, "diff", ADA, 400, **given)
    for who in (BEN, UMA):
        await asked(world, "diff", who, 403, from_=1)
