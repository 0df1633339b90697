"""Sending, listing and withdrawing invitations, through the front door (contract: access §4)."""

from tenantry.core.permissions import ROLE_IDS
from tests.areas.invitation_calls import (
    LIN,
    accept,
    codes,
    document,
    invite,
    pending,
    service_invitation,
)
from tests.world import (
    ADA,
    API,
    BEN,
    DAY,
    SUE,
    WIDGETS,
    WWW,
    World,
)


async def test_an_invitation_is_told_as_the_contract_has_it(world: World) -> None:
    """A created invitation has no non-empty service_invitations, a listed one has."""
    made = await invite(world, role="engineer", limit_services=True, services=[(WWW, "purge_all")])
    told = {
        "id": made["id"],
        "type": "invitation",
        "attributes": {
            "created_at": "2026-03-01T10:00:00Z",
            "email": LIN,
            "deleted_at": None,
            "role": "engineer",
            "status_code": 1,
            "updated_at": "2026-03-01T10:00:00Z",
            "limit_services": True,
            "roles": [ROLE_IDS["engineer"]],
        },
        "relationships": {"customer": {"data": {"id": WIDGETS, "type": "customer"}}},
    }
    assert made == told
    assert list(made["attributes"]) == list(told["attributes"])
    (listed,) = (await world.ask(ADA, "GET", "/invitations")).json()["data"]
    (linkage,) = listed["relationships"].pop("service_invitations")["data"]
    assert (listed, linkage["type"]) == (told, "service_invitation")
    one = await world.ask(ADA, "GET", f"/invitations/{made['id']}")
    assert one.headers["content-type"] == "application/vnd.api+json"
    assert one.json()["data"]["relationships"].pop("service_invitations") == {"data": [linkage]}


async def test_who_is_invited_is_a_user_by_default(world: World) -> None:
    made = await invite(world, email="  Lin@Example.COM ")
    attributes = made["attributes"]
    assert attributes["email"] == LIN
    assert (attributes["role"], attributes["roles"]) == ("user", [ROLE_IDS["user"]])
    assert attributes["limit_services"] is False
    assert "service_invitations" not in made["relationships"]
    (listed,) = (await world.ask(ADA, "GET", "/invitations")).json()["data"]
    assert listed == made


async def test_several_roles_agree_with_the_one(world: World) -> None:
    ids = [ROLE_IDS[one] for one in ("user", "billing", "engineer", "billing")]
    made = await invite(world, role="user", roles=ids)
    assert made["attributes"]["role"] == "engineer"
    assert made["attributes"]["roles"] == [ROLE_IDS[one] for one in ("engineer", "billing", "user")]
    whole = await invite(world, email="su@example.com", roles=[ROLE_IDS["superuser"], *ids])
    assert whole["attributes"]["roles"] == [ROLE_IDS["superuser"]]
    empty = await invite(world, email="empty@example.com", role="billing", roles=[])
    assert empty["attributes"]["roles"] == [ROLE_IDS["billing"]]


async def test_limits_follow_from_services(world: World) -> None:
    made = await invite(world, role="engineer", services=[(WWW, "full"), (API, "read_only")])
    assert made["attributes"]["limit_services"] is True
    none = await invite(world, email="none@example.com", role="engineer", services=[])
    assert none["attributes"]["limit_services"] is False


