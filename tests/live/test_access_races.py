"""Something is given while it is deleted, on a live server: either comes first, nothing dangles."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.infrastructure.server import LiveServer, serving
from tests.world import ADA, LIM, SUE, UMA, Person

pytestmark = pytest.mark.live

ROUNDS = 4
Call = tuple[str, str, Any]


class Race:
    """Ada gives, Sue deletes, both at once."""

    def __init__(self, server: LiveServer) -> None:
        self.server = server
        self.made = 0

    def ask(self, who: Person, call: Call) -> httpx.Response:
        """Make a call."""
        method, path, body = call
        headers = {"Fastly-Key": who.token}
        return httpx.request(method, self.server.url + path, headers=headers, json=body, timeout=30)

    def make(self, path: str) -> str:
        """A new role, group or service; its id."""
        self.made += 1
        answer = self.ask(ADA, ("POST", path, {"name": f"race {self.made}"}))
        assert answer.status_code in {200, 201}, answer.text
        return str(answer.json()["id"])

    def read(self, path: str) -> str:
        """What Ada sees."""
        answer = self.ask(ADA, ("GET", path, None))
        assert answer.status_code == 200, answer.text
        return answer.text

    def run(self, giving: Call, deleting: Call, given: set[int]) -> None:
        """Both at once: the deletion succeeds; the gift does, or finds nothing there."""
        with ThreadPoolExecutor(2) as pool:
            gift = pool.submit(self.ask, ADA, giving)
            deletion = pool.submit(self.ask, SUE, deleting)
        assert deletion.result().status_code in {200, 204}, deletion.result().text
        assert gift.result().status_code in given | {404}, gift.result().text


def test_what_is_deleted_while_it_is_given_is_nobodys(database_url: str, tmp_path: Path) -> None:
    """With two processes, so that nothing can be serialised by one event loop."""
    with serving(database_url, tmp_path, workers=2) as server:
        race = Race(server)
        for _ in range(ROUNDS):
            _role_of_a_user(race)
            _role_of_a_group(race)
            _member_of_a_group(race)
            _service(race)


def _role_of_a_user(race: Race) -> None:
    role = race.make("/roles")
    giving = ("PUT", f"/user/{UMA.id}", {"roles": [role]})
    race.run(giving, ("DELETE", f"/roles/{role}", None), {200})
    assert role not in race.read(f"/user/{UMA.id}")


def _role_of_a_group(race: Race) -> None:
    role, group = race.make("/roles"), race.make("/user-groups")
    giving = ("POST", f"/user-groups/{group}/roles", {"roles": [{"id": role}]})
    race.run(giving, ("DELETE", f"/roles/{role}", None), {201})
    assert '"roles_count":0' in race.read(f"/user-groups/{group}")


def _member_of_a_group(race: Race) -> None:
    group = race.make("/user-groups")
    giving = ("POST", f"/user-groups/{group}/members", {"members": [{"id": LIM.id}]})
    race.run(giving, ("DELETE", f"/user-groups/{group}", None), {201})
    assert race.ask(LIM, ("GET", f"/user-groups/{group}", None)).status_code == 404


def _service(race: Race) -> None:
    for service, giving, path in _gifts_of_a_service(race):
        race.run(giving, ("DELETE", f"/service/{service}", None), {200, 201})
        assert service not in race.read(path)


def _gifts_of_a_service(race: Race) -> Iterator[tuple[str, Call, str]]:
    """A service, what gives it to somebody, and where it would stand then."""
    service, group = race.make("/service"), race.make("/service-groups")
    path = f"/service-groups/{group}/services"
    yield service, ("POST", path, {"services": [{"id": service}]}), path
    service = race.make("/service")
    linked = {
        "service": {"data": {"type": "service", "id": service}},
        "user": {"data": {"type": "user", "id": LIM.id}},
    }
    path = "/service-authorizations"
    yield service, ("POST", path, {"data": {"relationships": linked}}), path
