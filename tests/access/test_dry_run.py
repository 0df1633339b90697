"""A dry run changes nothing, and tells what doing it would change."""

from typing import Any

import pytest

from tests.access.asking import changed
from tests.areas.group_calls import role
from tests.console.browser import Visitor
from tests.world import ADA, BEN, BILL, BOT, EVE, LIM, PASSWORD, UMA, WIDGETS, WWW, World

ENGINEER_GAINS = {"invitation.create:own", "invitation.delete:own", "invitation.read:own"}


async def _state(world: World) -> list[Any]:
    return [await world.events(), await world.letters()]


async def test_a_changed_role_is_told_and_not_changed(world: World) -> None:
    before = await _state(world)
    answer = await world.ask(ADA, "PUT", f"/user/{UMA.id}?dry_run=true", data={"role": "engineer"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    told = answer.json()
    assert told["dry_run"] is True
    assert [event["action"] for event in told["events"]] == ["user.update"]
    assert told["events"][0]["description"] == f"User '{UMA.login}' was updated"
    (change,) = told["changes"]
    assert (change["kind"], change["id"]) == ("user", UMA.id)
    account = {"service.create", "event.read:services", *ENGINEER_GAINS}
    assert set(change["gained"]["account"]) == account
    assert {one["permission"] for one in change["gained"]["services"]} == {
        "service.configure",
        "service.delete",
        "service.purge_all",
        "service.purge_select",
    }
    assert {one["services"] for one in change["gained"]["services"]} == {"*"}
    assert change["lost"] == {"account": [], "services": []}
    assert await _state(world) == before
    user = (await world.ask(ADA, "GET", f"/user/{UMA.id}")).json()
    assert user["role"] == "user"


async def test_a_limit_takes_services_away(world: World) -> None:
    answer = await world.ask(
        ADA, "PUT", f"/user/{BEN.id}?dry_run=1", data={"limit_services": "true"}
    )
    (change,) = answer.json()["changes"]
    assert set(change["lost"]["account"]) == ENGINEER_GAINS
    assert "service.read" in {one["permission"] for one in change["lost"]["services"]}
    assert (await world.ask(BEN, "GET", "/service")).json() != []


async def test_a_deletion_is_undone(world: World) -> None:
    revoked = await world.ask(ADA, "DELETE", f"/tokens/{BILL.token_id}?dry_run=true")
    assert revoked.status_code == 200
    assert [event["action"] for event in revoked.json()["events"]] == ["token.destroy"]
    assert (await world.ask(BILL, "GET", "/current_user")).status_code == 200


@pytest.mark.parametrize("word", ["false", "0"])
async def test_what_is_no_dry_run_is_done(world: World, word: str) -> None:
    path = f"/tokens/{BILL.token_id}?dry_run={word}"
    assert (await world.ask(ADA, "DELETE", path)).status_code == 204
    assert (await world.ask(BILL, "GET", "/current_user")).status_code == 401


@pytest.mark.parametrize("query", ["dry_run=maybe", "dry_run=", "dry_run"])
async def test_a_word_that_is_neither_is_refused_and_nothing_done(world: World, query: str) -> None:
    """Nor is it taken for a command to go ahead that no word was given at all."""
    refused = await world.ask(ADA, "DELETE", f"/tokens/{BILL.token_id}?{query}")
    assert refused.status_code == 400
    assert refused.json()["detail"] == "dry_run must be true or false"
    assert (await world.ask(BILL, "GET", "/current_user")).status_code == 200


async def test_its_name_may_be_percent_encoded(world: World) -> None:
    tried = await world.ask(ADA, "DELETE", f"/tokens/{BILL.token_id}?dry%5Frun=true")
    assert (tried.status_code, tried.json()["dry_run"]) == (200, True)
    assert (await world.ask(BILL, "GET", "/current_user")).status_code == 200


async def test_who_may_not_ask_about_others_is_told_of_himself_alone(world: World) -> None:
    """Else an engineer could find out who is let through to a service by trying to delete it."""
    for whom in (LIM, BEN):
        let_through = {
            "relationships": {
                "service": {"data": {"id": WWW, "type": "service"}},
                "user": {"data": {"id": whom.id, "type": "user"}},
            }
        }
        answer = await world.ask(ADA, "POST", "/service-authorizations", json={"data": let_through})
        assert answer.status_code == 200, answer.text
    path = f"/service/{WWW}?dry_run=true"
    told = {who.name: (await world.ask(who, "DELETE", path)).json() for who in (ADA, BEN, BOT)}
    seen = {name: [one["id"] for one in found["changes"]] for name, found in told.items()}
    assert seen == {"Ada": [BEN.id, LIM.id], "Ben": [BEN.id], "Bot": []}
    ends = "service_authorization.delete"
    events = {name: [one["action"] for one in found["events"]] for name, found in told.items()}
    assert events == {
        "Ada": [ends, ends, "service.delete"],
        "Ben": [ends, "service.delete"],
        "Bot": ["service.delete"],
    }
    assert BEN.login in told["Ben"]["events"][0]["description"]


async def test_nor_of_keys_that_are_not_his(world: World) -> None:
    """Who may end others' keys or users need not see them: a dry run does not show them either."""
    ending = await role(world, "Ending", "user.delete", "token.revoke_all")
    seeing = await role(world, "Seeing", "user.read", "user.delete", "token.revoke_all")
    await changed(world, "PUT", f"/user/{UMA.id}", data={"roles": ending})
    assert await _would_be(world, f"/tokens/{BEN.token_id}") == {"Ada": ["token.destroy"]}
    own = await _would_be(world, f"/tokens/{UMA.token_id}")
    assert own == {"Ada": ["token.destroy"], "Uma": ["token.destroy", "user.logout"]}
    assert (await world.ask(UMA, "GET", f"/tokens/{BEN.token_id}")).status_code == 404
    assert (await Visitor(world).sign_in(BEN)).status_code == 303
    await changed(world, "DELETE", f"/tokens/{BEN.token_id}")
    assert await _would_be(world, f"/user/{BEN.id}") == {
        "Ada": ["token.destroy", "user.logout", "user.destroy"]
    }
    await changed(world, "PUT", f"/user/{UMA.id}", data={"roles": seeing})
    assert (await _would_be(world, f"/user/{BEN.id}"))["Uma"] == ["user.logout", "user.destroy"]


async def test_who_makes_a_key_is_told_of_it(world: World) -> None:
    making = await role(world, "Making", "automation_token.manage")
    await changed(world, "PUT", f"/user/{UMA.id}", data={"roles": making})
    await changed(world, "POST", "/sudo", UMA, data={"password": PASSWORD})
    new = {"name": "CI", "roles": [making]}
    made = await world.ask(UMA, "POST", "/automation-tokens?dry_run=true", json=new)
    assert [one["action"] for one in made.json()["events"]] == ["token.create"], made.text


async def _would_be(world: World, path: str) -> dict[str, list[str]]:
    """The events of an ending, as Ada is told of them and as Uma is, to whom any is told."""
    told = {who.name: await world.ask(who, "DELETE", f"{path}?dry_run=true") for who in (ADA, UMA)}
    assert {answer.status_code for answer in told.values()} == {200}
    events = {name: answer.json()["events"] for name, answer in told.items()}
    return {name: [one["action"] for one in some] for name, some in events.items() if some}


async def test_who_may_not_do_it_may_not_try_it(world: World) -> None:
    asked = {"data": {"role": "engineer"}}
    assert (await world.ask(BEN, "PUT", f"/user/{UMA.id}?dry_run=true", **asked)).status_code == 403
    assert (await world.ask(EVE, "PUT", f"/user/{UMA.id}?dry_run=true", **asked)).status_code == 404
    last = await world.ask(ADA, "DELETE", f"/user/{ADA.id}?dry_run=true")
    assert (last.status_code, last.json()["detail"]) == (400, "Transfer account ownership first")


async def test_a_wrong_password_counts_although_it_is_only_tried(world: World) -> None:
    """Else a dry run would be a way around the lock against guessing."""
    for _ in range(6):
        await world.ask(BEN, "POST", "/sudo?dry_run=true", data={"password": "wrong"})
    assert (await world.actions(0, WIDGETS)).count("user.login_failure") == 6
    assert (await world.ask(ADA, "GET", f"/user/{BEN.id}")).json()["locked"] is True


async def test_it_is_refused_where_nobody_proved_who_he_is(world: World) -> None:
    answer = await world.ask(
        None,
        "POST",
        "/tokens?dry_run=true",
        data={"username": LIM.login, "password": "correct-Horse-7-battery"},
    )
    assert answer.status_code == 400
    assert "dry_run" in answer.text
