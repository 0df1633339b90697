"""A refusal bears an id, which tells those who may know why, as of then."""

import base64

import pytest

from tests.access.asking import asked, changed
from tests.table import GUARDED, OWN, path_of
from tests.world import (
    ADA,
    BEN,
    BILL,
    BOT,
    DAY,
    EVE,
    LIM,
    OPERATOR,
    PURGING,
    READ_ONLY,
    SUE,
    UMA,
    WIDGETS,
    WWW,
    World,
)

HEADER = "tenantry-decision"


async def refused(world: World, who: object, method: str, path: str, **body: object) -> str:
    """The decision id of a call that is refused."""
    answer = await world.ask(who, method, path, **body)  # type: ignore[arg-type] # a person or a key
    assert answer.status_code == 403, answer.text
    return str(answer.headers[HEADER])


async def test_the_refused_looks_up_why(world: World) -> None:
    decision = await refused(world, BEN, "POST", "/user", data={"login": "x@example.com"})
    found = await asked(world, f"decisions/{decision}", BEN)
    assert found["operation"] == {"name": "create_user", "operations": ["POST /user"]}
    assert found["refusal"] == "You are not authorized to perform this action"
    assert (found["permission"], found["token_id"]) == ("user.create", BEN.token_id)
    assert found["explanation"]["summary"] == "Refused. None of the roles held confers it."
    assert found["explanation"]["subject"]["login"] == BEN.login


async def test_a_refusal_on_a_service_names_the_service(world: World) -> None:
    decision = await refused(world, UMA, "PUT", f"/service/{WWW}", data={"comment": "x"})
    found = await asked(world, f"decisions/{decision}", UMA)
    assert (found["permission"], found["explanation"]["service"]["name"]) == (
        "service.configure",
        "www",
    )
    assert found["explanation"]["status"] == 403


async def test_it_is_explained_as_of_then_whatever_changed_since(world: World) -> None:
    decision = await refused(world, BEN, "POST", "/user", data={"login": "x@example.com"})
    await changed(world, "PUT", f"/user/{BEN.id}", data={"role": "superuser"})
    world.clock.turn(DAY)
    found = await asked(world, f"decisions/{decision}")
    assert found["explanation"]["allowed"] is False
    assert (found["at"], found["explanation"]["as_of"]["at"]) == ("2026-03-01T10:00:00Z",) * 2
    await changed(world, "DELETE", f"/tokens/{BEN.token_id}")
    again = await asked(world, f"decisions/{decision}")
    assert again["explanation"]["obstacles"] == found["explanation"]["obstacles"]


async def test_only_the_refused_and_who_sees_others_may_look_it_up(world: World) -> None:
    decision = await refused(world, BEN, "POST", "/user", data={"login": "x@example.com"})
    for who in (UMA, BILL, LIM, BOT):
        await asked(world, f"decisions/{decision}", who, 403)
    await asked(world, f"decisions/{decision}", SUE)
    await asked(world, f"decisions/{decision}", OPERATOR, customer_id=WIDGETS)
    await asked(world, f"decisions/{decision}", EVE, 404)


async def test_an_id_that_was_never_handed_out_is_not_found(world: World) -> None:
    decision = await refused(world, BEN, "POST", "/user", data={"login": "x@example.com"})
    raw = base64.urlsafe_b64decode(decision + "=" * (-len(decision) % 4))
    for at in (0, 15, 16, 20, len(raw) - 1):
        wrong = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        await asked(
            world, f"decisions/{base64.urlsafe_b64encode(wrong).decode().rstrip('=')}", ADA, 404
        )
    for text in (decision[:-4], decision[:30], "x", "é", "A" * 5000, decision + "A"):
        await asked(world, f"decisions/{text}", ADA, 404)


@pytest.mark.parametrize(("key", "method"), [(PURGING, "GET"), (READ_ONLY, "PUT")])
async def test_what_a_scope_refuses_is_looked_up_too(world: World, key: str, method: str) -> None:
    decision = await refused(world, key, method, f"/user/{BEN.id}")
    found = await asked(world, f"decisions/{decision}")
    assert found["explanation"]["obstacles"][0]["reason"] == "token_scope"


async def test_every_operation_that_refuses_says_by_which_decision(world: World) -> None:
    """Whatever refuses, wherever: the id is there, and it can be looked up."""
    for name, row in GUARDED.items():
        if row.allow.who == "any key":
            continue
        decision = await refused(world, PURGING, row.method, path_of(row, OWN))
        found = await asked(world, f"decisions/{decision}")
        assert name in found["operation"]["operations"]
        assert found["permission"] == row.allow.permission


async def test_a_refusal_that_is_no_matter_of_a_permission_is_told_without_one(
    world: World,
) -> None:
    """Another customer's id, an owner's affair, a missing sudo: what was answered is told."""
    decision = await refused(world, BEN, "GET", "/current_user?customer_id=elsewhere")
    found = await asked(world, f"decisions/{decision}", BEN)
    assert (found["permission"], found["explanation"]) == (None, None)
    decision = await refused(world, SUE, "DELETE", f"/customer/{WIDGETS}")
    assert (await asked(world, f"decisions/{decision}", SUE))["explanation"] is None
    decision = await refused(world, ADA, "POST", "/automation-tokens", json={"name": "x"})
    found = await asked(world, f"decisions/{decision}")
    assert found["refusal"] == "You must POST /sudo to access this endpoint"
    assert found["explanation"]["allowed"] is True


async def test_an_operators_refusal_is_an_operators_to_look_up(world: World) -> None:
    path = f"/automation-tokens?customer_id={WIDGETS}"
    decision = await refused(world, OPERATOR, "POST", path, json={"name": "x"})
    found = await asked(world, f"decisions/{decision}", OPERATOR, customer_id=WIDGETS)
    assert (found["explanation"], found["permission"]) == (None, "automation_token.manage")
    await asked(world, f"decisions/{decision}", ADA, 404)


async def test_strangers_and_other_refusals_bear_no_id(world: World) -> None:
    for key, path in ((None, "/user/x"), ("garbage", "/user/x"), (ADA.token, "/user/x")):
        answer = await world.ask(key, "GET", path)
        assert answer.status_code in {401, 404}
        assert HEADER not in answer.headers
