"""Roles, groups, authorizations and invitations in scenarios: made, and found again."""

import json
from typing import Any

from tenantry.areas.invitations.model import LASTS
from tenantry.areas.operator.scenario import read_text
from tests.areas.test_scenario import NEW, OWNER, SECRET, load, rows, scenario, told
from tests.world import BEN, LIM, WIDGETS, WWW, World

ENNO = {"id": "9Enno", "login": "enno@example.com", "role": "engineer"}
LIMA = {"login": "lima@example.com", "role": "engineer", "limit_services": True}
LIMAS = "lima-secret-0000000000000000000"
EVERYTHING: dict[str, Any] = {
    "roles": [
        {
            "id": "9Purger",
            "name": "Purger",
            "description": "Empties caches",
            "permissions": ["service.read", "service.purge_all"],
        },
        {"name": "Reader"},
    ],
    "users": [
        OWNER,
        ENNO,
        LIMA,
        {"login": "rita@example.com", "roles": ["reader", "billing"]},
        {"login": "pia@example.com", "roles": ["9Purger"], "limit_services": True},
    ],
    "services": [{"id": "9Www", "name": "www"}, {"name": "api"}],
    "tokens": [
        {"user": "olive@example.com", "access_token": SECRET},
        {"user": "lima@example.com", "access_token": LIMAS},
    ],
    "automation_tokens": [{"name": "bot", "roles": ["Purger", "engineer"]}],
    "service_groups": [{"id": "9Storefront", "name": "Storefront", "services": ["www"]}],
    "invitations": [
        {
            "id": "9Lin",
            "email": "Lin@example.com",
            "roles": ["Purger"],
            "services": [{"service": "www", "permission": "purge_all"}, {"service": "api"}],
            "invited_by": "9Enno",
        },
        {"email": "max@example.com", "role": "billing"},
    ],
    "user_groups": [
        {
            "id": "9Edge",
            "name": "Edge team",
            "description": "On call",
            "users": ["lima@example.com", "9Enno"],
            "invitations": ["lin@example.com"],
            "roles": ["engineer", "Purger"],
            "service_groups": ["storefront"],
        }
    ],
    "service_authorizations": [
        {"id": "9Auth", "user": "lima@example.com", "service": "api", "permission": "read_only"},
        {"user": "pia@example.com", "service": "9Www"},
    ],
}


async def test_everything_of_access_is_made(world: World) -> None:
    loaded = await load(world, scenario(**EVERYTHING))
    assert loaded.created == {
        "customer": 1,
        "role": 2,
        "user": 5,
        "service": 2,
        "token": 2,
        "automation token": 1,
        "service group": 1,
        "invitation": 2,
        "user group": 1,
        "membership": 7,
        "service authorization": 2,
    }
    assert (await world.actions(0, NEW))[:3] == [
        "customer.create",
        "user.create",
        "iam.role.create",
    ]
    role = await told(world, SECRET, "/iam/v1/roles/9Purger")
    assert (role["name"], role["description"]) == ("Purger", "Empties caches")
    assert sorted(role["permissions"]) == ["service.purge_all", "service.read"]
    people = {one["login"]: one for one in await told(world, SECRET, f"/customer/{NEW}/users")}
    assert people["pia@example.com"]["roles"] == ["9Purger"]
    assert people["rita@example.com"]["role"] == "billing"
    assert len(people["rita@example.com"]["roles"]) == 2
    (bot,) = (await told(world, SECRET, "/automation-tokens"))["data"]
    bot = await told(world, SECRET, f"/automation-tokens/{bot['id']}")
    assert [one["name"] for one in bot["roles"]] == ["engineer", "Purger"]
    listed = (await told(world, SECRET, "/service-authorizations"))["data"]
    permissions = {one["id"]: one["attributes"]["permission"] for one in listed}
    assert permissions.pop("9Auth") == "read_only"
    assert list(permissions.values()) == ["full"]
    # One service by her own authorization, the other by the group's service group.
    assert len(await told(world, LIMAS, "/service")) == 2
    assert (await told(world, LIMAS, "/user-groups/9Edge"))["name"] == "Edge team"


async def test_groups_hold_what_the_file_names(world: World) -> None:
    await load(world, scenario(**EVERYTHING))
    group = await told(world, SECRET, "/user-groups/9Edge")
    counts = {name: group[name] for name in group if name.endswith("_count")}
    assert counts == {
        "invitations_count": 1,
        "users_count": 2,
        "roles_count": 2,
        "service_groups_count": 1,
    }
    services = (await told(world, SECRET, "/service-groups/9Storefront/services"))["data"]
    assert [one["id"] for one in services] == ["9Www"]


async def test_an_invitation_is_accepted_by_the_code_that_is_told(world: World) -> None:
    """No mail is sent: who loads the file hands the codes on."""
    before = await world.letters()
    loaded = await load(world, scenario(**EVERYTHING))
    assert await world.letters() == before
    lin, maximal = (one for one in loaded.issued if "invitations" in one.place)
    assert (lin.place, lin.name) == ("customers[0].invitations[0]", "Lin@example.com")
    assert f"  customers[0].invitations[1] 'max@example.com': {maximal.secret}" in str(loaded)
    listed = (await told(world, SECRET, "/invitations"))["data"]
    limited = {one["id"] for one in listed if one["attributes"]["limit_services"]}
    assert (len(listed), limited) == (2, {"9Lin"})
    body = {"name": "Lin", "password": "stapled-Sponge-7-otter"}
    accepted = await world.ask(None, "PUT", f"/invitation/accept/{lin.secret}", json=body)
    assert accepted.status_code == 200, accepted.text
    listed = (await told(world, SECRET, "/service-authorizations"))["data"]
    assert [one["attributes"]["permission"] for one in listed].count("purge_all") == 1
    assert (await told(world, SECRET, "/user-groups/9Edge"))["users_count"] == 3
    again = await load(world, scenario(**EVERYTHING))
    assert again.created == {}
    assert "customers[0].invitations[0]: is left out: this is a user" in again.notes


