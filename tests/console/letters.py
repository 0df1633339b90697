"""The letters of a live server, as their readers find them."""

import email
import time
from email import policy
from email.message import EmailMessage
from pathlib import Path

from tests.infrastructure.server import LiveServer

_SECONDS_TO_COME = 20
_PAUSE = 0.02


def letter(server: LiveServer, login: str, word: str) -> str:
    """The text of a letter to somebody in which a word stands, as soon as it has come."""
    deadline = time.monotonic() + _SECONDS_TO_COME
    while time.monotonic() < deadline:
        for path in server.mail.glob("*.eml"):
            message = _read(path)
            body = message.get_body(("plain",))
            text = str(body.get_content()) if body else ""
            if message["To"] == login and word in text:
                return text
        time.sleep(_PAUSE)
    raise AssertionError(f"no letter to {login} came:\n{server.output}")


def link(server: LiveServer, login: str, place: str) -> str:
    """The link in a letter to somebody that leads to a place."""
    words = letter(server, login, place).split()
    return next(word for word in words if place in word)


def _read(path: Path) -> EmailMessage:
    return email.message_from_bytes(path.read_bytes(), policy=policy.default)
