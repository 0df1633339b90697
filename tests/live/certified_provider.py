"""The certified OpenID Connect provider that `tests/clients/package.json` pins, run here."""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.federation_writes import PROVIDERS, operators
from tests.infrastructure.server import LiveServer, serving
from tests.world import ADA, OPERATOR, PASSWORD

CLIENT, SECRET = "tenantry", "client-secret-of-example-widgets"
_PROGRAM = Path(__file__).parent.parent / "clients" / "provider.mjs"
_SECONDS_TO_STOP = 20


@dataclass
class CertifiedProvider:
    """A running provider."""

    process: subprocess.Popen[str]
    issuer: str

    def tell(self, **what: Any) -> None:
        """Have it do something, such as `rotate=True`; it holds when this returns."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()
        assert _line(self.process) == what

    def log_in(self, browser: httpx.Client, place: str, login: str) -> str:
        """Log in on its page, as whoever is sent there; where he is sent back to."""
        answer = browser.get(place)
        for _ in range(10):
            if answer.is_redirect:
                following = answer.next_request
                assert following is not None
                if not str(following.url).startswith(self.issuer):
                    return str(following.url)
                answer = browser.send(following)
            else:
                found = re.search(r'action="([^"]+)"', answer.text)
                assert found is not None, answer.text
                form = {"prompt": "login", "login": login, "password": "any"}
                answer = browser.post(found[1], data=form)
        raise AssertionError(answer.text)


def _line(process: subprocess.Popen[str]) -> dict[str, Any]:
    """The next line that is an answer; the provider's own notices stand between them."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("{"):
            answer: dict[str, Any] = json.loads(line)
            return answer
    raise AssertionError("the provider has ended")


@contextmanager
def certified_provider(
    redirect_uri: str, client_id: str, secret: str
) -> Iterator[CertifiedProvider]:
    """A provider for one client, for as long as the block lasts."""
    given = {
        "port": 0,
        "redirect_uri": redirect_uri,
        "client_id": client_id,
        "client_secret": secret,
    }
    process = subprocess.Popen(
        ["node", _PROGRAM, json.dumps(given)],  # noqa: S607 - wherever Node.js is
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield CertifiedProvider(process, _line(process)["issuer"])
    finally:
        process.communicate(timeout=_SECONDS_TO_STOP)


def serving_companies(database_url: str, folder: Path) -> AbstractContextManager[LiveServer]:
    """A server whose customers' providers may stand on this machine."""
    return serving(
        database_url, folder, public_url="http://localhost:{port}", provider_networks="127.0.0.1/32"
    )


@contextmanager
def connected(server: LiveServer) -> Iterator[tuple[CertifiedProvider, str]]:
    """A provider that Ada has connected, and the address of the connection."""
    with httpx.Client(base_url=server.url, headers={"Fastly-Key": ADA.token}) as api:
        vouched = api.put(operators("example.com"), headers={"Fastly-Key": OPERATOR})
        assert vouched.status_code == 200, vouched.text
        assert api.post("/sudo", data={"password": PASSWORD}).status_code == 200
        body = {"name": "Example Login", "issuer": "https://login.example.com"}
        made = api.post(PROVIDERS, json=body).json()
        with certified_provider(made["redirect_uri"], CLIENT, SECRET) as provider:
            change = {
                "issuer": provider.issuer,
                "client_id": CLIENT,
                "client_secret": SECRET,
                "is_enabled": True,
                "creates_users": True,
                "groups_claim": "groups",
                "role_map": {"Edge": "engineer", "Boss": "superuser"},
            }
            connection = f"{PROVIDERS}/{made['id']}"
            assert api.patch(connection, json=change).status_code == 200
            check = api.post(f"{connection}/check").json()
            assert (check["is_right"], check["problems"]) == (True, [])
            yield provider, connection
