"""Customers: seen, changed, handed on and closed (contract: identity §2, access §10, §11)."""

from typing import Any

import httpx
import pytest

from tests.areas.account_calls import edit_user, session_of
from tests.areas.test_users import NOT_ALLOWED, bad_request
from tests.world import (
    ADA,
    API,
    BEN,
    BILL,
    BOT,
    EVE,
    EVERYBODY,
    LIM,
    OPERATOR,
    OTHER,
    PASSWORD,
    READ_ONLY,
    SUE,
    TESS,
    TONI,
    UMA,
    WIDGETS,
    WWW,
    Person,
    World,
)

PATH = f"/customer/{WIDGETS}"
WIDGETS_AS_TOLD = {
    "billing_contact_id": None,
    "billing_network_type": "public",
    "billing_ref": None,
    "can_configure_wordpress": None,
    "can_reset_passwords": True,
    "can_upload_vcl": True,
    "force_2fa": False,
    "force_sso": False,
    "has_account_panel": True,
    "has_improved_events": True,
    "has_improved_ssl_config": False,
    "has_openstack_logging": False,
    "has_pci": False,
    "has_pci_passwords": False,
    "ip_whitelist": "0.0.0.0/0",
    "legal_contact_id": None,
    "name": "Example Widgets",
    "owner_id": ADA.id,
    "phone_number": "",
    "postal_address": None,
    "pricing_plan": "developer",
    "pricing_plan_id": "0DeveloperPlan00000000",
    "security_contact_id": None,
    "technical_contact_id": None,
    "created_at": "2026-03-01T10:00:00Z",
    "deleted_at": None,
    "id": WIDGETS,
    "updated_at": "2026-03-01T10:00:00Z",
}
BILLING_ONLY = {
    "billing_contact_id",
    "billing_ref",
    "phone_number",
    "postal_address",
    "pricing_plan",
    "pricing_plan_id",
    "ip_whitelist",
}


async def put(world: World, who: Person | str = ADA, **form: Any) -> httpx.Response:
    return await world.ask(who, "PUT", PATH, data=form)


async def test_a_customer_is_told_as_documented(world: World) -> None:
    for path in (PATH, "/current_customer"):
        answer = await world.ask(ADA, "GET", path)
        assert answer.status_code == 200
        assert list(answer.json().items()) == list(WIDGETS_AS_TOLD.items())


async def test_who_does_no_billing_sees_less(world: World) -> None:
    for person in EVERYBODY:
        if person.customer_id != WIDGETS:
            continue
        sees_all = person.role in {"superuser", "billing"}
        expected = WIDGETS_AS_TOLD.keys() - (set() if sees_all else BILLING_ONLY)
        for path in (PATH, "/current_customer"):
            answer = await world.ask(person, "GET", path)
            assert (answer.status_code, answer.json().keys()) == (200, expected), person.name


async def test_another_customer_is_not_there(world: World) -> None:
    for method in ("GET", "PUT", "DELETE"):
        answer = await world.ask(ADA, method, f"/customer/{OTHER}", data={"name": "x"})
        expected = {"msg": "Record not found", "detail": f"Cannot find customer '{OTHER}'"}
        assert (answer.status_code, answer.json()) == (404, expected)
    assert (await world.ask(EVE, "GET", "/current_customer")).json()["name"] == "Other Company"


async def test_what_is_sent_changes_and_what_is_not_stays(world: World) -> None:
    world.clock.turn(1_000_000)
    since = len(await world.events())
    change = {
        "name": " Widgets & Sons ",
        "billing_network_type": "private",
        "billing_ref": "PO 7",
        "phone_number": "+1-555-0100",
        "postal_address": "1 Example Street",
        "has_pci": "True",
        "has_account_panel": "0",
        "legal_contact_id": UMA.id,
        "billing_contact_id": BILL.id,
    }
    answer = await put(world, **change)
    assert answer.status_code == 200
    assert answer.json() == {
        **WIDGETS_AS_TOLD,
        **change,
        "name": "Widgets & Sons",
        "has_pci": True,
        "has_account_panel": False,
        "updated_at": "2026-03-01T10:00:01Z",
    }
    assert answer.json() == (await world.ask(ADA, "GET", PATH)).json()
    assert await world.actions(since) == [
        "customer.update",
        "billing.contact_update",
        "customer_feature.delete",
        "customer_feature.create",
    ]
    body = (await world.events())[since][2]
    assert "Sons" not in body
    assert "Example Street" not in body
    assert "+1-555" not in body
    answer = await put(world, billing_ref="None", postal_address="", billing_contact_id="null")
    told = [answer.json()[name] for name in ("billing_ref", "postal_address", "billing_contact_id")]
    assert told == [None, None, None]