async def test_every_spelling_of_a_document_is_read(world: World) -> None:
    """The Python client wraps members once more and leaves services bare; others do otherwise."""
    bare = service_invitation(WWW)
    bare["relationships"]["service"] = {"type": "service", "id": WWW}
    wrapped = {"data": bare | {"attributes": {"permission": None}}}
    body = document(role="engineer", services=[])
    body["data"] |= {"type": "", "id": "ignored"}
    body["data"]["attributes"] |= {"status_code": 0, "limit_services": None}
    body["data"]["relationships"]["service_invitations"]["data"] = [wrapped]
    body["included"] = [{"type": "service", "id": WWW}]
    answer = await world.ask(
        ADA, "POST", "/invitations", json=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"]["attributes"]["status_code"] == 1
    (code,) = await codes(world)
    await accept(world, code)
    granted = (await world.ask(ADA, "GET", "/service-authorizations")).json()["data"]
    assert [one["attributes"]["permission"] for one in granted] == ["full"]


async def test_an_invitation_ends_after_seven_days(world: World) -> None:
    """An invitation expires at 7 days: at that very instant it is as if absent."""
    path = f"/invitations/{(await invite(world))['id']}"
    world.clock.turn(7 * DAY - 1)
    assert await pending(world) == [LIN]
    assert (await world.ask(ADA, "GET", path)).status_code == 200
    world.clock.turn(1)
    assert await pending(world) == []
    since = len(await world.events())
    for method, route in (("GET", path), ("DELETE", path), ("POST", f"{path}/notifications")):
        answer = await world.ask(ADA, method, route)
        assert answer.status_code == 404
        assert answer.json()["detail"] == f"Cannot find invitation '{path.rpartition('/')[2]}'"
    assert await world.actions(since) == []


async def test_a_list_is_paged(world: World) -> None:
    """Links on several pages, absolute; a size of 0 is refused, one above 100 clamped."""
    for number in range(5):
        await invite(world, email=f"n{number}@example.com")
        world.clock.turn(DAY // 2)
    query = "page%5Bnumber%5D=2&page%5Bsize%5D=2"
    answer = (await world.ask(ADA, "GET", f"/invitations?{query}")).json()
    assert list(answer) == ["data", "links", "meta"]
    assert [one["attributes"]["email"] for one in answer["data"]] == [
        "n2@example.com",
        "n3@example.com",
    ]
    assert answer["meta"] == {
        "current_page": 2,
        "per_page": 2,
        "record_count": 5,
        "total_pages": 3,
    }
    start = "http://api.example.com/invitations?page%5Bnumber%5D="
    assert answer["links"] == {
        "first": f"{start}1&page%5Bsize%5D=2",
        "prev": f"{start}1&page%5Bsize%5D=2",
        "next": f"{start}3&page%5Bsize%5D=2",
        "last": f"{start}3&page%5Bsize%5D=2",
    }
    for page, status in (("size%5D=0", 400), ("number%5D=x", 400), ("number%5D=9", 200)):
        got = await world.ask(ADA, "GET", f"/invitations?page%5B{page}")
        assert got.status_code == status
    big = await world.ask(ADA, "GET", "/invitations?page%5Bsize%5D=101")
    assert big.json()["meta"]["per_page"] == 100


async def test_an_empty_list_has_no_pages(world: World) -> None:
    answer = (await world.ask(ADA, "GET", "/invitations")).json()
    assert answer["data"] == []
    assert (answer["meta"]["record_count"], answer["meta"]["total_pages"]) == (0, 0)
    assert list(answer["links"]) == ["last"]


async def test_withdrawing_kills_the_code(world: World) -> None:
    made = await invite(world)
    (code,) = await codes(world)
    since = len(await world.events())
    answer = await world.ask(ADA, "DELETE", f"/invitations/{made['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert "content-type" not in answer.headers
    assert (await accept(world, code))[0] == 404
    assert await pending(world) == []
    again = await world.ask(ADA, "DELETE", f"/invitations/{made['id']}")
    assert again.status_code == 404
    assert again.json() == {
        "msg": "Record not found",
        "detail": f"Cannot find invitation '{made['id']}'",
    }
    assert await world.actions(since) == ["invitation.delete"]
    event = (await world.events())[since]
    assert event[1] == "customer.update"
    assert '"action":"invitation.delete"' in event[2]
    assert f'"invitation_id":"{made["id"]}"' in event[2]
    await invite(world)


async def test_what_was_sent_is_logged_without_the_address_in_the_open(world: World) -> None:
    since = len(await world.events())
    made = await invite(world, BEN, role="engineer")
    assert await world.actions(since) == ["invitation.sent"]
    _, event_type, body, personal, _, _ = (await world.events())[since]
    assert event_type == "invitation.sent"
    for part in (
        f'"user_id":"{BEN.id}"',
        f'"invitation_id":"{made["id"]}"',
        '"role":"engineer"',
        '"limit_services":false',
    ):
        assert part in body
    assert LIN not in body
    assert LIN in personal


async def test_sending_again_mails_the_same_link_and_moves_nothing(world: World) -> None:
    made = await invite(world)
    world.clock.turn(6 * DAY)
    since = len(await world.events())
    path = f"/invitations/{made['id']}"
    answer = await world.ask(SUE, "POST", f"{path}/notifications")
    assert (answer.status_code, answer.content) == (204, b"")
    assert len(set(await codes(world))) == 1
    assert len(await codes(world)) == 2
    letters = [one["facts"] for one in await world.letters() if one.get("to") == LIN]
    assert {one["inviter_name"] for one in letters} == {"Ada", "Sue"}
    assert {one["valid_until"] for one in letters} == {"8 March 2026, 10:00 UTC"}
    assert await world.actions(since) == ["invitation.send_again"]
    assert (await world.events())[since][1] == "invitation.sent"
    assert (await world.ask(ADA, "GET", path)).json()["data"] == made
    world.clock.turn(DAY)
    assert await pending(world) == []
