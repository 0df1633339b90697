"""Loading scenarios: what they make is found through the front door; what stands is left."""

import json
from typing import Any

import pytest
from sqlalchemy import select

from tenantry.areas.operator import loading
from tenantry.areas.operator.loading import Loaded
from tenantry.areas.operator.scenario import read_file, read_text
from tenantry.areas.operator.scenario_parts import BadScenario
from tenantry.areas.operator.scenario_shape import Scenario
from tenantry.areas.tokens import model as tokens
from tenantry.core import chain, schema
from tenantry.core.context import system_call
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tests.generate_docs import DOCS
from tests.world import ADA, BEN, BOT, EVE, OPERATOR, WIDGETS, WWW, World

EXAMPLES = DOCS.parent / "examples"
TABLES = [Statement(select(table)) for table in schema.metadata.sorted_tables]

NEW = "8NewCompany00000000000"
OWNER = {"id": "9Olive", "login": "olive@example.com", "role": "superuser", "owner": True}
SECRET = "olive-secret-0000000000000000000"


async def rows(world: World) -> list[list[Any]]:
    """Every row of every table."""
    return [sorted(await world.app.database.all(table), key=repr) for table in TABLES]


def scenario(**more: Any) -> Scenario:
    customer = {"id": NEW, "name": "New Company", "users": [OWNER], **more}
    return read_text(json.dumps({"customers": [customer]}))


async def load(world: World, wanted: Scenario) -> Loaded:
    return await loading.load(world.app.database, world.app.keyring, wanted)


async def refusal(world: World, wanted: Scenario) -> str:
    """What is said of a scenario that changes nothing at all."""
    before = await rows(world)
    with pytest.raises(BadScenario) as caught:
        await load(world, wanted)
    assert await rows(world) == before
    return str(caught.value)


async def told(world: World, who: str, path: str) -> Any:
    answer = await world.ask(who, "GET", path)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("name", ["small-company", "two-customers", "client-tests"])
async def test_loading_twice_changes_nothing(world: World, name: str) -> None:
    wanted = read_file(EXAMPLES / f"{name}.yaml")
    first = await load(world, wanted)
    assert first.created
    before = await rows(world)
    second = await load(world, wanted)
    assert (second.created, second.skipped, second.issued) == ({}, {}, [])
    assert sum(second.unchanged.values()) == sum(
        [*first.created.values(), *first.unchanged.values()]
    )
    assert await rows(world) == before
    for customer in wanted.customers:
        for customer_id in await chain.customers(world.app.database, customer.id):
            assert (await chain.verify(world.app.database, customer_id)).problem is None


async def test_the_tokens_of_the_client_tests_do_what_they_say(world: World) -> None:
    await load(world, read_file(EXAMPLES / "client-tests.yaml"))
    me = await told(world, "owner-0000000000000000000000-all", "/verify")
    assert me["customer"] == {"id": "4umpm08hsE8JNpjJOQGa2r", "name": "Client Tests"}
    assert me["user"]["id"] == "3mef2mSJ5CMTIeg1ZTVnVv"
    assert me["token"]["id"] == "5owner0000000000000000"
    expired = await world.ask("owner-000000000000000000-expired", "GET", "/tokens/self")
    assert expired.status_code == 401
    assert expired.json() == {"msg": "Token 5expired00000000000000 expired at 2020-01-01T00:00:00Z"}
    bot = await told(world, "automation-00000000000000-deploy", "/service")
    assert [one["name"] for one in bot] == ["www.example.com"]
    limited = await told(world, "owner-00000000000000-one-service", "/tokens/self")
    assert limited["services"] == ["0pfQ7Dh3yEg42ipqnX1fkk"]
    form = {"username": "owner@example.com", "password": "test"}
    assert (await world.ask(None, "POST", "/tokens", data=form)).status_code == 200
    operator = "operator-00000000000000-client-tests"
    path = "/current_customer?customer_id=4umpm08hsE8JNpjJOQGa2r"
    assert (await told(world, operator, path))["name"] == "Client Tests"


