"""Whatever a program sends where people, keys and ways in are made: never a 500, nothing told."""

import json
import time
from typing import Any
from urllib.parse import urlencode

import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenantry.http.operation import Operation
from tenantry.http.wire import FORM, HTML, JSON
from tests.areas.test_invitation_page import link as invitation_link
from tests.areas.test_password_page import link as password_link
from tests.table import OWN, WITH_BODY, every, path_of
from tests.test_every_operation import check_dialect
from tests.world import ADA, BEN, OPERATOR, PASSWORD, Person, World
from tests.writes import EXAMPLES, prepare

FEW = settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
ROOMS = ("customers", "users", "tokens", "invitations", "federation", "realm", "operator.factors")
ROWS = {
    name: row
    for name, row in WITH_BODY.items()
    if row.wire.name != "page"
    and row.function.__module__.startswith(tuple(f"tenantry.areas.{room}" for room in ROOMS))
}
HOUR = 3_600_000_000
SECRET = "tell-Nobody-of-this-secret"
"""Without a digit it is no password, so that links and old passwords stay good."""
SECRETS = frozenset(
    (
        *("password", "old_password", "new_password", "password_again", "client_secret"),
        *("code", "code_verifier", "refresh_token", "subject_token", "otp"),
    )
)
GOOD: dict[str, Any] = {
    "POST /_tenantry/v1/password/{code}": {"password": SECRET, "password_again": SECRET},
    "POST /current_user/password": {"old_password": PASSWORD, "new_password": SECRET},
    "PUT /invitation/accept/{code}": {"name": "Lin", "password": SECRET},
    "POST /realms/fastly/protocol/openid-connect/token": {
        "grant_type": "authorization_code",
        "client_id": "fastly-cli",
        "redirect_uri": "http://localhost:8080/callback",
        "code": "x",
        "code_verifier": "x" * 43,
    },
}
"""What those nearly take that tests/writes.py has no example of, or one that works but once."""
TEXTS = st.one_of(
    st.text(max_size=11),
    st.sampled_from(
        ["", " ", "\0", "\ud800", "\ufffe", "%s%n{0}", "' OR 1=1 --", "../..", "9" * 11, "\r\nA: b"]
    ),
)
"""Short: tests take a longer password for a secret, which is then looked for everywhere."""
NUMBERS = st.one_of(
    st.integers(),
    st.sampled_from([2**31, 2**63, -(2**63) - 1, 10**40, 0, -1]),
    st.floats(allow_nan=False, allow_infinity=False),
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


def spoilt(data: st.DataObject, good: Any, name: str = "") -> Any:
    """What is right, with some of it replaced by anything, at any depth."""
    fate = data.draw(st.integers(0, 3))
    if name in SECRETS and fate < 2:
        return SECRET
    if fate == 0:
        return data.draw(ANYTHING)
    if isinstance(good, dict):
        return {name: spoilt(data, value, name) for name, value in good.items()}
    if isinstance(good, list):
        return [spoilt(data, value) for value in good]
    return good


def body_of(data: st.DataObject, row: Operation) -> Any:
    """A body that is nearly right, with fields that it may have, and one that it may not."""
    name = f"{row.method} {row.path}"
    good = GOOD[name] if name in GOOD else EXAMPLES[name].body
    assert row.shape is not None
    fields = [one.encode_name for one in msgspec.structs.fields(row.shape.struct)]
    more = data.draw(st.lists(st.sampled_from([*fields, "unknown"]), max_size=3, unique=True))
    body = {**dict.fromkeys(more), **(good if isinstance(good, dict) else {})}
    return spoilt(data, body)


def assert_tame(row: Operation, answer: httpx.Response) -> None:
    """No error of the server's, no secret, and a refusal as the operation's clients read it."""
    assert answer.status_code < 500, answer.text
    assert SECRET not in answer.text
    assert SECRET not in str(answer.headers)
    if answer.status_code < 400:
        return
    if answer.headers["content-type"] == HTML:
        assert row.path == "/_tenantry/v1/password/{code}"  # the one that answers either
    elif row.wire.name == "oauth":
        assert set(answer.json()) == {"error", "error_description"}
    else:
        check_dialect(row, answer)


@pytest.fixture
async def path(world: World, row: Operation) -> str:
    """Where the operation finds what it is to change."""
    name = f"{row.method} {row.path}"
    if "{code}" in row.path:
        mailed = invitation_link if "invitation" in row.path else password_link
        return row.path.format(code=(await mailed(world)).rpartition("/")[2])
    return path_of(row, OWN, **(await prepare(world, name) if name in EXAMPLES else {}))


@every(ROWS)
@FEW
@given(data=st.data())
async def test_a_body_of_anything_is_answered_in_its_dialect(
    world: World, path: str, row: Operation, data: st.DataObject
) -> None:
    if row.prepare is not None and "{code}" not in row.path:
        # Guesses are counted for a quarter of an hour. Sudo would end as well, and so do links.
        world.clock.turn(HOUR)
    body = body_of(data, row)
    content, kind = json.dumps(body).encode(), JSON
    if row.wire.takes_forms and isinstance(body, dict) and data.draw(st.booleans()):
        content, kind = urlencode(body, errors="replace").encode(), FORM
    who = data.draw(st.sampled_from([ADA, ADA, BEN, None, OPERATOR]))
    headers = {"Content-Type": kind}
    if row.allow.who == "public" and data.draw(st.booleans()):
        headers["Fastly-OTP"] = data.draw(st.sampled_from(["000000", SECRET, "x" * 300]))
    answer = await world.ask(who, row.method, path, content=content, headers=headers)
    assert_tame(row, answer)


async def test_a_form_that_gives_a_field_as_one_and_as_many(world: World) -> None:
    """Without a key where none is needed: nobody's mistake is the server's."""
    for row in ROWS.values():
        if not row.wire.takes_forms:
            continue
        assert row.shape is not None
        names = [one.encode_name for one in msgspec.structs.fields(row.shape.struct)]
        for form in (f"{name}=a&{name}[]=b&{name}[]=c" for name in names):
            who = None if row.allow.who == "public" else ADA
            headers = {"Content-Type": FORM}
            answer = await world.ask(
                who, row.method, path_of(row, OWN), content=form, headers=headers
            )
            assert answer.status_code < 500, (row.path, form)
            world.clock.turn(HOUR)


MARKS = "\u0301\u0316" * 25_000
"""To put them into their order takes time with the square of their number."""
TIMES = "T" * 25_000
"""Each of them may begin a time."""


@pytest.mark.parametrize(
    ("who", "path", "form"),
    [
        (None, "/tokens", {"username": MARKS, "password": SECRET}),
        (ADA, "/user", {"login": f"a{MARKS}@example.com"}),
        (ADA, "/tokens", {"password": PASSWORD, "expires_at": TIMES}),
        (ADA, "/sudo", {"password": PASSWORD, "expiry_time": TIMES}),
    ],
)
async def test_a_text_of_any_length_holds_nobody_up(
    world: World, who: Person | None, path: str, form: dict[str, str]
) -> None:
    """A request takes twenty times as much, for which everybody would wait minutes or hours."""
    before = time.process_time()
    answer = await world.ask(who, "POST", path, data=form)
    assert time.process_time() - before < 0.3
    assert answer.status_code in {400, 422}


def test_whatever_makes_a_way_in_is_looked_at() -> None:
    assert len(ROWS) >= 17
    assert set(ROWS) <= set(EXAMPLES) | set(GOOD)
