"""Two requests at once, on a live server: one wins, and nothing is lost."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.infrastructure.server import LiveServer, serving
from tests.world import ADA, BEN, EVE, SUE, WIDGETS, Person

pytestmark = pytest.mark.live

AT_ONCE = 8


def _at_once(server: LiveServer, calls: Sequence[tuple[Person | str, str, str, Any]]) -> list[int]:
    def call(one: tuple[Person | str, str, str, Any]) -> int:
        who, method, path, form = one
        key = who.token if isinstance(who, Person) else who
        headers = {"Fastly-Key": key}
        answer = httpx.request(method, server.url + path, headers=headers, data=form, timeout=30)
        return answer.status_code

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(call, calls))


def test_two_workers_race(database_url: str, tmp_path: Path) -> None:
    """With two processes, so that nothing can be serialised by one event loop."""
    with serving(database_url, tmp_path, workers=2) as server:
        _one_login(server)
        _double_delete(server)
        _revoked_while_used(server)
        _ownership_against_deletion(server)


def _one_login(server: LiveServer) -> None:
    for number in range(3):
        form = {"login": f"race-{number}@example.com"}
        calls = [((ADA, EVE)[n % 2], "POST", "/user", form) for n in range(AT_ONCE)]
        statuses = _at_once(server, calls)
        assert sorted(statuses) == [200] + [409] * (AT_ONCE - 1)


def _double_delete(server: LiveServer) -> None:
    headers = {"Fastly-Key": ADA.token}
    form = {"login": "doomed@example.com"}
    made = httpx.post(f"{server.url}/user", headers=headers, data=form)
    path = f"/user/{made.json()['id']}"
    statuses = _at_once(server, [(ADA, "DELETE", path, None)] * AT_ONCE)
    assert sorted(statuses) == [200] + [404] * (AT_ONCE - 1)


def _revoked_while_used(server: LiveServer) -> None:
    """Once the revocation is answered, the token opens nothing, in either process."""
    calls: list[tuple[Person | str, str, str, Any]] = [
        (BEN, "PUT", f"/user/{BEN.id}", {"name": f"Ben {n}"}) for n in range(AT_ONCE)
    ]
    calls.insert(AT_ONCE // 2, (ADA, "DELETE", f"/tokens/{BEN.token_id}", None))
    statuses = _at_once(server, calls)
    assert statuses.count(204) == 1
    assert set(statuses) <= {200, 204, 401}
    after = _at_once(server, [(BEN, "GET", "/current_user", None)] * AT_ONCE)
    assert after == [401] * AT_ONCE


def _ownership_against_deletion(server: LiveServer) -> None:
    """Ada hands the account to Sue while Sue is being deleted: never is it nobody's."""
    headers = {"Fastly-Key": ADA.token}
    httpx.delete(f"{server.url}/tokens/{SUE.token_id}", headers=headers)
    transfer, deletion = _at_once(
        server,
        [
            (ADA, "PUT", f"/customer/{WIDGETS}", {"owner_id": SUE.id}),
            (ADA, "DELETE", f"/user/{SUE.id}", None),
        ],
    )
    owner = httpx.get(f"{server.url}/current_customer", headers=headers).json()["owner_id"]
    assert (transfer, deletion, owner) in {(200, 400, SUE.id), (400, 200, ADA.id)}
