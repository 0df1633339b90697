"""User groups: members, roles and service groups, through the front door (contract: access §8)."""

from typing import Any

import pytest

from tenantry.core.permissions import ROLE_IDS
from tests.areas.group_calls import (
    USER_GROUPS,
    assert_missing,
    assert_problem,
    create,
    extend,
    ids,
    listed,
    reduce,
    role,
    service_group,
    shown_ids,
    user_group,
)
from tests.areas.role_calls import hold
from tests.world import (
    ADA,
    BEN,
    BILL,
    BOT,
    DAY,
    EVE,
    NED,
    READ_ONLY,
    SUE,
    UMA,
    WWW,
    World,
)

COUNTS = "invitations_count users_count roles_count service_groups_count"
SHAPE = f"id object name description {COUNTS} created_at updated_at"
UNKNOWN = "0Unknown00000000000000"
SECOND = 1_000_000


async def invite(world: World, email: str = "lin@example.com") -> str:
    document = {"data": {"type": "invitation", "attributes": {"email": email}}}
    answer = await world.ask(ADA, "POST", "/invitations", json=document)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["data"]["id"])


def member(person: Any) -> dict[str, str]:
    return {"id": person.id, "object": "user", "name": person.name, "login": person.login}


async def test_a_group_is_created_read_renamed_and_deleted(world: World) -> None:
    made = await create(world, USER_GROUPS, name="Edge team", description="On call")
    assert " ".join(made) == SHAPE
    counts = [value for name, value in made.items() if name.endswith("_count")]
    assert counts == [0, 0, 0, 0]
    assert (made["object"], made["description"]) == ("user_group", "On call")
    path = f"{USER_GROUPS}/{made['id']}"
    assert (await world.ask(ADA, "GET", path)).json() == made
    world.clock.turn(SECOND)
    changed = await world.ask(ADA, "PATCH", path, json={"name": "Core team"})
    expected = {**made, "name": "Core team", "updated_at": "2026-03-01T10:00:01Z"}
    assert (changed.status_code, changed.json()) == (200, expected)
    gone = await world.ask(ADA, "DELETE", path)
    assert (gone.status_code, gone.content) == (204, b"")
    assert_missing(await world.ask(ADA, "GET", path), "usergroup", made["id"])


async def test_a_group_is_created_whole(world: World) -> None:
    services = await service_group(world, "Storefront", WWW)
    invited = await invite(world)
    made = await create(
        world,
        USER_GROUPS,
        name="Edge team",
        members=[*ids(BEN.id, UMA.id), {"id": invited, "object": "invitation"}],
        roles=ids(ROLE_IDS["billing"]),
        service_groups=ids(services),
    )
    counts = {name: value for name, value in made.items() if name.endswith("_count")}
    assert counts == {
        "invitations_count": 1,
        "users_count": 2,
        "roles_count": 1,
        "service_groups_count": 1,
    }
    assert (await listed(world, USER_GROUPS)) == [made]


async def test_a_name_is_had_once_in_a_customer_in_whatever_case(world: World) -> None:
    await create(world, USER_GROUPS, name="Edge team")
    answer = await world.ask(ADA, "POST", USER_GROUPS, json={"name": "EDGE Team"})
    assert_problem(answer, 409, "Duplicate record", "Duplicate usergroup: 'EDGE Team'")
    # What is wrong, absent or not one's to give is told first (access §2.5).
    await hold(world, UMA, "user_group.manage")
    boss = ROLE_IDS["superuser"]
    refused = [(ADA, "roles", boss, 400), (UMA, "roles", boss, 403), (UMA, "members", UMA.id, 403)]
    refused += [(ADA, word, UNKNOWN, 404) for word in ("members", "roles", "service_groups")]
    for who, word, one, status in refused:
        body = {"name": "Edge team", word: ids(one)}
        assert (await world.ask(who, "POST", USER_GROUPS, json=body)).status_code == status, word
    await create(world, USER_GROUPS, EVE, name="Edge team")


