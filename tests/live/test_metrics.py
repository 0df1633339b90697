"""Numbers for Prometheus, of all processes together."""

import re
from pathlib import Path

import httpx
import pytest

from tests.infrastructure.server import free_port, serving
from tests.world import ADA

pytestmark = pytest.mark.live

ASKED = 40


def _ask(url: str) -> None:
    # A connection each, so that both processes get some.
    for _ in range(ASKED):
        answer = httpx.get(f"{url}/current_user", headers={"Fastly-Key": ADA.token})
        assert answer.status_code == 200


def _counted(text: str) -> int:
    found = re.search(
        r'tenantry_requests_total\{operation="get_current_user",status="200"\} ([0-9.]+)', text
    )
    return 0 if found is None else int(float(found.group(1)))


def test_two_processes_are_counted_together(database_url: str, tmp_path: Path) -> None:
    with serving(database_url, tmp_path, workers=2) as server:
        _ask(server.url)
        assert _counted(httpx.get(f"{server.url}/_metrics").text) == ASKED


def test_they_can_have_a_port_of_their_own(database_url: str, tmp_path: Path) -> None:
    port = free_port()
    with serving(database_url, tmp_path, metrics_port=str(port)) as server:
        _ask(server.url)
        assert _counted(httpx.get(f"http://127.0.0.1:{port}/metrics").text) == ASKED
        assert httpx.get(f"{server.url}/_metrics").status_code == 404