async def test_what_is_read_only_is_ignored(world: World) -> None:
    since = len(await world.events())
    form = {
        "pricing_plan": "enterprise",
        "pricing_plan_id": "x",
        "can_upload_vcl": "False",
        "has_pci_passwords": "True",
        "can_reset_passwords": "None",
        "created_at": "yesterday",
        "id": OTHER,
    }
    answer = await put(world, **form)
    assert (answer.status_code, answer.json()) == (200, WIDGETS_AS_TOLD)
    assert await world.actions(since) == []


async def test_a_change_of_nothing_is_refused(world: World) -> None:
    for form in ({}, {"stray": "x", "hourly_writes": "9999"}):
        answer = await put(world, **form)
        assert (answer.status_code, answer.json()) == (400, bad_request("No fields to update"))


@pytest.mark.changes_nothing
@pytest.mark.parametrize(
    ("form", "detail"),
    [
        ({"billing_network_type": "mesh"}, "Billing network type must be one of: public, private"),
        ({"name": " "}, "Name must have 1 to 255 characters"),
        ({"name": "x" * 256}, "Name must have 1 to 255 characters"),
        ({"force_2fa": "perhaps"}, "Force 2fa: Expected bool, got str"),
        ({"legal_contact_id": EVE.id}, "Legal contact id must be a user of this customer"),
        (
            {"technical_contact_id": "nobody"},
            "Technical contact id must be a user of this customer",
        ),
        ({"owner_id": ""}, "Owner id must be a user of this customer"),
        ({"owner_id": EVE.id}, "Owner id must be a user of this customer"),
        ({"owner_id": BEN.id}, "Owner id must be an unlocked superuser of this customer"),
        ({"postal_address": "x" * 4097}, "Postal address must have at most 4096 characters"),
        ({"force_sso": "1"}, "Force sso needs an identity provider, and none is connected"),
        ({"force_2fa": "1"}, "Enable two-factor authentication on your own account first"),
    ],
)
async def test_a_wrong_value_is_refused_and_nothing_saved(
    world: World, form: dict[str, str], detail: str
) -> None:
    since = len(await world.events())
    answer = await put(world, **form, billing_ref="PO 7")
    assert (answer.status_code, answer.json()) == (400, bad_request(detail))
    assert (await world.ask(ADA, "GET", PATH)).json() == WIDGETS_AS_TOLD
    assert await world.actions(since) == []


async def test_only_superusers_change_it(world: World) -> None:
    for person in (BEN, LIM, BILL, UMA, TESS, TONI, BOT):
        answer = await put(world, person, name="Renamed")
        assert (answer.status_code, answer.json()) == (403, NOT_ALLOWED), person.name
    assert (await put(world, READ_ONLY, name="Renamed")).status_code == 403
    assert (await put(world, SUE, name="Renamed")).status_code == 200


async def test_only_the_owner_hands_the_account_on(world: World) -> None:
    for owner_id in (SUE.id, "0Unknown00000000000000", ""):
        answer = await put(world, SUE, owner_id=owner_id)
        assert (answer.status_code, answer.json()) == (403, NOT_ALLOWED)
    assert (await put(world, SUE, owner_id=ADA.id)).status_code == 200
    assert (await put(world, ADA, owner_id=SUE.id)).json()["owner_id"] == SUE.id
    assert (await world.ask(ADA, "GET", f"/user/{ADA.id}")).json()["role"] == "superuser"
    assert (await put(world, ADA, owner_id=ADA.id)).status_code == 403
    assert (await world.ask(ADA, "DELETE", PATH)).status_code == 403
    demoted = await world.ask(SUE, "PUT", f"/user/{ADA.id}", data={"role": "user"})
    assert demoted.status_code == 200


