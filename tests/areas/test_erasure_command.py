"""`tenantry erase-person`: the same without a server."""

import asyncio
from pathlib import Path

import pytest

from tests.areas.erasure_calls import NINA, live_and_leave, stored
from tests.test_cli import is_one_line, tenantry
from tests.world import BEN, OTHER, WIDGETS, open_world

pytestmark = pytest.mark.live

KEY = "5" * 64
"""The secret key of the tests' world."""


def command(folder: Path, url: str, *options: str) -> tuple[int, str, str]:
    run = tenantry(folder, "erase-person", *options, TENANTRY_DATABASE=url, TENANTRY_SECRET_KEY=KEY)
    return run.returncode, run.stdout, run.stderr


async def _left(url: str, folder: Path) -> str:
    world = await open_world(url, folder)
    nina = await live_and_leave(world)
    await world.stop()
    return nina


async def _stored(url: str, folder: Path) -> str:
    world = await open_world(url, folder)
    text = await stored(world)
    await world.stop()
    return text


@pytest.mark.parametrize("by", ["--login", "--user"])
def test_a_person_is_erased(database_url: str, tmp_path: Path, by: str) -> None:
    nina = asyncio.run(_left(database_url, tmp_path))
    whom = NINA if by == "--login" else nina
    code, told, wrong = command(tmp_path, database_url, by, whom)
    assert (code, wrong) == (0, "")
    assert told.startswith(f"{WIDGETS}  erased {nina}: ")
    assert told.endswith("2 contacts, 1 invitations, 2 letters\n")
    assert NINA not in asyncio.run(_stored(database_url, tmp_path))
    verified = tenantry(
        tmp_path, "verify-audit", TENANTRY_DATABASE=database_url, TENANTRY_SECRET_KEY=KEY
    )
    assert verified.returncode == 0, verified.stdout


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ((), "either a user id or a login"),
        (("--user", BEN.id), "delete the user first"),
        (("--login", "nobody@example.com"), "Cannot find user"),
        (("--user", BEN.id, "--customer", OTHER), "Cannot find user"),
    ],
)
def test_what_is_refused(
    database_url: str, tmp_path: Path, options: tuple[str, ...], why: str
) -> None:
    code, told, wrong = command(tmp_path, database_url, *options)
    assert (code, told) == (1, "")
    assert is_one_line(wrong)
    assert why in wrong
