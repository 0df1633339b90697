"""The log as evidence: its signed head, its keys, its export, each for who may see all of it."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tenantry.core import checkpoints, signing, verify_audit
from tenantry.core.checkpoints import Checkpoint
from tenantry.core.clock import DAY
from tenantry.core.secrets import Keyring
from tenantry.core.signing import PublicKey
from tests.world import ADA, BEN, EVE, OPERATOR, OTHER, WIDGETS, World

HEAD = "/_tenantry/v1/audit/head"
KEYS = "/_tenantry/v1/audit/keys"
EXPORT = "/_tenantry/v1/audit/export"
CHECKPOINTS = "/_tenantry/v1/audit/checkpoints"
VERIFIER = "/_tenantry/v1/audit/verify_audit.py"


async def keys(world: World) -> dict[str, PublicKey]:
    """The published keys by their ids, as somebody without a token gets them."""
    answer = await world.ask(None, "GET", KEYS)
    assert answer.status_code == 200
    found = msgspec.convert(answer.json()["data"], list[PublicKey])
    return {key.key_id: key for key in found}


async def keep(world: World, customer_id: str = WIDGETS) -> Checkpoint:
    """Keep a checkpoint, as the schedule does."""
    app = world.app
    return await app.database.write(
        lambda unit: checkpoints.keep(unit, app.keyring, customer_id, app.settings.base_url),
        customer_id=customer_id,
    )


async def test_the_head_is_signed_by_a_published_key(world: World) -> None:
    answer = await world.ask(ADA, "GET", HEAD)
    assert answer.status_code == 200
    head = msgspec.convert(answer.json(), Checkpoint)
    events = await world.events()
    assert (head.sequence, head.hash) == (len(events), events[-1][4].hex())
    assert (head.customer_id, head.origin) == (WIDGETS, "https://accounts.example.com")
    assert head.created_at == "2026-03-01T10:00:00Z"
    public = (await keys(world))[head.key_id]
    assert signing.is_signed(head, public.public_key)
    for changes in (
        {"sequence": 1},
        {"customer_id": OTHER},
        {"created_at": "2026-03-02T10:00:00Z"},
    ):
        lied = msgspec.structs.replace(head, **changes)
        assert not signing.is_signed(lied, public.public_key), changes


@pytest.mark.parametrize("path", [HEAD, EXPORT, CHECKPOINTS])
async def test_only_who_sees_the_whole_log_gets_it(world: World, path: str) -> None:
    assert (await world.ask(BEN, "GET", path)).status_code == 403
    assert (await world.ask(OPERATOR, "GET", path)).status_code == 403
    theirs = await world.ask(EVE, "GET", path)
    assert theirs.status_code == 200
    assert WIDGETS not in theirs.text
    asked = await world.ask(OPERATOR, "GET", path, params={"customer_id": WIDGETS})
    assert asked.status_code == 200
    nowhere = await world.ask(OPERATOR, "GET", HEAD, params={"customer_id": "0Unknown"})
    assert nowhere.status_code == 404


async def _exported(world: World, **params: Any) -> list[bytes]:
    """Every part of an export, as its links lead through it."""
    parts, path = [], EXPORT
    while path:
        answer = await world.ask(ADA, "GET", path, params=params or None)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/x-ndjson"
        parts.append(answer.content)
        link = answer.headers.get("link", "")
        path, params = link.partition("<")[2].partition(">")[0], {}
        assert not link or link.endswith('; rel="next"')
    return parts


async def test_an_export_is_the_whole_log_however_it_is_cut(world: World) -> None:
    events = await world.events()
    [whole] = await _exported(world)
    assert len(whole.splitlines()) == len(events)
    parts = await _exported(world, limit=5)
    assert len(parts) == -(-len(events) // 5)
    assert b"".join(parts) == whole
    line = msgspec.json.decode(whole.splitlines()[4])
    assert list(line) == ["sequence", "hash", "body", "personal"]
    assert (line["sequence"], line["hash"]) == (5, events[4][4].hex())
    found = verify_audit.follow_lines(whole.splitlines(), verify_audit.Place())
    assert found.last == (len(events), events[-1][4], WIDGETS)


async def test_an_export_goes_on_where_the_last_one_ended(world: World) -> None:
    before = (await _exported(world))[0]
    last = len(before.splitlines())
    await world.ask(ADA, "PUT", f"/user/{BEN.id}", data={"name": "Benjamin"})
    [more] = await _exported(world, **{"from": last + 1})
    assert [msgspec.json.decode(one)["sequence"] for one in more.splitlines()] == [last + 1]
    [some] = await _exported(world, **{"from": 2, "to": 4})
    assert some == b"".join(before.splitlines(keepends=True)[1:4])
    assert await _exported(world, **{"from": last + 2}) == [b""]


async def test_an_export_comes_packed_if_that_is_wanted(world: World) -> None:
    plain = await world.ask(ADA, "GET", EXPORT, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    packed = await world.ask(ADA, "GET", EXPORT, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(plain.content) / 2
    assert packed.content == plain.content


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"from": "0"}, "from must be the number of an event, from 1"),
        ({"to": "-1"}, "to must be the number of an event, from 1"),
        ({"from": "9" * 40}, "from must be the number of an event, from 1"),
        ({"from": f"{1:020}{9:020}"}, "from must be the number of an event, from 1"),
        ({"to": f"{1:020}{'9' * 5000}"}, "to must be the number of an event, from 1"),
        ({"limit": "0"}, "limit must be a whole number of at least 1"),
    ],
)
async def test_a_bad_span_is_refused(world: World, params: dict[str, str], says: str) -> None:
    answer = await world.ask(ADA, "GET", EXPORT, params=params)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] == says


async def test_checkpoints_that_were_kept_are_listed_in_pages(world: World) -> None:
    kept = []
    for number in range(3):
        kept.append(msgspec.to_builtins(await keep(world)))
        await world.ask(ADA, "PUT", f"/user/{BEN.id}", data={"name": f"Ben {number}"})
    first = (await world.ask(ADA, "GET", CHECKPOINTS, params={"limit": 2})).json()
    assert (first["data"], first["limit"]) == (kept[:2], 2)
    more = {"limit": 2, "cursor": first["next_cursor"]}
    rest = (await world.ask(ADA, "GET", CHECKPOINTS, params=more)).json()
    assert (rest["data"], rest["next_cursor"]) == (kept[2:], "")
    assert (await world.ask(EVE, "GET", CHECKPOINTS)).json()["data"] == []
    for cursor in ("x", "WyJ4Il0", "Wy0xXQ", "WzEsMl0"):
        answer = await world.ask(ADA, "GET", CHECKPOINTS, params={"cursor": cursor})
        assert answer.status_code == 400, cursor


async def test_old_keys_stay_published_and_vouch_for_the_new(world: World) -> None:
    app = world.app
    old = await keep(world)
    world.clock.turn(DAY)
    new = await app.database.write(lambda unit: signing.rotate(unit, app.keyring))
    head = msgspec.convert((await world.ask(ADA, "GET", HEAD)).json(), Checkpoint)
    published = await keys(world)
    assert list(published) == [old.key_id, new.key_id]
    assert head.key_id == new.key_id
    assert published[new.key_id] == new
    assert signing.is_signed(old, published[old.key_id].public_key)
    assert signing.is_signed(new, published[old.key_id].public_key)
    assert not signing.is_signed(new, published[new.key_id].public_key)


async def test_another_secret_begins_another_key(world: World) -> None:
    app = world.app
    old = await keep(world)
    another = Keyring(b"6" * 32)
    key = await signing.signing_key(app.database, another)
    assert key.published.generation == 2
    assert key.published.signature is None
    known = [one.key_id for one in await signing.public_keys(app.database, another)]
    assert known == [old.key_id, key.published.key_id]


async def test_the_verifier_is_one_file_that_needs_nothing(world: World, tmp_path: Path) -> None:
    answer = await world.ask(None, "GET", VERIFIER)
    assert answer.headers["content-type"] == "text/x-python"
    (tmp_path / "verify_audit.py").write_bytes(answer.content)
    (tmp_path / "export.ndjson").write_bytes((await _exported(world))[0])
    # No packages (-S), nothing of this environment (-I).
    ended = subprocess.run(  # noqa: ASYNC221 - nothing else is served meanwhile
        [sys.executable, "-I", "-S", "verify_audit.py", "export.ndjson"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.stdout == f"events 1 to {len(await world.events())} are whole\n"
    assert (ended.returncode, ended.stderr) == (0, "")