async def test_members_are_users_and_people_who_are_invited(world: World) -> None:
    group, invited = await user_group(world, "Edge team", BEN), await invite(world)
    path = f"{USER_GROUPS}/{group}/members"
    world.clock.turn(SECOND)
    body = [{"id": UMA.id, "object": "user"}, {"id": invited, "object": "invitation"}]
    added = await world.ask(ADA, "POST", path, json={"members": [*body, {"id": BEN.id}]})
    invitation = {"id": invited, "object": "invitation", "email": "lin@example.com"}
    assert added.status_code == 201
    assert added.json()["data"] == [member(UMA), invitation, member(BEN)]
    assert added.json()["meta"]["record_count"] == 3
    shown = await listed(world, path)
    assert shown[0] == member(BEN)
    assert sorted(shown[1:], key=str) == sorted([invitation, member(UMA)], key=str)
    counts = (await world.ask(ADA, "GET", f"{USER_GROUPS}/{group}")).json()
    assert (counts["users_count"], counts["invitations_count"]) == (2, 1)
    out = await world.ask(ADA, "DELETE", path, json={"members": body})
    assert (out.status_code, out.content) == (204, b"")
    assert await listed(world, path) == [member(BEN)]


async def test_only_pending_invitations_count(world: World) -> None:
    group, invited = await user_group(world, "Edge team"), await invite(world)
    path = f"{USER_GROUPS}/{group}"
    body = {"members": [{"id": invited, "object": "invitation"}]}
    await world.ask(ADA, "POST", f"{path}/members", json=body)
    world.clock.turn(7 * DAY)
    assert (await world.ask(ADA, "GET", path)).json()["invitations_count"] == 0
    answer = await world.ask(ADA, "GET", f"{path}/members")
    assert (answer.json()["data"], answer.json()["meta"]["record_count"]) == ([], 0)
    for method in ("POST", "DELETE"):
        refused = await world.ask(ADA, method, f"{path}/members", json=body)
        assert_missing(refused, "invitation", invited)
    withdrawn = await invite(world, "new@example.com")
    await world.ask(ADA, "DELETE", f"/invitations/{withdrawn}")
    body = {"members": [{"id": withdrawn, "object": "invitation"}]}
    refused = await world.ask(ADA, "POST", f"{path}/members", json=body)
    assert_missing(refused, "invitation", withdrawn)


@pytest.mark.parametrize(
    ("lost", "noun"),
    [
        ({"id": UNKNOWN}, "user"),
        ({"id": NED.id}, "user"),
        ({"id": 'a","b'}, "user"),
        ({"id": BEN.id, "object": "invitation"}, "invitation"),
        ({"id": UNKNOWN, "object": "invitation"}, "invitation"),
    ],
)
async def test_all_members_go_in_or_out_or_nobody(
    world: World, lost: dict[str, str], noun: str
) -> None:
    group = await user_group(world, "Edge team", BEN)
    path = f"{USER_GROUPS}/{group}/members"
    since = len(await world.events())
    for method, good in (("POST", UMA), ("DELETE", BEN)):
        answer = await world.ask(ADA, method, path, json={"members": [{"id": good.id}, lost]})
        assert_missing(answer, noun, lost["id"])
    assert await shown_ids(world, path) == [BEN.id]
    assert len(await world.events()) == since


@pytest.mark.parametrize("word", ["members", "roles", "service-groups"])
async def test_a_set_takes_from_one_to_a_thousand_at_once(world: World, word: str) -> None:
    group = await user_group(world, "Edge team")
    services = await service_group(world, "Storefront")
    one = {"members": BEN.id, "roles": ROLE_IDS["user"], "service-groups": services}[word]
    path, key = f"{USER_GROUPS}/{group}/{word}", word.replace("-", "_")
    for method in ("POST", "DELETE"):
        for found in ([], ids(one) * 1001, [{"object": "user"}], [one], "x", None):
            answer = await world.ask(ADA, method, path, json={key: found})
            assert (answer.status_code, answer.json()["title"]) == (400, "Bad request")
        assert (await world.ask(ADA, method, path, json={key: ids(one) * 1000})).is_success


