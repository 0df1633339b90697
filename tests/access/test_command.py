"""`tenantry explain`: the same answers without a server, for people and for scripts."""

import json
from pathlib import Path

import pytest

from tests.test_cli import is_one_line, tenantry

pytestmark = pytest.mark.live


@pytest.fixture
def founded(tmp_path: Path) -> dict[str, str]:
    """A new installation; the ids of its customer and owner."""
    found: dict[str, str] = json.loads(tenantry(tmp_path, "init", "--json").stdout)
    return found


def test_a_person_reads_the_answer_and_a_script_the_exit_code(
    tmp_path: Path, founded: dict[str, str]
) -> None:
    question = ("explain", "--user", "owner@example.com", "--permission", "service.purge_all")
    allowed = tenantry(tmp_path, *question)
    assert (allowed.returncode, allowed.stderr) == (0, "")
    assert allowed.stdout.splitlines()[0] == (
        f"Allowed: user owner@example.com ({founded['user_id']}), service.purge_all"
    )
    assert "  the role superuser\n" in allowed.stdout
    before = tenantry(tmp_path, *question, "--at", "1")
    assert before.returncode == 1
    assert before.stdout.splitlines()[0].startswith("Refused (401): user owner@example.com")
    assert "Because:\n  The user is not there.\n" in before.stdout


def test_a_program_reads_json(tmp_path: Path, founded: dict[str, str]) -> None:
    told = tenantry(
        tmp_path,
        "explain",
        "--json",
        *("--customer", founded["customer_id"]),
        *("--user", founded["user_id"]),
        *("--permission", "invitation.create"),
    )
    found = json.loads(told.stdout)
    assert (told.returncode, found["allowed"], found["held"][0]) == (0, True, "invitation.create")
    assert "POST /invitations" in found["operations"]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--permission", "user.read"), "user or token is required"),
        (("--user", "nobody@example.com", "--permission", "user.read"), "Cannot find user"),
        (("--user", "owner@example.com", "--permission", "fly"), "There is no permission 'fly'"),
        (("--customer", "x", "--permission", "user.read"), "Cannot find customer 'x'"),
    ],
)
@pytest.mark.usefixtures("founded")
def test_what_cannot_be_answered_is_no_refusal(
    tmp_path: Path, options: tuple[str, ...], why: str
) -> None:
    told = tenantry(tmp_path, "explain", *options)
    assert (told.returncode, told.stdout) == (2, "")
    assert is_one_line(told.stderr)
    assert why in told.stderr


def test_of_several_customers_one_must_be_named(tmp_path: Path, founded: dict[str, str]) -> None:
    more = ("--customer", "Second", "--login", "second@example.com")
    assert tenantry(tmp_path, "init", *more).returncode == 0
    question = ("explain", "--user", "owner@example.com", "--permission", "user.read")
    told = tenantry(tmp_path, *question)
    assert told.stderr == "tenantry: The database has 2 customers: name one with --customer\n"
    named = tenantry(tmp_path, *question, "--customer", founded["customer_id"])
    assert named.returncode == 0


def test_a_name_makes_no_line_and_steers_no_terminal(tmp_path: Path) -> None:
    """Whoever is a customer chooses names, and whoever runs the server reads them."""
    service = {"id": "S", "name": "www\nAllowed: \x1b[2Jevery\u3000thing\u202e"}
    user = {"login": "owner@example.com", "role": "superuser"}
    scenario = {"customers": [{"name": "One", "users": [user], "services": [service]}]}
    (tmp_path / "one.yaml").write_text(json.dumps(scenario))
    assert tenantry(tmp_path, "load", "one.yaml").returncode == 0
    question = ("--user", "owner@example.com", "--permission", "service.read", "--service", "S")
    told = tenantry(tmp_path, "explain", *question).stdout.splitlines()
    assert told[0].endswith(" on service www\ufffdAllowed: \ufffd[2Jevery\u3000thing\ufffd (S)")
    assert told[1].startswith("As of event ")
