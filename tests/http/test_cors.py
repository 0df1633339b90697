"""Origins: a browser is told that a page may call, only if the operator named its origin."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import msgspec
import pytest

from tenantry.app import Application
from tenantry.http.log import RequestLog
from tests.world import ADA, TurnedClock, settings

PAGE = "https://console.example.com"


@pytest.fixture
async def browser(database_url: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    wanted = msgspec.structs.replace(settings(database_url), cors_origins=f"{PAGE}, http://x")
    log = RequestLog(descriptor=os.open(tmp_path / "log", os.O_CREAT | os.O_WRONLY))
    app = Application(wanted, TurnedClock(), log)
    await app.start()
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://api.example.com") as client:
        yield client
    await app.stop()


async def test_a_named_origin_is_let_in(browser: httpx.AsyncClient) -> None:
    asked = {"Origin": PAGE, "Access-Control-Request-Method": "PUT"}
    before = await browser.options(f"/user/{ADA.id}", headers=asked)
    assert before.status_code == 204
    assert before.headers["access-control-allow-origin"] == PAGE
    assert "PUT" in before.headers["access-control-allow-methods"]
    assert "Fastly-Key" in before.headers["access-control-allow-headers"]
    answer = await browser.get("/current_user", headers={"Origin": PAGE, "Fastly-Key": ADA.token})
    assert answer.headers["access-control-allow-origin"] == PAGE
    # What a console of the vendor's kind reads of a refusal (protocol §2).
    assert "Fastly-OTP, Fastly-Password" in answer.headers["access-control-expose-headers"]
    assert "Origin" in answer.headers.get_list("vary")


async def test_a_strange_origin_is_told_nothing(browser: httpx.AsyncClient) -> None:
    for origin in ("https://evil.example.com", f"{PAGE}.evil.example.com", "null"):
        answer = await browser.options("/current_user", headers={"Origin": origin})
        assert not [name for name in answer.headers if name.startswith("access-control")]
        # A cache must not hand what a stranger was told to a page that is named.
        assert "Origin" in answer.headers.get_list("vary")
