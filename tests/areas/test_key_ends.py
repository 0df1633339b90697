"""However a key ends, the log hears the same of it (contract: access §12, identity §6.4)."""

import re
from pathlib import Path

import msgspec
import pytest

import tenantry
from tests.areas.account_calls import session_of
from tests.world import ADA, BEN, BOT, EXPIRED, EXPIRED_ID, PASSWORD, SUE, WIDGETS, World

SOURCE = Path(tenantry.__file__).parent
WAYS = {
    "revoked": ("DELETE", f"/tokens/{BEN.token_id}", {}),
    "by itself": ("DELETE", "/tokens/self", {}),
    "a program's": ("DELETE", f"/automation-tokens/{BOT.token_id}", {}),
    "locked out": ("PUT", f"/user/{BEN.id}", {"locked": "true"}),
    "left": ("DELETE", f"/user/{BEN.id}", {}),
    "two factors": ("PUT", f"/customer/{WIDGETS}", {"force_2fa": "true"}),
}


@pytest.mark.parametrize("way", list(WAYS))
async def test_the_log_hears_the_same_of_every_end(world: World, way: str) -> None:
    caller = BEN if way == "by itself" else "operator-key-0000000000000000000"
    method, path, form = WAYS[way]
    if way in {"locked out", "left", "two factors"}:
        await session_of(world, BEN)
    if way == "left":
        await world.ask(ADA, "DELETE", f"/tokens/{BEN.token_id}")
    since = len(await world.events())
    query = f"?customer_id={WIDGETS}" if caller != BEN else ""
    if way == "a program's":
        caller, query = SUE, ""
    answer = await world.ask(caller, method, path + query, data=form)
    assert answer.is_success, answer.text
    ends = [event for event in (await world.events())[since:] if event[0] == "token.destroy"]
    assert len(ends) == 1
    body = msgspec.json.decode(ends[0][2])
    token_id = body["metadata"]["token_id"]
    assert set(body["metadata"]) == {
        *("token_id", "name", "scope", "services", "expires_at", "kind")
    }
    assert body["rows"] == {f"token/{token_id}": None}


@pytest.mark.parametrize("path", ["/tokens", "/current_user/password", "/sudo"])
async def test_an_expired_key_is_told_where_a_password_would_do(world: World, path: str) -> None:
    since = len(await world.events())
    for form in ({}, {"password": PASSWORD}, {"old_password": PASSWORD, "new_password": PASSWORD}):
        answer = await world.ask(EXPIRED, "POST", path, data=form)
        said = {"msg": f"Token {EXPIRED_ID} expired at 2026-02-28T10:00:00Z"}
        assert (answer.status_code, answer.json()) == (401, said)
    assert await world.actions(since) == []


def test_one_verb_ends_keys() -> None:
    tellers = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        if re.search(r'record\(\s*\w+,\s*"token\.destroy"', path.read_text("utf-8"))
    }
    assert tellers == {"areas/customers/keys.py"}
