"""What a scenario says wrongly of access is told with its place, and changes nothing."""

from typing import Any

import pytest

from tenantry.areas.operator.scenario_parts import BadScenario
from tests.areas.test_scenario import OWNER, load, refusal, rows, scenario
from tests.areas.test_scenario_access import ENNO, EVERYTHING
from tests.world import EVE, World

INVITED = {"email": "lin@example.com"}
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"roles": [{"name": "Engineer"}]}, "roles[0].name: is the name of a built-in role"),
    ({"roles": [{"name": "A"}, {"name": "a"}]}, "roles[1]: is the same as customers[0].roles[0]"),
    (
        {"roles": [{"name": "A", "permissions": ["fly"]}]},
        "roles[0].permissions[0]: Invalid enum value 'fly', it is one of: automation_token.manage",
    ),
    ({"users": [OWNER, ENNO | {"roles": ["x"]}]}, "users[1].role: leave it out: there are roles"),
    (
        {"users": [OWNER, {"login": "a@example.com", "roles": ["boss"]}]},
        "users[1].roles[0]: 'boss' is no role of this customer",
    ),
    (
        {"users": [OWNER, {"login": "a@example.com", "roles": ["superuser"]}]},
        "users[1].roles: 'superuser' goes with no other role",
    ),
    (
        {
            "users": [
                OWNER,
                {"login": "a@example.com", "roles": ["billing"], "limit_services": True},
            ]
        },
        "users[1].roles: role 'billing' can't be service limited",
    ),
    (
        {"service_groups": [{"name": "A", "services": ["www"]}]},
        "service_groups[0].services[0]: 'www' is no service of this customer",
    ),
    (
        {"user_groups": [{"name": "A", "users": [EVE.login]}]},
        "user_groups[0].users[0]: 'eve@example.com' is no user of this customer",
    ),
    (
        {"user_groups": [{"name": "A", "roles": ["superuser"]}]},
        "user_groups[0].roles[0]: 'superuser' can't be put into a group",
    ),
    (
        {"user_groups": [{"name": "A", "service_groups": ["B"]}]},
        "user_groups[0].service_groups[0]: 'B' is no service group of this customer",
    ),
    (
        {"user_groups": [{"name": "A", "invitations": ["b@example.com"]}]},
        "user_groups[0].invitations[0]: 'b@example.com' is no invitation of this customer",
    ),
    (
        {"user_groups": [{"name": "A", "users": ["9Olive", "olive@example.com"]}]},
        "user_groups[0].users[1]: is the same as customers[0].user_groups[0].users[0]",
    ),
    (
        {"service_authorizations": [{"user": "9Olive", "service": "www"}]},
        "service_authorizations[0].service: 'www' is no service of this customer",
    ),
    (
        {
            "services": [{"name": "www"}],
            "service_authorizations": [{"user": "9Olive", "service": "www"}],
        },
        "service_authorizations[0].user: role 'superuser' can't be service limited",
    ),
    ({"invitations": [{"email": "lin"}]}, "invitations[0].email: is no e-mail address"),
    ({"invitations": [{"email": OWNER["login"]}]}, "invitations[0].email: a user has it as login"),
    ({"invitations": [{"email": EVE.login}]}, "invitations[0].email: a user of another customer"),
    ({"invitations": [INVITED, INVITED]}, "invitations[1]: is the same as customers[0].invita"),
    (
        {"invitations": [INVITED | {"role": "billing", "limit_services": True}]},
        "invitations[0].role: role 'billing' can't be service limited",
    ),
    (
        {
            "services": [{"name": "www"}],
            "invitations": [INVITED | {"limit_services": False, "services": [{"service": "www"}]}],
        },
        "invitations[0].services: are for who is limited to services",
    ),
    (
        {
            "services": [{"name": "www"}],
            "invitations": [
                INVITED | {"role": "engineer", "services": [{"service": "www"}, {"service": "www"}]}
            ],
        },
        "invitations[0].services: names one twice",
    ),
]


@pytest.mark.changes_nothing
@pytest.mark.parametrize(("more", "said"), REFUSED, ids=[said for _, said in REFUSED])
async def test_a_bad_file_changes_nothing(world: World, more: dict[str, Any], said: str) -> None:
    before = await rows(world)
    try:
        wanted = scenario(**more)
    except BadScenario as problem:
        heard = str(problem)
    else:
        heard = await refusal(world, wanted)
    assert heard.startswith(f"customers[0].{said}")
    assert await rows(world) == before


@pytest.mark.parametrize(
    ("kind", "row"),
    [
        ("roles", {"name": "purger"}),
        ("service_groups", {"name": "storefront"}),
        ("user_groups", {"name": "edge team"}),
        ("invitations", {"email": "lin@example.com"}),
        ("service_authorizations", {"user": "lima@example.com", "service": "api"}),
    ],
)
async def test_what_stands_gets_no_other_id(world: World, kind: str, row: dict[str, Any]) -> None:
    await load(world, scenario(**EVERYTHING))
    said = await refusal(world, scenario(users=[], **{kind: [{"id": "9Other", **row}]}))
    assert said.startswith(f"customers[0].{kind}[0].id: it stands already, with the id 9")