async def test_who_was_in_a_group_that_is_gone_is_not_in_it_when_it_is_loaded_again(
    world: World,
) -> None:
    """Nor by its history, from which questions are answered."""
    await load(world, scenario(**EVERYTHING))
    people = {one["login"]: one for one in await told(world, SECRET, f"/customer/{NEW}/users")}
    rita = people["rita@example.com"]["id"]
    question = f"/_tenantry/v1/access/explain?user={rita}&permission=service.purge_all"
    path, body = "/user-groups/9Edge", {"members": [{"id": rita}]}
    assert (await world.ask(SECRET, "POST", f"{path}/members", json=body)).status_code == 201
    assert (await told(world, SECRET, question))["allowed"]
    assert (await world.ask(SECRET, "DELETE", path)).status_code == 204
    await load(world, scenario(**EVERYTHING))
    assert (await told(world, SECRET, path))["users_count"] == 2
    assert not (await told(world, SECRET, question))["allowed"]


async def test_loading_twice_changes_nothing(world: World) -> None:
    first = await load(world, scenario(**EVERYTHING))
    before = await rows(world)
    second = await load(world, scenario(**EVERYTHING))
    assert (second.created, second.skipped, second.issued) == ({}, {}, [])
    assert second.unchanged == first.created
    assert second.notes == []
    assert await rows(world) == before


async def test_a_longer_file_adds_what_is_new_in_it(world: World) -> None:
    """Also what is new in a group that stands; what differs of what stands is told."""
    await load(world, scenario(**EVERYTHING))
    (group,) = EVERYTHING["user_groups"]
    more = EVERYTHING | {
        "roles": [EVERYTHING["roles"][0] | {"permissions": ["service.read"]}, {"name": "reader"}],
        "user_groups": [group | {"users": [*group["users"], "rita@example.com"]}],
        "service_authorizations": [
            EVERYTHING["service_authorizations"][0] | {"permission": "purge_all"},
            {"user": "9Enno", "service": "www"},
        ],
        "invitations": [EVERYTHING["invitations"][1] | {"role": "user", "limit_services": False}],
    }
    more["user_groups"][0]["invitations"] = []
    loaded = await load(world, scenario(**more))
    assert loaded.created == {"membership": 1, "service authorization": 1}
    assert [note.partition(": ")[0] for note in loaded.notes] == [
        "customers[0].roles[0].permissions",
        "customers[0].roles[1].name",
        "customers[0].invitations[0].role",
        "customers[0].service_authorizations[0].permission",
    ]
    assert (await told(world, SECRET, "/user-groups/9Edge"))["users_count"] == 3


async def test_an_authorization_limits_its_user(world: World) -> None:
    """As on the wire; whether or not the file says so of the user."""
    wanted = scenario(
        users=[OWNER, ENNO],
        services=[{"name": "www"}],
        tokens=[{"user": "9Enno", "access_token": LIMAS}],
        service_authorizations=[{"user": "9Enno", "service": "www"}],
    )
    await load(world, wanted)
    assert (await told(world, LIMAS, "/current_user"))["limit_services"] is True
    assert (await load(world, wanted)).notes == []


async def test_what_hangs_on_what_was_removed_is_left_out(world: World) -> None:
    await load(world, scenario(**EVERYTHING))
    for path in ("/service/9Www", "/user/9Enno"):
        assert (await world.ask(SECRET, "DELETE", path)).status_code == 200
    before = await rows(world)
    loaded = await load(world, scenario(**EVERYTHING))
    assert loaded.created == {}
    assert loaded.skipped == {
        "user": 1,
        "service": 1,
        "invitation": 1,
        # www in Storefront; Enno and the invitation in the team.
        "membership": 3,
        "service authorization": 1,
    }
    assert await rows(world) == before


async def test_an_invitation_that_is_over_stays_so_if_it_has_an_id(world: World) -> None:
    """Without one it is made anew, as a token is that was revoked."""
    await load(world, scenario(**EVERYTHING))
    world.clock.turn(LASTS)
    loaded = await load(world, scenario(**EVERYTHING))
    assert loaded.created == {"invitation": 1}
    assert loaded.skipped["invitation"] == 1
    assert "customers[0].invitations[0]: was removed, and stays so" in loaded.notes
    assert [one.name for one in loaded.issued] == ["max@example.com"]


async def test_rows_that_stand_can_be_named(world: World) -> None:
    more = {
        "id": WIDGETS,
        "name": "Example Widgets",
        "service_groups": [{"name": "All", "services": ["api", WWW]}],
        "user_groups": [{"name": "Team", "users": [BEN.login, LIM.id], "roles": ["billing"]}],
        "service_authorizations": [{"user": LIM.id, "service": "www"}],
    }
    wanted = read_text(json.dumps({"customers": [more]}))
    created = {"service group": 1, "user group": 1, "membership": 5, "service authorization": 1}
    assert (await load(world, wanted)).created == created
    assert [one["name"] for one in await told(world, LIM.token, "/service")] == ["www"]
