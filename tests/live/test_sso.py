"""Single sign-on against a certified provider, end to end: two servers, one browser."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import httpx
import pytest

from tests.infrastructure.server import LiveServer
from tests.live.certified_provider import CertifiedProvider, connected, serving_companies
from tests.world import ADA, BEN, WIDGETS

pytestmark = pytest.mark.live

SSO = "/_tenantry/console/sso"
NEW = "nia@example.com"


@dataclass
class Stage:
    """Both servers, and what is known of the connection between them."""

    server: LiveServer
    provider: CertifiedProvider
    api: httpx.Client
    connection: str

    def sign_in(self, login: str) -> httpx.Response:
        """The whole way, in a new browser."""
        with httpx.Client(base_url=self.server.url.replace("127.0.0.1", "localhost")) as browser:
            form = _fields(browser.get(SSO).text) | {"login": login}
            answer = browser.post(SSO, data=form)
            found = re.search(r'content="0; url=([^"]+)"', answer.text)
            if found is None:
                return answer
            back = self.provider.log_in(browser, unescape(found[1]), login)
            answer = browser.get(back)
            return browser.send(answer.next_request) if answer.next_request else answer

    def role(self, login: str) -> str:
        """The role that a user has."""
        users = self.api.get(f"/customer/{WIDGETS}/users").json()
        (role,) = [user["role"] for user in users if user["login"] == login]
        return str(role)


def _fields(page: str) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return {name: unescape(value) for name, value in found}


@pytest.fixture
def stage(database_url: str, tmp_path: Path) -> Iterator[Stage]:
    with (
        serving_companies(database_url, tmp_path) as server,
        httpx.Client(base_url=server.url, headers={"Fastly-Key": ADA.token}) as api,
        connected(server) as (provider, connection),
    ):
        yield Stage(server, provider, api, connection)


def test_a_company_signs_in_through_its_provider(stage: Stage) -> None:
    stage.provider.tell(groups=["Edge"])
    for login in (BEN.login, NEW):
        answer = stage.sign_in(login)
        assert answer.status_code == 200, answer.text
        assert login in answer.text
        assert stage.role(login) == "engineer"
    # The provider has told when it asked them.
    keys = stage.api.get(f"/customer/{WIDGETS}/tokens").json()
    assert sum(key["sudo_expires_at"] is not None for key in keys if "browser" in key["name"]) == 2
    for groups, role in ((["Boss"], "superuser"), ([], "user")):
        stage.provider.tell(groups=groups)
        assert NEW in stage.sign_in(NEW).text
        assert stage.role(NEW) == role
    stage.provider.tell(rotate=True)
    assert NEW in stage.sign_in(NEW).text
    stage.api.patch(stage.connection, json={"is_enabled": False})
    assert "No single sign-on is set up" in stage.sign_in(NEW).text
