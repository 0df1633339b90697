"""What an explanation does not tell: who may not ask about others learns of nothing unseen."""

from typing import Any

from tenantry.core.permissions import ROLE_IDS
from tests.access.asking import asked, changed, make_group
from tests.areas.group_calls import role, service_group, user_group
from tests.world import ADA, API, LIM, NED, UMA, WWW, World

ENGINEER = ROLE_IDS["engineer"]


async def test_who_asks_about_himself_learns_of_no_service_or_group_that_he_cannot_see(
    world: World,
) -> None:
    await make_group(world, UMA.id, roles=(ENGINEER,), services=(WWW,))
    question: dict[str, Any] = {"permission": "service.read"}
    hidden = await asked(world, "explain", LIM, 404, service=WWW, **question)
    unknown = await asked(world, "explain", LIM, 404, service=API[:-1] + "9", **question)
    assert hidden["detail"].replace(WWW, "") == unknown["detail"].replace(API[:-1] + "9", "")
    await asked(world, "explain", LIM, 404, service="www", **question)
    # Nor where a group gives him something on it, but not to see it.
    purges = await role(world, "Purges", "service.purge_all")
    api = await service_group(world, "Api", API)
    await user_group(world, "Purging", LIM, roles=[purges], service_groups=[api])
    ways = {
        who.name: [way["services"] for way in found["ways"]]
        for who, found in [
            (one, await asked(world, "explain", one, user=LIM.id, permission="service.purge_all"))
            for one in (ADA, LIM)
        ]
    }
    assert ways == {"Ada": [[API]], "Lim": [[]]}
    # And what is held where nothing is seen is of no use.
    found = await asked(world, "explain", user=LIM.id, permission="service.purge_all")
    assert [one["reason"] for one in found["obstacles"]] == ["out_of_sight"]
    page = await asked(world, "who", permission="service.purge_all")
    assert LIM.id not in [one["subject"]["id"] for one in page["data"]]
    found = await asked(world, "explain", LIM, **question)
    measures = {step["measure"] for one in found["remedies"] for step in one["steps"]}
    assert measures == {"limit_services", "role"}
    seen = await asked(world, "explain", user=LIM.id, **question)
    assert "group" in {step["measure"] for one in seen["remedies"] for step in one["steps"]}


async def test_nor_of_a_role_if_he_may_not_read_roles(world: World) -> None:
    reviewing = await role(world, "Reviewing", "role.manage")
    few = await role(world, "Few", "usage.read")
    await changed(world, "PUT", f"/user/{UMA.id}", data={"roles": few})
    proposed = {
        who.name: {step.get("role_id") for one in found["remedies"] for step in one["steps"]}
        for who, found in [
            (one, await asked(world, "explain", one, user=UMA.id, permission="role.manage"))
            for one in (ADA, UMA)
        ]
    }
    superuser = ROLE_IDS["superuser"]
    assert proposed == {"Ada": {superuser, reviewing}, "Uma": {superuser}}


async def test_whether_there_is_a_token_is_told_to_nobody_who_may_not_ask_about_it(
    world: World,
) -> None:
    for token in (ADA.token_id, "0Unknown00000000000000", NED.token_id):
        answer = await asked(world, "explain", UMA, 403, token=token, permission="user.read")
        assert answer == {"msg": "You are not authorized to perform this action"}