async def test_no_locked_superuser_becomes_the_owner(world: World) -> None:
    await world.ask(ADA, "PUT", f"/user/{SUE.id}", data={"locked": "1"})
    expected = bad_request("Owner id must be an unlocked superuser of this customer")
    assert (await put(world, owner_id=SUE.id)).json() == expected


async def test_forcing_two_factors_signs_out_who_has_none(world: World) -> None:
    await edit_user(world, ADA, two_factor_auth_enabled=True)
    sessions = {person: await session_of(world, person) for person in (ADA, BEN, UMA, EVE)}
    since = len(await world.events())
    answer = await put(world, force_2fa="True")
    assert (answer.status_code, answer.json()["force_2fa"]) == (200, True)
    assert await world.actions(since) == [
        "customer.update",
        *["token.destroy"] * 2,
        *["user.logout"] * 2,
    ]
    lives = {
        person.name: (await world.ask(secret, "GET", "/tokens/self")).status_code
        for person, secret in sessions.items()
    }
    assert lives == {"Ada": 200, "Ben": 401, "Uma": 401, "Eve": 200}
    for person in (BEN, BOT, ADA):
        assert (await world.ask(person, "GET", "/tokens/self")).status_code == 200
    listed = (await world.ask(ADA, "GET", f"{PATH}/users")).json()
    told = {user["id"]: user["two_factor_setup_required"] for user in listed}
    assert (told[ADA.id], told[BEN.id]) == (False, True)
    inside = f"{PATH}/users?customer_id={WIDGETS}"
    assert (await world.ask(OPERATOR, "GET", inside)).json() == listed
    since = len(await world.events())
    assert (await put(world, SUE, force_2fa="True")).status_code == 200
    assert (await put(world, SUE, force_2fa="False")).status_code == 200
    assert await world.actions(since) == ["customer.update"]


async def test_forced_two_factors_stop_new_tokens_until_one_has_them(world: World) -> None:
    await edit_user(world, ADA, two_factor_auth_enabled=True)
    await put(world, force_2fa="True")
    expected = {"msg": "Two-factor authentication is required for this account"}
    form = {"username": BEN.login, "password": PASSWORD}
    for key, path in ((None, "/tokens"), (BEN, "/sudo"), (BEN, "/tokens")):
        answer = await world.ask(key, "POST", path, data=form)
        code = {"code": "forbidden"} if path == "/sudo" else {}
        assert (answer.status_code, answer.json()) == (403, expected | code)
        assert answer.headers["fastly-otp"] == "setup"


async def test_only_the_owner_closes_the_account(world: World) -> None:
    for person in (SUE, BEN, BILL, UMA, BOT):
        answer = await world.ask(person, "DELETE", PATH)
        assert (answer.status_code, answer.json()) == (403, NOT_ALLOWED), person.name
    answer = await world.ask(ADA, "DELETE", PATH)
    assert (answer.status_code, answer.json()) == (400, bad_request("Customer has services"))


async def test_a_closed_account_opens_for_nobody(world: World) -> None:
    session = await session_of(world, BEN)
    await world.ask(ADA, "POST", f"/user/{UMA.login}/password/request_reset")
    (letter,) = await world.letters()
    for service_id in (WWW, API):
        await world.ask(ADA, "DELETE", f"/service/{service_id}")
    answer = await world.ask(ADA, "DELETE", PATH)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert (await world.events())[-1][:2] == ("customer.delete", "customer.update")
    for key in (ADA, SUE, BEN, BOT, READ_ONLY, session):
        answer = await world.ask(key, "GET", "/tokens/self")
        expected = {"msg": "Provided credentials are missing or invalid"}
        assert (answer.status_code, answer.json()) == (401, expected)
    form = {"username": BEN.login, "password": PASSWORD}
    assert (await world.ask(None, "POST", "/tokens", data=form)).status_code == 400
    code = world.app.keyring.code_for(*letter["code"])
    assert (await world.ask(None, "GET", f"/_tenantry/v1/password/{code}")).status_code == 404
    for login in (ADA.login, BEN.login):
        assert (await world.ask(EVE, "POST", "/user", data={"login": login})).status_code == 200
