"""The CLI signing in through a browser, refreshing what it got, and signing in anew.

It listens on port 8080 of this machine, always: one of these cases at a time, and nobody else.
"""

import fcntl
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.clients.case import cli
from tests.clients.command import Command
from tests.world import BEN, PASSWORD, Person

_ROOT = Path(__file__).parent.parent.parent
_LOCK = Path(tempfile.gettempdir()) / "tenantry-tests-port-8080"
_PAST = "2026-01-01T00:00:00Z"


@contextmanager
def _before_a_browser(run: Command, who: Person, decision: str = "allow") -> Iterator[None]:
    """Somebody who does in the browser what the CLI opens it for."""
    shim = run.home / "xdg-open"
    # The CLI waits for it, and takes no answer meanwhile.
    shim.write_text(f'#!/bin/sh\n"{sys.executable}" -m tests.clients.consenting "$1" &\n')
    shim.chmod(0o700)
    run.given.update(
        PATH=f"{run.home}:{os.defpath}",
        PYTHONPATH=str(_ROOT),
        TEST_LOGIN=who.login,
        TEST_PASSWORD=PASSWORD,
        TEST_DECISION=decision,
    )
    with _LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _expire(run: Command, *names: str) -> None:
    """Let the CLI believe that what it keeps is over: it goes by its own notes."""
    notes = run.home / ".config" / "fastly" / "config.toml"
    text = notes.read_text()
    for name in names:
        text, count = re.subn(rf'{name} = "[^"]*"', f'{name} = "{_PAST}"', text)
        assert count == 1, text
    notes.write_text(text)


@cli(36, 37, 38, 39, 1, 22, 34, call="auth login --sso --token {name} --auto-yes")
def signs_in_through_the_browser(run: Command) -> None:
    with _before_a_browser(run, BEN):
        assert "Authenticated via SSO" in run(token=None, name="work")
    assert BEN.login in run.beside("whoami")(token=None)
    assert "Type: sso" in run.beside("auth show work")(token=None)
    assert "command line session" in run.beside("auth-token describe")(token=None)


@cli(37, 38, 39, 34, call="whoami")
def goes_on_by_itself_when_the_token_has_expired(run: Command) -> None:
    with _before_a_browser(run, BEN):
        run.beside("auth login --sso --token work --auto-yes")(token=None)
    _expire(run, "access_expires_at")
    run.stage.served()
    run.served.clear()
    assert BEN.login in run(token=None)
    assert "create_oauth_token" in run.served
    assert "decide_consent" not in run.served


@cli(36, 37, 39, 34, call="whoami --auto-yes")
def signs_in_anew_when_its_session_was_ended(run: Command) -> None:
    with _before_a_browser(run, BEN):
        run.beside("auth login --sso --token work --auto-yes")(token=None)
        secret = run.beside("auth token")(token=None).strip()
        run.stage.ask(secret, "DELETE", "/tokens/self")
        _expire(run, "access_expires_at")
        assert BEN.login in run(token=None)
        _expire(run, "access_expires_at", "api_token_expires_at", "refresh_expires_at")
        assert BEN.login in run(token=None)


@cli(36, 37, 39, call="sso {name} --auto-yes")
def signs_in_by_the_former_command(run: Command) -> None:
    with _before_a_browser(run, BEN):
        run.beside("auth login --sso --token work --auto-yes")(token=None)
        assert "has been stored" in run(token=None, name="work")


@cli(36, 37, 39, call="profile create {name} --sso --auto-yes")
def signs_in_for_a_profile(run: Command) -> None:
    with _before_a_browser(run, BEN):
        assert "Profile 'work' created" in run(token=None, name="work")


@cli(
    36,
    call="auth login --sso --token {name} --auto-yes",
    shows="no authorization code returned",
)
def is_told_that_it_may_not(run: Command) -> None:
    with _before_a_browser(run, BEN, "refuse"):
        run.fails(token=None, name="work")
