"""Codes, refresh tokens and web tokens that two processes get at the same instant."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from tests.areas.realm_calls import ASKED, AUTH, CERTS, LISTENER, TOKEN, VERIFIER
from tests.console.browser import CONSOLE, form_token
from tests.infrastructure.server import LiveServer, serving
from tests.world import ADA, BEN, EVE, PASSWORD, SUE, Person

pytestmark = pytest.mark.live

AT_ONCE = 8
Form = dict[str, str]


def test_two_processes_race(database_url: str, tmp_path: Path) -> None:
    with serving(database_url, tmp_path, workers=2) as server:
        _one_first_key(server)
        _one_code(server)
        _one_refresh(server)
        _one_exchange(server)


def _one_first_key(server: LiveServer) -> None:
    """Nobody has needed a key before, and now several customers do."""
    forms = [_redemption(_code(server, who)) for who in (ADA, BEN, EVE, SUE)]
    answers = _at_once(server, forms)
    assert [answer.status_code for answer in answers] == [200] * 4
    assert len(httpx.get(server.url + CERTS).json()["keys"]) == 1
    for answer in answers:
        assert _exchange(server, answer.json()).status_code == 200


def _one_code(server: LiveServer) -> None:
    for _ in range(3):
        answers = _at_once(server, [_redemption(_code(server, ADA))] * AT_ONCE)
        (won,) = _won(answers)
        # The others came with a code that was used: what it brought has ended.
        assert _exchange(server, won).status_code == 401
        assert _at_once(server, [_refreshing(won)])[0].status_code == 400


def _one_refresh(server: LiveServer) -> None:
    """Several commands hold one token: all get the same next one, and the same session's key."""
    for _ in range(3):
        issued, key = _signed_in(server)
        answers = _at_once(server, [_refreshing(issued)] * AT_ONCE)
        assert [answer.status_code for answer in answers] == [200] * AT_ONCE
        assert len({answer.json()["refresh_token"] for answer in answers}) == 1
        assert _keys(server, [answer.json() for answer in answers]) == [key] * AT_ONCE
        assert not _is_closed(server, key)


def _one_exchange(server: LiveServer) -> None:
    for _ in range(3):
        issued = _at_once(server, [_redemption(_code(server, ADA))])[0].json()
        (key,) = set(_keys(server, [issued] * AT_ONCE))
        assert not _is_closed(server, key)


def _keys(server: LiveServer, issued: list[dict[str, Any]]) -> list[str]:
    """The keys that access tokens are exchanged for, all at the same instant."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(partial(_exchange, server), issued))
    assert [answer.status_code for answer in answers] == [200] * len(issued)
    return [str(answer.json()["access_token"]) for answer in answers]


def _won(answers: list[httpx.Response]) -> list[dict[str, Any]]:
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [200] + [400] * (AT_ONCE - 1)
    return [answer.json() for answer in answers if answer.status_code == 200]


def _at_once(server: LiveServer, forms: list[Form]) -> list[httpx.Response]:
    def send(form: Form) -> httpx.Response:
        return httpx.post(server.url + TOKEN, data=form, timeout=30)

    with ThreadPoolExecutor(len(forms)) as pool:
        return list(pool.map(send, forms))


def _code(server: LiveServer, who: Person) -> str:
    """A code, agreed to in a browser of somebody's own."""
    asked = ASKED | {"audience": server.url}
    with httpx.Client(base_url=server.url, timeout=30) as browser:
        page = browser.get(f"{CONSOLE}/sign-in")
        form = {"form_token": form_token(page), "login": who.login, "password": PASSWORD}
        browser.post(f"{CONSOLE}/sign-in", data=form)
        page = browser.get(AUTH, params=asked)
        form = {"form_token": form_token(page), "decision": "allow"}
        told = browser.post(f"{CONSOLE}/consent", params=asked, data=form).headers["location"]
    return dict(parse_qsl(urlsplit(told).query))["code"]


def _redemption(code: str) -> Form:
    proof = {"code": code, "code_verifier": VERIFIER, "redirect_uri": LISTENER}
    return {"grant_type": "authorization_code", "client_id": "fastly-cli", **proof}


def _refreshing(issued: dict[str, Any]) -> Form:
    token = str(issued["refresh_token"])
    return {"grant_type": "refresh_token", "client_id": "fastly-cli", "refresh_token": token}


def _exchange(server: LiveServer, issued: dict[str, Any]) -> httpx.Response:
    headers = {"Authorization": f"Bearer {issued['access_token']}"}
    return httpx.post(f"{server.url}/login-enhanced", headers=headers, timeout=30)


def _signed_in(server: LiveServer) -> tuple[dict[str, Any], str]:
    issued = _at_once(server, [_redemption(_code(server, ADA))])[0].json()
    return issued, _exchange(server, issued).json()["access_token"]


def _is_closed(server: LiveServer, key: str) -> bool:
    headers = {"Fastly-Key": key}
    return httpx.get(f"{server.url}/tokens/self", headers=headers).status_code == 401