async def test_everything_of_a_customer_is_made(world: World) -> None:
    await load(
        world,
        scenario(
            pricing_plan="enterprise",
            pricing_plan_id="7Enterprise",
            can_reset_passwords=False,
            has_pci_passwords=True,
            hourly_writes=7,
            legal_contact="ned2@example.com",
            users=[{"login": "ned2@example.com", "role": "engineer", "locked": True}, OWNER],
            services=[{"name": "www", "versions": [{"comment": "a"}, {}], "active_version": 1}],
            tokens=[{"user": "olive@example.com", "access_token": SECRET}],
            contacts=[{"contact_type": "billing", "user": "9Olive"}],
            stars=[{"user": "9Olive", "service": "www"}],
        ),
    )
    ned = next(
        user
        for user in await told(world, SECRET, f"/customer/{NEW}/users")
        if user["login"] == "ned2@example.com"
    )
    assert (ned["role"], ned["locked"]) == ("engineer", True)
    customer = await told(world, SECRET, "/current_customer")
    assert customer["owner_id"] == customer["billing_contact_id"] == "9Olive"
    assert customer["legal_contact_id"] == ned["id"]
    assert (customer["pricing_plan"], customer["pricing_plan_id"]) == ("enterprise", "7Enterprise")
    assert (customer["can_reset_passwords"], customer["has_pci_passwords"]) == (False, True)
    (service,) = await told(world, SECRET, "/service")
    versions = [(one["comment"], one["active"]) for one in service["versions"]]
    assert versions == [("a", True), ("", False)]
    (star,) = (await told(world, SECRET, "/stars"))["data"]
    assert star["relationships"]["service"]["data"]["id"] == service["id"]
    answer = await world.ask(SECRET, "PUT", f"/customer/{NEW}", data={"name": "Newer"})
    assert answer.headers["fastly-ratelimit-remaining"] == "6"
    assert (await world.actions(0, NEW))[:3] == ["customer.create", "user.create", "user.create"]
    # However many units a customer takes, it never stands without its owner.
    assert '"user_id":"9Olive"' in (await world.events(NEW))[1][2]


async def test_what_lacks_is_added_and_what_stands_is_left_and_told(world: World) -> None:
    extra = {"id": WIDGETS, "name": "Renamed", "hourly_writes": 5}
    extra |= {
        "users": [
            {"id": BEN.id, "login": BEN.login, "role": "billing", "password": "other"},
            {"login": "new@example.com"},
        ],
        "tokens": [{"user": BEN.login, "name": "more", "services": [WWW]}],
    }
    before = await told(world, ADA.token, f"/user/{BEN.id}")
    loaded = await load(world, read_text(json.dumps({"customers": [extra]})))
    assert loaded.created == {"user": 1, "token": 1}
    assert loaded.unchanged == {"customer": 1, "user": 1}
    assert loaded.notes == [
        "customers[0].users[0].role: 'engineer' stands, and is left",
        "customers[0].name: 'Example Widgets' stands, and is left",
        "customers[0].hourly_writes: 1000 stands, and is left",
    ]
    assert await told(world, ADA.token, f"/user/{BEN.id}") == before
    (issued,) = loaded.issued
    assert (issued.place, issued.name) == ("customers[0].tokens[0]", "more")
    assert (await told(world, issued.secret, "/tokens/self"))["services"] == [WWW]
    first, *lines = str(loaded).splitlines()
    assert first == "created 1 user, 1 token; 2 unchanged"
    assert lines[-1] == f"  customers[0].tokens[0] 'more': {issued.secret}"


async def test_the_first_superuser_owns_a_new_customer(world: World) -> None:
    people = [
        {"login": "enno@example.com", "role": "engineer"},
        {"login": "lena@example.com", "role": "superuser", "locked": True},
        {"login": "sven@example.com", "role": "superuser"},
    ]
    token = {"user": "sven@example.com", "access_token": SECRET}
    await load(world, scenario(users=people, tokens=[token]))
    me = await told(world, SECRET, "/current_user")
    assert (await told(world, SECRET, "/current_customer"))["owner_id"] == me["id"]


async def test_a_customer_is_found_by_its_name(world: World) -> None:
    wanted = read_text('{"customers": [{"name": "Example Widgets"}]}')
    assert (await load(world, wanted)).unchanged == {"customer": 1}
    await load(world, scenario(name="Example Widgets"))
    assert await refusal(world, wanted) == "customers[0].id: is needed: 2 customers have this name"


TOKEN = {"user": "olive@example.com"}
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"users": []}, "users: a new customer needs a superuser to own it"),
    ({"users": [OWNER | {"login": EVE.login}]}, "users[0].login: a user of another customer has"),
    ({"legal_contact": "x@example.com"}, "legal_contact: 'x@example.com' is no user of this"),
    ({"tokens": [{"user": EVE.login}]}, "tokens[0].user: 'eve@example.com' is no user of this"),
    ({"tokens": [TOKEN | {"services": [WWW]}]}, f"tokens[0].services[0]: '{WWW}' is no service"),
    ({"tokens": [TOKEN, TOKEN]}, "tokens[1]: is the same as customers[0].tokens[0]"),
    ({"tokens": [TOKEN | {"access_token": ADA.token}]}, "tokens[0].access_token: another token"),
    ({"tokens": [TOKEN | {"access_token": OPERATOR}]}, "tokens[0].access_token: an operator key"),
    (
        {"tokens": [TOKEN | {"name": f"{at}"} for at in range(101)]},
        "tokens[100]: a user can have 100 tokens at most",
    ),
    (
        {"automation_tokens": [{"name": f"{at}"} for at in range(101)]},
        "automation_tokens[100]: a customer's programs can have 100 tokens at most",
    ),
    ({"stars": [{"user": "9Olive", "service": "www"}]}, "stars[0].service: 'www' is no service"),
]


