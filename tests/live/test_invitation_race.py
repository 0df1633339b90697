"""One invitation accepted many times at once, in two processes: one person joins."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tenantry.core.secrets import parse_key
from tests.areas.invitation_calls import CHOSEN, LIN, document
from tests.infrastructure.server import LiveServer, serving
from tests.world import ADA, EVE, OTHER, WIDGETS, Person, settings

pytestmark = pytest.mark.live

AT_ONCE = 8


def _code(server: LiveServer, who: Person) -> str:
    """The code of a new invitation of Lin's."""
    made = httpx.post(
        f"{server.url}/invitations", headers={"Fastly-Key": who.token}, json=document()
    )
    assert made.status_code == 200, made.text
    key = settings("").secret_key
    assert key is not None
    return parse_key(key).code_for("invitation", made.json()["data"]["id"])


def _accept_all(server: LiveServer, codes: list[str]) -> list[int]:
    def accept(numbered: tuple[int, str]) -> int:
        number, code = numbered
        body = {"name": f"Lin {number}", "password": CHOSEN}
        return httpx.put(
            f"{server.url}/invitation/accept/{code}", json=body, timeout=30
        ).status_code

    with ThreadPoolExecutor(len(codes)) as pool:
        return list(pool.map(accept, enumerate(codes)))


def _lins(server: LiveServer, who: Person, customer_id: str) -> list[str]:
    users = httpx.get(
        f"{server.url}/customer/{customer_id}/users", headers={"Fastly-Key": who.token}
    )
    return [one["name"] for one in users.json() if one["login"] == LIN]


def test_one_of_many_wins(database_url: str, tmp_path: Path) -> None:
    """A parallel double accept makes one user; the others find the code used."""
    with serving(database_url, tmp_path, workers=2) as server:
        statuses = _accept_all(server, [_code(server, ADA)] * AT_ONCE)
        assert sorted(statuses) == [200] + [404] * (AT_ONCE - 1)
        winner = f"Lin {statuses.index(200)}"
        assert _lins(server, ADA, WIDGETS) == [winner]


def test_one_person_joins_one_customer(database_url: str, tmp_path: Path) -> None:
    """Invited by two customers, whose changes nothing serialises, somebody joins one of them."""
    with serving(database_url, tmp_path, workers=2) as server:
        codes = [_code(server, who) for who in (ADA, EVE)] * (AT_ONCE // 2)
        statuses = _accept_all(server, codes)
        assert statuses.count(200) == 1
        assert set(statuses) <= {200, 404, 409}
        joined = _lins(server, ADA, WIDGETS) + _lins(server, EVE, OTHER)
        assert joined == [f"Lin {statuses.index(200)}"]
