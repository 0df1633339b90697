"""Passwords that became known elsewhere, where the operator has a list of them."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.app import Application
from tenantry.core.breaches import check_breached, is_breached, set_breached
from tests.areas.test_passwords import NEW, change
from tests.areas.test_sign_in import sign_in
from tests.world import BEN, PASSWORD, World

KNOWN = ["Troubadour-42-staple", "zebra-Crossing-9-moth", "Ümlaut-7-größer-als"]
BASIC = (BEN.login, PASSWORD)


def hashed(password: str) -> str:
    return hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()


def listed(path: Path, passwords: list[str], ending: str = "\r\n") -> str:
    """The file, as it is handed out: sorted by hash, with how often each was seen."""
    lines = sorted(f"{hashed(one)}:{number}" for number, one in enumerate(passwords, 1))
    path.write_bytes(ending.join(lines).encode())
    return str(path)


@contextmanager
def in_force(path: str) -> Iterator[None]:
    """Within, that list is asked."""
    set_breached(path)
    try:
        yield
    finally:
        set_breached("")


async def test_none_of_the_list_is_taken(world: World, tmp_path: Path) -> None:
    others = [f"somebody-{number}" for number in range(500)]
    with in_force(listed(tmp_path / "list", [*KNOWN, *others])):
        for one in KNOWN:
            answer = await change(world, BASIC, new=one)
            assert answer.status_code == 400
            assert answer.json()["detail"].startswith("Password became known elsewhere")
        assert (await change(world, BASIC)).status_code == 200
    assert (await sign_in(world, BEN.login, NEW)).status_code == 200


async def test_who_has_such_a_password_may_still_sign_in(world: World, tmp_path: Path) -> None:
    with in_force(listed(tmp_path / "list", [PASSWORD])):
        assert (await sign_in(world, BEN.login)).status_code == 200


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_setting_names_the_list(world: World, tmp_path: Path) -> None:
    path = listed(tmp_path / "list", KNOWN)
    Application(msgspec.structs.replace(world.app.settings, breached_passwords=path))
    assert is_breached(KNOWN[0])
    Application(world.app.settings)
    assert not is_breached(KNOWN[0])


@given(count=st.integers(0, 40), ending=st.sampled_from(["\n", "\r\n"]))
def test_each_is_found_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, count: int, ending: str
) -> None:
    passwords = [f"password {number}" for number in range(count)]
    path = listed(tmp_path_factory.mktemp("lists") / "list", passwords, ending)
    with in_force(path):
        assert all(is_breached(one) for one in passwords)
        assert not any(is_breached(f"other {number}") for number in range(40))


@pytest.mark.parametrize(
    "text", ["", "\n", "password\n", f"{hashed('b').lower()}\n", "F" * 40 + "\n" + "A" * 40 + "\n"]
)
def test_what_is_no_such_list_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "list"
    path.write_text(text)
    with pytest.raises(ValueError, match="no SHA-1 hashes in their order"):
        check_breached(str(path))
