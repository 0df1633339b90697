"""The keys that sign web tokens: made once, sealed, replaced; and tokens that pretend."""

import asyncio
import base64
import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_der_private_key
from joserfc import jwt
from joserfc.jwk import RSAKey
from sqlalchemy import insert, select, update

from tenantry.app import Application
from tenantry.areas.realm import keys
from tenantry.areas.realm.grants import EXCHANGE_GRACE
from tenantry.core.clock import MINUTE, SECOND
from tenantry.core.context import system_call
from tenantry.core.secrets import parse_key
from tenantry.core.security_tables import provider_keys
from tenantry.core.statements import Statement
from tenantry.http.log import RequestLog
from tests.areas.realm_calls import CERTS, Program, claims, program
from tests.table import UNAUTHENTICATED
from tests.world import OTHER, WIDGETS, World

_STORED = Statement(select(provider_keys.c.id, provider_keys.c.private_key))


async def _published(world: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await world.ask(None, "GET", CERTS)).json()["keys"]
    return found


async def _rotate(world: World) -> str:
    world.clock.turn(SECOND)
    return await world.app.database.write(lambda unit: keys.rotate(unit, world.app.keyring))


async def test_a_key_is_made_when_it_is_first_needed_and_then_kept(world: World) -> None:
    assert await _published(world) == []
    cli = await program(world)
    await cli.tokens()
    (key,) = await _published(world)
    assert set(key) == {"kty", "use", "alg", "kid", "n", "e"}
    assert (key["kty"], key["use"], key["alg"]) == ("RSA", "sig", "RS256")
    assert len(base64.urlsafe_b64decode(key["n"] + "==")) * 8 == 3072
    await cli.tokens()
    assert await _published(world) == [key]


async def test_two_processes_that_need_the_first_at_once_make_one(world: World) -> None:
    other = Application(world.app.settings, world.clock, log=RequestLog(enabled=False))
    await other.start()

    async def first(app: Application, customer_id: str) -> str:
        spare = keys.generated()
        key = await app.database.write(
            lambda unit: keys.signing(system_call(unit, app.keyring, customer_id), spare),
            customer_id=customer_id,
        )
        return key.thumbprint()

    made = await asyncio.gather(first(world.app, WIDGETS), first(other, OTHER))
    await other.stop()
    assert list(made) == [key["kid"] for key in await _published(world)] * 2


async def test_the_private_half_is_stored_sealed(world: World) -> None:
    await (await program(world)).tokens()
    ((key_id, sealed),) = await world.app.database.all(_STORED)
    with pytest.raises(ValueError, match=r"."):
        load_der_private_key(base64.urlsafe_b64decode(sealed), None)
    with pytest.raises(ValueError, match="opened"):
        parse_key("6" * 64).unseal(keys.PURPOSE, key_id, sealed)
    assert world.app.keyring.unseal(keys.PURPOSE, key_id, sealed)


async def test_what_an_old_key_signed_is_good_to_its_end(world: World) -> None:
    cli = await program(world)
    before = await cli.tokens()
    (old,) = await _published(world)
    new = await _rotate(world)
    assert [key["kid"] for key in await _published(world)] == [new, old["kid"]]
    after = await cli.tokens()
    assert (await cli.exchange(before["access_token"])).status_code == 200
    assert (await cli.exchange(after["access_token"])).status_code == 200
    world.clock.turn(5 * MINUTE)
    assert [key["kid"] for key in await _published(world)] == [new]


async def test_another_secret_means_another_key(world: World) -> None:
    cli = await program(world)
    await cli.tokens()
    (old,) = await _published(world)
    other = parse_key("6" * 64)
    world.clock.turn(SECOND)
    await world.app.database.write(lambda unit: keys.rotate(unit, other))
    world.clock.turn(SECOND)
    await cli.tokens()
    newest = (await _published(world))[0]
    ((_, sealed),) = [
        one for one in await world.app.database.all(_STORED) if one[0] == newest["kid"]
    ]
    assert newest["kid"] != old["kid"]
    assert world.app.keyring.unseal(keys.PURPOSE, newest["kid"], sealed)


@pytest.mark.parametrize("how", ["put in", "in another's place"])
async def test_a_key_that_this_secret_did_not_seal_vouches_for_nobody(
    world: World, how: str
) -> None:
    """Whoever writes to the database, before it was cut off from an earlier secret or now."""
    cli = await program(world)
    told = claims((await cli.tokens())["access_token"])
    own = RSAKey.generate_key(2048, auto_kid=True)
    key_id = own.thumbprint()
    public = {**own.as_dict(private=False), "kid": key_id, "use": "sig", "alg": "RS256"}
    values = {"public_key": json.dumps(public)}
    if how == "put in":
        sealed = parse_key("6" * 64).seal(keys.PURPOSE, key_id, own.as_der(private=True))
        more = {"id": key_id, "private_key": sealed, "created_at": 1, "retired_at": None}
        statement: Any = insert(provider_keys).values(**values, **more)
    else:
        statement = update(provider_keys).values(values)
    await world.app.database.write(lambda unit: unit.run(Statement(statement)))
    assert key_id not in {key["kid"] for key in await _published(world)}
    answer = await cli.exchange(_signed(own, key_id, "at+jwt", told))
    assert (answer.status_code, answer.json()) == (401, {"msg": UNAUTHENTICATED})