async def test_a_member_is_of_no_third_kind(world: World) -> None:
    group = await user_group(world, "Edge team")
    body = {"members": [{"id": BEN.id, "object": "token"}]}
    answer = await world.ask(ADA, "POST", f"{USER_GROUPS}/{group}/members", json=body)
    assert answer.status_code == 400


async def test_roles_are_built_in_or_the_customers_own(world: World) -> None:
    group, reviewer = await user_group(world, "Edge team"), await role(world, "Reviewer")
    path = f"{USER_GROUPS}/{group}/roles"
    added = await extend(world, path, ROLE_IDS["tls_admin"], reviewer)
    shown = [
        {"id": ROLE_IDS["tls_admin"], "object": "role", "name": "tls_admin"},
        {"id": reviewer, "object": "role", "name": "Reviewer"},
    ]
    assert (added.status_code, added.json()["data"]) == (201, shown)
    assert sorted(await listed(world, path), key=str) == sorted(shown, key=str)
    assert (await world.ask(ADA, "GET", f"{USER_GROUPS}/{group}")).json()["roles_count"] == 2
    theirs = str((await create(world, "/roles", EVE, name="Theirs"))["id"])
    for lost in (UNKNOWN, theirs, 'a"'):
        assert_missing(await extend(world, path, ROLE_IDS["user"], lost), "role", lost)
        assert_missing(await reduce(world, path, reviewer, lost), "role", lost)
    assert (await reduce(world, path, reviewer)).status_code == 204
    assert await listed(world, path) == shown[:1]


async def test_superuser_is_only_ever_held_directly(world: World) -> None:
    group = await user_group(world, "Edge team", BEN)
    superuser = ROLE_IDS["superuser"]
    detail = "Role 'superuser' cannot be put into a group"
    refused = await extend(world, f"{USER_GROUPS}/{group}/roles", ROLE_IDS["billing"], superuser)
    assert_problem(refused, 400, "Bad request", detail)
    body = {"name": "Supers", "roles": ids(superuser)}
    refused = await world.ask(ADA, "POST", USER_GROUPS, json=body)
    assert_problem(refused, 400, "Bad request", detail)
    assert await listed(world, f"{USER_GROUPS}/{group}/roles") == []
    assert await shown_ids(world, USER_GROUPS) == [group]


async def test_service_groups_are_attached_and_detached(world: World) -> None:
    services = await service_group(world, "Storefront", WWW)
    group = await user_group(world, "Edge team", service_groups=[services])
    path = f"{USER_GROUPS}/{group}/service-groups"
    shown = [{"id": services, "object": "service_group", "name": "Storefront"}]
    assert await listed(world, path) == shown
    assert (await extend(world, path, services)).json()["data"] == shown
    theirs = str((await create(world, "/service-groups", EVE, name="Theirs"))["id"])
    for lost in (UNKNOWN, theirs):
        assert_missing(await extend(world, path, lost), "servicegroup", lost)
        assert_missing(await reduce(world, path, services, lost), "servicegroup", lost)
    assert (await reduce(world, path, services)).status_code == 204
    assert await listed(world, path) == []


