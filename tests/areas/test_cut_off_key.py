"""Cutting a database off from its secret key, as docs/upkeep.md has it (decision 7)."""

from pathlib import Path

import msgspec
import pytest
from sqlalchemy import bindparam, delete, update

from tenantry.app import Application
from tenantry.areas.federation.provider import PURPOSE
from tenantry.areas.operator.founding import WrongKey, begin, create_operator_key
from tenantry.core import chain, schema
from tenantry.core.secrets import Keyring
from tenantry.core.security_tables import authenticators, identity_providers
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tenantry.http.log import RequestLog
from tenantry.secret_key import keyring_of
from tests.areas.factor_calls import enrol
from tests.console.browser import CONSOLE, Visitor, form_token
from tests.console.company import Company, company, problem_in
from tests.console.provider import SECRET
from tests.federation_writes import PROVIDERS
from tests.world import (
    ADA,
    BEN,
    BOT,
    OPERATOR,
    PASSWORD,
    UMA,
    WIDGETS,
    TurnedClock,
    World,
    settings,
)

__all__ = ["company"]

_CUT_OFF = Statement(delete(schema.installation))
_SEAL = Statement(update(identity_providers).values(client_secret=bindparam("sealed")))
_SEAL_APPS = Statement(update(authenticators).values(secret=bindparam("sealed")))
ENROL = f"{CONSOLE}/factors/enrol"


async def test_what_was_made_before_opens_nothing_and_passwords_stay(
    world: World, database_url: str, tmp_path: Path
) -> None:
    await world.ask(ADA, "POST", f"/user/{BEN.login}/password/request_reset")
    (letter,) = await world.letters()
    link = f"/_tenantry/v1/password/{world.app.keyring.code_for(*letter['code'])}"
    assert (await world.ask(None, "GET", link)).status_code == 200
    app_of_uma, (recovery_code, *_) = await enrol(world, UMA)
    another = msgspec.structs.replace(settings(database_url), secret_key="6" * 64)
    keyring = keyring_of(another)
    with pytest.raises(WrongKey):
        await begin(world.app.database, keyring)

    async def cut_off(unit: Unit) -> None:
        await unit.run(_CUT_OFF)

    await world.app.database.write(cut_off)
    await begin(world.app.database, keyring)
    with pytest.raises(WrongKey):
        await begin(world.app.database, world.app.keyring)
    app = Application(another, TurnedClock(), RequestLog(enabled=False))
    await app.start()
    after = World(app, TurnedClock(), world.dialect, tmp_path / "unused")
    for key in (ADA, BOT, OPERATOR):
        assert (await after.ask(key, "GET", "/current_customer")).status_code == 401
    assert (await after.ask(None, "GET", link)).status_code == 404
    form = {"username": BEN.login, "password": PASSWORD}
    made = (await after.ask(None, "POST", "/tokens", data=form)).json()
    assert (await after.ask(made["access_token"], "GET", "/current_user")).status_code == 200
    form = {"username": UMA.login, "password": PASSWORD}
    for code in (app_of_uma.code(), recovery_code):
        refused = await after.ask(None, "POST", "/tokens", data=form, headers={"Fastly-OTP": code})
        assert (refused.status_code, refused.json()["code"]) == (400, "2fa.verify")
    key = await create_operator_key(app.database, keyring)
    taken = await after.ask(key, "DELETE", f"/_operator/v1/users/{UMA.id}/factors")
    assert taken.is_success
    assert (await after.ask(None, "POST", "/tokens", data=form)).status_code == 200
    assert (await chain.verify(app.database, WIDGETS)).problem is None
    await after.stop()


async def test_a_client_secret_of_an_earlier_key_is_asked_for_anew(company: Company) -> None:
    sealed = Keyring(b"6" * 32).seal(PURPOSE, company.id, SECRET.encode())
    await company.world.app.database.write(lambda unit: unit.run(_SEAL, sealed=sealed))
    says = "can't be asked before its client secret is given anew"
    assert problem_in(await company.sign_in(BEN)) == f"Example Login {says}."
    checked = await company.world.ask(ADA, "POST", f"{PROVIDERS}/{company.id}/check")
    assert checked.json()["problems"] == [f"It {says}"]
    await company.set(client_secret=SECRET)
    assert (await company.sign_in(BEN)).status_code == 303


async def test_an_app_that_was_begun_before_is_not_found(world: World) -> None:
    """It can't be shown, nor confirmed; another can be begun at once."""
    ben = Visitor(world)
    assert (await ben.sign_in(BEN)).status_code == 303
    place = (await ben.send(ENROL, {"name": "Telephone"})).headers["location"]
    form = {"form_token": form_token(await ben.get(place)), "code": "123456"}
    sealed = Keyring(b"6" * 32).seal("authenticator", place.rpartition("/")[2], bytes(20))
    await world.app.database.write(lambda unit: unit.run(_SEAL_APPS, sealed=sealed))
    assert (await ben.get(place)).status_code == 404
    assert (await ben.post(place, form)).status_code == 404
    place = (await ben.send(ENROL, {"name": "Telephone"})).headers["location"]
    assert (await ben.get(place)).status_code == 200
