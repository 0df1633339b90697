"""Loading at once: who wrote a row tells its secret, and nobody starts afresh for ever."""

import asyncio
import json
from typing import Any

import msgspec
import pytest

from tenantry.areas.operator import loading
from tenantry.areas.operator.scenario import read_text
from tenantry.areas.operator.scenario_parts import BadScenario
from tenantry.areas.operator.scenario_shape import OperatorKey
from tests.areas.test_scenario import load, told
from tests.world import World

MANY = 20


def customer(at: int) -> dict[str, Any]:
    login = f"owner{at}@example.com"
    return {
        "id": f"9Company{at}",
        "name": f"Company {at}",
        "users": [{"login": login, "role": "superuser", "owner": True}],
        "tokens": [{"user": login, "name": "first"}],
        "invitations": [{"email": f"guest{at}@example.com"}],
    }


@pytest.mark.parametrize("loaders", [2, 3])
async def test_every_secret_is_told_once_by_whoever_wrote_it(world: World, loaders: int) -> None:
    customers = [customer(at) for at in range(MANY)]
    keys = [{"key": f"operator-key-of-many-{at:011}"} for at in range(3)]
    wanted = read_text(json.dumps({"customers": customers, "operator_keys": keys}))
    everybody = await asyncio.gather(*(load(world, wanted) for _ in range(loaders)))
    for kind in ("customer", "user", "token", "invitation"):
        assert sum(one.created.get(kind, 0) for one in everybody) == MANY, kind
    assert sum(one.created.get("operator key", 0) for one in everybody) == len(keys)
    for one in everybody:
        rows = sum(one.created.values()) + sum(one.unchanged.values())
        assert (rows, one.skipped, one.notes) == (4 * MANY + len(keys), {}, [])
    issued = [secret for one in everybody for secret in one.issued]
    kinds = ("invitations", "tokens")
    places = [f"customers[{at}].{kind}[0]" for at in range(MANY) for kind in kinds]
    assert sorted(one.place for one in issued) == sorted(places)
    for secret in issued:
        if secret.name == "first":
            assert (await told(world, secret.secret, "/tokens/self"))["name"] == "first"


async def test_what_fails_twice_at_one_place_ends_it_in_whatever_words(world: World) -> None:
    """And tells what was written until then: nobody else could."""
    wanted = read_text(json.dumps({"customers": [customer(0)]}))
    heard: list[tuple[int, int]] = []

    def fail(*of: int) -> None:
        heard.append((of[0], of[1]))
        raise BadScenario("customers[0]", f"attempt {len(heard)}")

    keys = ["operator-key-of-many-1", "operator-key-of-many-2"]
    wanted = msgspec.structs.replace(wanted, operator_keys=[OperatorKey(key=one) for one in keys])
    with pytest.raises(BadScenario) as caught:
        await loading.load(world.app.database, world.app.keyring, wanted, fail)
    assert heard == [(4, 6), (1, 2)]
    said = str(caught.value)
    assert said.startswith("customers[0]: attempt 2; until then: created 1 customer, 1 user, 1 ")
    secret = said.partition("tokens[0] 'first': ")[2].split()[0]
    assert (await told(world, secret, "/tokens/self"))["name"] == "first"