async def test_sets_come_in_pages(world: World) -> None:
    group = await user_group(world, "Edge team")
    for person in (SUE, BEN, UMA):
        await extend(world, f"{USER_GROUPS}/{group}/members", person.id)
        world.clock.turn(SECOND)
    roles = [ROLE_IDS[one] for one in ("user", "billing", "engineer")]
    services = [await service_group(world, f"group {number}") for number in range(3)]
    for one, other in zip(roles, services, strict=True):
        await extend(world, f"{USER_GROUPS}/{group}/roles", one)
        await extend(world, f"{USER_GROUPS}/{group}/service-groups", other)
        world.clock.turn(SECOND)
    found = {"members": [SUE.id, BEN.id, UMA.id], "roles": roles, "service-groups": services}
    for word, expected in found.items():
        path = f"{USER_GROUPS}/{group}/{word}"
        answer = await world.ask(ADA, "GET", f"{path}?per_page=2&page=2")
        assert [one["id"] for one in answer.json()["data"]] == expected[2:]
        assert answer.json()["meta"]["record_count"] == 3
        assert answer.links["prev"]["url"].endswith("?page=1&per_page=2")
        assert await shown_ids(world, f"{path}?per_page=2") == expected[:2]
        assert (await world.ask(ADA, "GET", f"{path}?page=0")).status_code == 400


async def test_a_mere_member_sees_his_groups_and_himself_in_them(world: World) -> None:
    """He sees what his groups give him: that tells of nobody else."""
    services = await service_group(world, "Storefront", WWW)
    billing = ROLE_IDS["billing"]
    mine = await user_group(world, "Mine", BEN, UMA, roles=[billing], service_groups=[services])
    other = await user_group(world, "Others", UMA)
    assert await shown_ids(world, USER_GROUPS, BEN) == [mine]
    assert sorted(await shown_ids(world, USER_GROUPS, UMA)) == sorted([mine, other])
    assert (await world.ask(BEN, "GET", f"{USER_GROUPS}/{mine}")).json()["users_count"] == 2
    answer = await world.ask(BEN, "GET", f"{USER_GROUPS}/{mine}/members")
    assert (answer.json()["data"], answer.json()["meta"]["record_count"]) == ([member(BEN)], 1)
    assert await listed(world, f"{USER_GROUPS}/{mine}/members?page=2", BEN) == []
    assert await shown_ids(world, f"{USER_GROUPS}/{mine}/roles", BEN) == [billing]
    assert await shown_ids(world, f"{USER_GROUPS}/{mine}/service-groups", BEN) == [services]
    for word in ("", "/members", "/roles", "/service-groups"):
        refused = await world.ask(BEN, "GET", f"{USER_GROUPS}/{other}{word}")
        assert_missing(refused, "usergroup", other)
        assert_missing(
            await world.ask(EVE, "GET", f"{USER_GROUPS}/{mine}{word}"), "usergroup", mine
        )
    for nobody in (BILL, BOT):
        assert await listed(world, USER_GROUPS, nobody) == []
    assert sorted(await shown_ids(world, USER_GROUPS, READ_ONLY)) == sorted([mine, other])


async def test_a_role_of_ones_own_may_see_every_group(world: World) -> None:
    """A custom role holds the unrestricted form of a permission."""
    mine, other = await user_group(world, "Mine", BEN), await user_group(world, "Others", UMA)
    sees = await role(world, "Sees groups", "user_group.read")
    await extend(world, f"{USER_GROUPS}/{mine}/roles", sees)
    assert sorted(await shown_ids(world, USER_GROUPS, BEN)) == sorted([mine, other])
    assert await shown_ids(world, f"{USER_GROUPS}/{other}/members", BEN) == [UMA.id]


async def test_ones_own_groups_are_ones_own_affair_whatever_the_roles(world: World) -> None:
    mine, other = await user_group(world, "Mine", BEN), await user_group(world, "Others", UMA)
    bare = await role(world, "Bare")
    await world.ask(ADA, "PUT", f"/user/{BEN.id}", data={"roles": bare})
    assert (await world.ask(BEN, "GET", "/roles")).status_code == 403
    assert await shown_ids(world, USER_GROUPS, BEN) == [mine]
    assert await shown_ids(world, f"{USER_GROUPS}/{mine}/members", BEN) == [BEN.id]
    assert_missing(await world.ask(BEN, "GET", f"{USER_GROUPS}/{other}"), "usergroup", other)