def _part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


async def _forgeries(world: World, cli: Program) -> dict[str, str]:
    """Tokens that say what a good one says, and none of which is one."""
    issued = await cli.tokens()
    good = issued["access_token"]
    told, (public,) = claims(good), await _published(world)
    header = {"alg": "RS256", "kid": public["kid"], "typ": "at+jwt"}
    own = RSAKey.generate_key(2048)
    pem = RSAKey.import_key(public).as_pem(private=False)
    head, _, signature = good.split(".")
    later = {**told, "exp": told["exp"] + 3600}
    # Libraries refuse to do this: the public key taken for a shared secret (RFC 8725 §2.1).
    text = f"{_part({**header, 'alg': 'HS256'})}.{_part(told)}"
    mac = base64.urlsafe_b64encode(hmac.digest(pem, text.encode(), "sha256")).rstrip(b"=")
    brought = {**header, "jwk": own.as_dict(private=False)}
    return {
        "unsigned": f"{_part({**header, 'alg': 'none'})}.{_part(told)}.",
        "unsigned in capitals": f"{_part({**header, 'alg': 'NONE'})}.{_part(told)}.",
        "signed with the public key": f"{text}.{mac.decode()}",
        "signed by somebody else": jwt.encode(header, told, own, algorithms=["RS256"]),
        "bringing its key": jwt.encode(brought, told, own, algorithms=["RS256"]),
        "of an unknown key": jwt.encode({**header, "kid": "x"}, told, own, algorithms=["RS256"]),
        "of no key": jwt.encode({"alg": "RS256"}, told, own, algorithms=["RS256"]),
        "with another body": f"{head}.{_part(later)}.{signature}",
        "without its signature": f"{good.rpartition('.')[0]}.",
        "an ID token": issued["id_token"],
        "a refresh token": issued["refresh_token"],
        "garbage": "a.b.c",
        "too long": f"{good}{'A' * 5000}",
        "nothing": "",
    }


async def test_no_forged_token_opens_a_session(world: World) -> None:
    cli = await program(world)
    forged = await _forgeries(world, cli)
    since = len(await world.events())
    for what, token in forged.items():
        answer = await cli.exchange(token)
        assert (answer.status_code, answer.json()) == (401, {"msg": UNAUTHENTICATED}), what
    assert await world.actions(since) == []


async def test_a_token_signed_by_us_must_say_what_ours_say(world: World) -> None:
    """Whoever else signs with our key in time to come, for others: it is none of these."""
    cli = await program(world)
    told = claims((await cli.tokens())["access_token"])
    ((key_id, sealed),) = await world.app.database.all(_STORED)
    private = world.app.keyring.unseal(keys.PURPOSE, key_id, sealed)
    key = RSAKey.import_key(private)
    wrong = (
        {"iss": "https://other.example.com/realms/fastly"},
        {"aud": "https://other.example.com"},
        {"aud": [told["aud"]]},
        {"azp": "another-program"},
        {"exp": told["iat"]},
        {"iat": told["iat"] + 61},
        {"jti": "0Unknown00000000000000"},
        {"sub": "5UserBen0000000000000"},
        {"customer_id": "2OtherCompany000000000"},
    )
    for change in wrong:
        answer = await cli.exchange(_signed(key, key_id, "at+jwt", told | change))
        assert answer.status_code == 401, change
    assert (await cli.exchange(_signed(key, key_id, "JWT", told))).status_code == 401
    # The clock of the machine that issued it was a little ahead.
    for told_of in (told, told | {"iat": told["iat"] + 60}):
        assert (await cli.exchange(_signed(key, key_id, "at+jwt", told_of))).status_code == 200


def _signed(key: RSAKey, key_id: str, kind: str, told: dict[str, Any]) -> str:
    header = {"alg": "RS256", "kid": key_id, "typ": kind}
    return jwt.encode(header, told, key, algorithms=["RS256"])


async def test_a_token_opens_a_session_in_time_and_once(world: World) -> None:
    cli = await program(world)
    late = await cli.tokens()
    world.clock.turn(5 * MINUTE - SECOND - EXCHANGE_GRACE)
    answer = await cli.exchange(late["access_token"])
    assert answer.status_code == 200
    key = answer.json()["access_token"]
    world.clock.turn(EXCHANGE_GRACE - 1)
    # Its answer was lost, or another command held the same.
    assert (await cli.exchange(late["access_token"])).json() == answer.json()
    world.clock.turn(1)
    since = len(await world.events())
    again = await cli.exchange(late["access_token"])
    assert (again.status_code, again.json()) == (401, {"msg": UNAUTHENTICATED})
    # It was in two hands: what it opened is closed to both.
    assert await world.actions(since) == ["grant.revoke", "token.destroy", "user.logout"]
    assert (await world.ask(key, "GET", "/verify")).status_code == 401
    other = await cli.tokens()
    world.clock.turn(5 * MINUTE)
    assert (await cli.exchange(other["access_token"])).status_code == 401