@pytest.mark.changes_nothing
@pytest.mark.parametrize(("more", "said"), REFUSED, ids=[said for _, said in REFUSED])
async def test_a_bad_file_changes_nothing(world: World, more: dict[str, Any], said: str) -> None:
    assert (await refusal(world, scenario(**more))).startswith(f"customers[0].{said}")


async def test_a_bad_customer_stops_the_good_one_before_it(world: World) -> None:
    good = {"name": "Good", "users": [{"login": "good@example.com", "role": "superuser"}]}
    wanted = read_text(json.dumps({"customers": [good, {"name": "Bad"}]}))
    assert (await refusal(world, wanted)).startswith("customers[1].users: a new customer needs")


async def test_an_operator_key_is_no_token_too(world: World) -> None:
    wanted = read_text(json.dumps({"operator_keys": [{"key": ADA.token}]}))
    assert await refusal(world, wanted) == "operator_keys[0].key: a token is the same"


@pytest.mark.parametrize(
    ("kind", "row"),
    [
        ("users", {"id": "9Other", "login": BEN.login}),
        ("services", {"id": "9Other", "name": "www"}),
        ("tokens", {"id": "9Other", "user": BEN.login, "access_token": BEN.token}),
        ("automation_tokens", {"id": "9Other", "name": "x", "access_token": BOT.token}),
    ],
)
async def test_what_stands_gets_no_other_id(world: World, kind: str, row: dict[str, Any]) -> None:
    wanted = {"customers": [{"id": WIDGETS, "name": "Example Widgets", kind: [row]}]}
    said = await refusal(world, read_text(json.dumps(wanted)))
    assert said.startswith(f"customers[0].{kind}[0].id: it stands already, with the id ")


async def test_what_was_removed_stays_so_with_what_hangs_on_it(world: World) -> None:
    wanted = scenario(
        users=[OWNER, {"id": "9Enno", "login": "enno@example.com", "role": "engineer"}],
        services=[{"id": "9Www", "name": "www"}],
        tokens=[{"user": "olive@example.com", "access_token": SECRET}],
        contacts=[{"contact_type": "billing", "user": "9Enno"}],
        stars=[{"user": "9Enno", "service": "www"}],
    )
    await load(world, wanted)
    assert (await world.ask(SECRET, "DELETE", "/user/9Enno")).status_code == 200
    before = await rows(world)
    loaded = await load(world, wanted)
    assert loaded.created == {}
    assert loaded.skipped == {"user": 1, "contact": 1, "star": 1}
    assert "customers[0].users[1]: was removed, and stays so" in loaded.notes
    assert await rows(world) == before
    assert (await world.ask(SECRET, "DELETE", "/service/9Www")).status_code == 200
    assert (await load(world, wanted)).skipped == {"user": 1, "service": 1, "contact": 1, "star": 1}


async def test_a_session_is_no_token_that_stands(world: World) -> None:
    async def sign_in(unit: Unit) -> None:
        call = system_call(unit, world.app.keyring, WIDGETS)
        await tokens.issue(call, tokens.new_row(call, "session", user_id=BEN.id, name="browser"))

    await world.app.database.write(sign_in, customer_id=WIDGETS)
    token = {"user": BEN.id, "name": "browser"}
    wanted = {"customers": [{"id": WIDGETS, "name": "Example Widgets", "tokens": [token]}]}
    assert (await load(world, read_text(json.dumps(wanted)))).created == {"token": 1}


async def test_many_rows_are_written_in_several_units(world: World) -> None:
    people = [OWNER, *({"login": f"user{at}@example.com"} for at in range(450))]
    wanted = scenario(users=people, services=[{"name": f"{at}"} for at in range(50)])
    heard: list[tuple[int, int]] = []
    loaded = await loading.load(
        world.app.database, world.app.keyring, wanted, lambda *of: heard.append(of)
    )
    assert heard == [(200, 502), (400, 502), (502, 502)]
    assert loaded.created == {"customer": 1, "user": 451, "service": 50}
    assert (await load(world, wanted)).unchanged == loaded.created
