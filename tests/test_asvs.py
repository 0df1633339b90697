"""docs/security/asvs.md has every requirement, and names tests that exist."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tenantry.areas.federation import domains, fetching
from tenantry.areas.federation import model as providers
from tenantry.areas.invoices import alerts
from tenantry.areas.tokens import model as tokens
from tenantry.areas.users import authenticators, guesses, passkeys, sign_in, steps
from tenantry.core.addresses import MAX_ENTRIES
from tenantry.core.context import NOBODY
from tenantry.http.body import MAX_BODY, MAX_DEPTH, MAX_FIELDS
from tenantry.http.pipeline import LONGEST_URL, PATIENCE
from tenantry.http.server import MAX_HEADER_BYTES

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "security" / "asvs.md"
STATES = {"met", "partly", "not met", "does not apply", "deployment"}
SECTIONS = """
    1.1:2 1.2:9 1.3:11 1.4:3 1.5:2 2.1:3 2.2:3 2.3:4 2.4:1 3.2:2 3.3:4 3.4:6 3.5:5 3.7:2 4.1:3
    4.2:1 4.3:2 4.4:4 5.1:1 5.2:3 5.3:2 5.4:3 6.1:3 6.2:12 6.3:4 6.4:4 6.5:5 6.6:3 6.8:4 7.1:3
    7.2:4 7.3:2 7.4:5 7.5:2 7.6:2 8.1:2 8.2:3 8.3:1 8.4:1 9.1:3 9.2:4 10.1:2 10.2:2 10.3:4
    10.4:11 10.5:5 10.6:2 10.7:3 11.1:2 11.2:3 11.3:3 11.4:4 11.5:1 11.6:1 12.1:3 12.2:2
    12.3:4 13.1:1 13.2:5 13.3:2 13.4:5 14.1:2 14.2:4 14.3:3 15.1:3 15.2:3 15.3:7 16.1:1 16.2:5
    16.3:4 16.4:3 16.5:3 17.1:1 17.2:4 17.3:2
"""
"""How many requirements of levels 1 and 2 each section of 5.0.0 has; those of level 3 come last."""
ROWS = [
    [part.strip() for part in line.strip("|").split("|")]
    for line in PAGE.read_text("utf-8").splitlines()
    if re.match(r"\| \d+\.\d+\.\d+ \|", line)
]
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE.read_text("utf-8"))))


@cache
def functions_of(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(one.name for one in ast.walk(tree) if isinstance(one, kinds))


def test_every_requirement_has_a_row() -> None:
    sections = (one.split(":") for one in SECTIONS.split())
    expected = [f"{name}.{n + 1}" for name, count in sections for n in range(int(count))]
    assert [row[0] for row in ROWS] == expected


def test_every_row_says_where_it_stands_and_why() -> None:
    for number, what, state, reason in ROWS:
        assert what, number
        assert state in STATES, number
        assert reason, number


def test_what_is_met_names_a_test_or_says_what_else_holds_it() -> None:
    silent = [row[0] for row in ROWS if row[2] == "met" and "tests/" not in row[3]]
    assert len(silent) <= 20, silent


LIMITS: dict[str, tuple[int, ...]] = {
    "writes of a user or an automation token": (NOBODY.hourly_writes,),
    "wrong passwords, codes, invitations": (guesses.MAX_GUESSES, sign_in.MAX_FAILURES),
    "open steps of signing in": (
        *(steps.MOST_OF_USER, steps.MOST_OF_ORIGIN, steps.MOST_OF_STRANGERS),
    ),
    "living tokens of a user; automation tokens of a customer": (tokens.MAX_LIVE,),
    "authenticator apps, passkeys of a user": (authenticators.MOST, passkeys.MOST),
    "identity providers, domains, spend alerts of a customer": (
        *(providers.MOST, domains.MOST, alerts.MOST),
    ),
    "entries of an allowlist of addresses": (MAX_ENTRIES,),
    "a body; an address; all headers": (
        *(MAX_BODY >> 20, MAX_DEPTH, MAX_FIELDS, LONGEST_URL >> 10, MAX_HEADER_BYTES >> 10),
    ),
    "a write; the arrival of a body": (PATIENCE,),
    "an answer of an identity provider": (fetching.LONGEST >> 10,),
}


@pytest.mark.parametrize("what", LIMITS)
def test_a_limit_is_that_of_the_code(what: str) -> None:
    (told,) = re.findall(
        rf"^\| {re.escape(what)} \| (.*) \|$", PAGE.read_text("utf-8"), re.MULTILINE
    )
    numbers = iter(int(one) for one in re.findall(r"\d+", told))
    assert all(limit in numbers for limit in LIMITS[what]), told


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_each_test_that_is_named_exists(path: str, name: str) -> None:
    assert (ROOT / path).is_file()
    assert not name or name in functions_of(path)
