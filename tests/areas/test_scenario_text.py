"""What a scenario file may say, and how one that says something else is told so."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tenantry.areas.customers.model import CONTACTS, CustomerRow
from tenantry.areas.operator.scenario import MAX_BYTES, first_tokens, read_file, read_text
from tenantry.areas.operator.scenario_parts import BadScenario
from tenantry.areas.operator.scenario_shape import Customer, Scenario
from tenantry.areas.operator.scenario_text import plain_values
from tests.generate_docs import DOCS, scenario_schema

EXAMPLES = sorted((DOCS.parent / "examples").glob("*.yaml"))
ADA = {"login": "ada@example.com", "role": "superuser"}
SECRET = "a-secret-of-thirty-two-letters-0"
BOMB = "a: &a [1]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
"""A hundred million values in few letters."""


def one(**more: Any) -> str:
    """A scenario of one customer, as JSON."""
    return json.dumps({"customers": [{"name": "Example Widgets", "users": [ADA], **more}]})


def refusal(text: str, *, is_json: bool = False) -> str:
    with pytest.raises(BadScenario) as caught:
        read_text(text, is_json=is_json)
    said = str(caught.value)
    assert "\n" not in said
    return said


TOKEN = {"user": "ada@example.com"}
CONTACT = {"contact_type": "billing", "user": "ada@example.com"}
PLAN = {"plan_code": "growth", "name": "Growth"}
METERED = {"product_id": "cdn_usage", "metric": "requests"}
WRONG: list[tuple[str, str]] = [
    (one(nam="x"), "customers[0].nam: is no key of this"),
    (one(name=12), "customers[0].name: Expected str, got int (put it in quotes)"),
    (one(name=" x"), "customers[0].name: begins or ends with a blank"),
    (one(id="a b"), "customers[0].id: is no id: 1 to 64 letters and digits"),
    (one(id="a\n"), "customers[0].id: is no id: 1 to 64 letters and digits"),
    (one(hourly_writes=0), "customers[0].hourly_writes: Expected int >= 1"),
    (one(ip_whitelist="here"), "customers[0].ip_whitelist: 'here' is not an IP address or CIDR"),
    (one(users=[{}]), "customers[0].users[0].login: is missing"),
    (one(users=[{"login": "ada"}]), "customers[0].users[0].login: Login must be an e-mail address"),
    (
        one(users=[ADA, {"login": "ben@example.com", "role": "boss"}]),
        "customers[0].users[1].role: Invalid enum value 'boss', it is one of: billing, engineer,",
    ),
    (
        one(users=[ADA, {"login": "ADA@example.com"}]),
        "customers[0].users[1].login: is the same as customers[0].users[0].login",
    ),
    (one(users=[ADA | {"owner": True, "locked": True}]), "customers[0].users[0].locked: the owner"),
    (
        one(users=[{"login": "ada@example.com", "owner": True}]),
        "customers[0].users[0].role: the owner must be a superuser",
    ),
    (
        one(users=[ADA | {"limit_services": True}]),
        "customers[0].users[0].limit_services: role 'superuser' can't be service limited",
    ),
    (
        one(users=[ADA | {"owner": True}, ADA | {"owner": True, "login": "b@example.com"}]),
        "customers[0].users[1].owner: a customer has one owner",
    ),
    (one(users=[ADA | {"password": ""}]), "customers[0].users[0].password: Expected str of length"),
    (
        one(services=[{"name": "www"}, {"name": "www"}]),
        "customers[0].services[1].name: is the same as customers[0].services[0].name",
    ),
    (
        one(services=[{"name": "www", "active_version": 2}]),
        "customers[0].services[0].active_version: there is no version 2, but 1",
    ),
    (
        one(tokens=[TOKEN | {"access_token": "fifteen-letters"}]),
        "customers[0].tokens[0].access_token: is no secret: 16 to 128 letters, digits, '-' and '_'",
    ),
    (
        one(tokens=[TOKEN | {"access_token": SECRET}] * 2),
        "customers[0].tokens[1].access_token: is the same as customers[0].tokens[0].access_token",
    ),
    (one(tokens=[TOKEN | {"scope": "all"}]), "customers[0].tokens[0].scope: Scope 'all' is not"),
    (
        one(tokens=[TOKEN | {"expires_at": "2020-01-01"}]),
        "customers[0].tokens[0].expires_at: is no RFC 3339 time: '2020-01-01' names no time zone",
    ),
    (
        one(tokens=[TOKEN | {"id": "5x"}], automation_tokens=[{"name": "bot", "id": "5x"}]),
        "customers[0].automation_tokens[0].id: is the same as customers[0].tokens[0].id",
    ),
    (one(contacts=[{"contact_type": "billing"}]), "customers[0].contacts[0]: needs a user, or"),
    (one(contacts=[CONTACT | {"name": "Pat"}]), "customers[0].contacts[0]: has a user: leave"),
    (
        one(contacts=[CONTACT | {"contact_type": "security"}]),
        "customers[0].contacts[0].phone: is required of a security contact",
    ),
    (
        one(contacts=[{"contact_type": "billing", "name": "Pat", "email": "pat"}]),
        "customers[0].contacts[0].email: is no e-mail address",
    ),
    (
        one(billing_address={"address_1": "1 Example Way", "country": "us"}),
        "customers[0].billing_address.country: is no country: two capital letters, such as DE",
    ),
    (
        one(billing_address={"address_1": " ", "country": "US"}),
        "customers[0].billing_address.address_1: holds nothing but blanks",
    ),
    (
        json.dumps({"plans": [PLAN | {"charges": [METERED | {"model": "flat"}]}]}),
        "plans[0].charges[0].model: Invalid enum value 'flat', it is one of: graduated, package,",
    ),
    (one(postal_address="\0"), "customers[0].postal_address: holds a NUL character"),
    (one(billing_ref="\ud800"), "customers[0].billing_ref: holds half a character"),
    ('{"customers": [{"name": "a"}, {"name": "a"}]}', "customers[0].id: is needed: another has"),
    ('{"a": 1, "a": 2}', "the key 'a' stands twice in one object"),
    ('{"a": ', "line 1: is no JSON: Expecting value"),
    ("[" * 100_000, "is nested more than 32 deep"),
    (f'{{"a": {"9" * 5000}}}', "Exceeds the limit"),
    ("[]", "Expected object, got array"),
    (
        json.dumps({"operator_keys": [{"key": SECRET}] * 2}),
        "operator_keys[1].key: is the same as operator_keys[0].key",
    ),
]


@pytest.mark.parametrize(("text", "said"), WRONG)
def test_what_is_wrong_is_told_with_its_place(text: str, said: str) -> None:
    assert refusal(text, is_json=True).startswith(said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the scenario is empty"),
        ("customers: [", "line 2: did not find expected node content"),
        ("customers:\ncustomers:", "line 2: the key 'customers' stands twice in one mapping"),
        ("? [a]\n: b", "line 1: a key must be a word"),
        ("7: b", "line 1: a key must be a word"),
        ("a: 1\n---\nb: 2", "line 2: but found another document"),
        ("a: !!python/object:os.system 1", "line 1: could not determine a constructor"),
        ("a: !!int x", "invalid literal"),
        ("a: \x01", "is no YAML: unacceptable character"),
        ("[" * 100_000, "line 1: is nested more than 32 deep"),
        ("a: &a [*a]", "is nested more than 32 deep"),
        (BOMB, "holds more than 1000000 values"),
        ("customers: [{name: on}]", "customers[0].name: Expected str, got bool (put it in quotes)"),
    ],
)
def test_yaml_that_is_wrong_is_told_so(text: str, said: str) -> None:
    assert refusal(text).startswith(said)


def test_a_secret_is_never_told() -> None:
    twice = {"user": "ada@example.com", "access_token": SECRET}
    bad = {"user": "ada@example.com", "access_token": "not a secret"}
    assert SECRET not in refusal(one(tokens=[twice, twice]))
    assert "not a secret" not in refusal(one(tokens=[bad]))


def test_yaml_may_merge_and_leaves_times_alone() -> None:
    read = read_text(
        "customers:\n- name: 2026-01-01\n  tokens:\n"
        "  - &all {user: a@example.com, expires_at: 2020-01-01T00:00:00Z}\n"
        "  - {<<: *all, user: b@example.com}\n"
    )
    assert read.customers[0].name == "2026-01-01"
    assert [token.user for token in read.customers[0].tokens] == ["a@example.com", "b@example.com"]
    assert {token.expires_at for token in read.customers[0].tokens} == {"2020-01-01T00:00:00Z"}


@pytest.mark.parametrize("name", ["a.json", "a.txt", "a.JSON", "a"])
def test_json_is_known_by_its_name_or_its_beginning(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("\ufeff" + one(), "utf-8")
    assert read_file(path) == read_text(one())


@pytest.mark.parametrize(
    ("content", "said"), [(b"\xff", "is not UTF-8"), (b" " * (MAX_BYTES + 1), "longer than 16 MiB")]
)
def test_a_file_that_is_no_text_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(content)
    with pytest.raises(BadScenario, match=said):
        read_file(path)
    with pytest.raises(BadScenario, match="No such file"):
        read_file(tmp_path / "absent.yaml")


def test_the_first_tokens_are_those_that_live_and_may_everything() -> None:
    def tokens(*more: dict[str, Any]) -> Scenario:
        named = [{"name": str(at), "user": "ada@example.com"} | m for at, m in enumerate(more)]
        return read_text(one(users=[ADA | {"owner": True}], tokens=named))

    secrets = [f"secret-number-{at:018}" for at in range(5)]
    assert first_tokens(tokens({})) == []
    given = tokens(
        {"access_token": secrets[0], "expires_at": "2020-01-01T00:00:00Z"},
        {"access_token": secrets[1], "scope": "global:read"},
        {"access_token": secrets[2], "services": ["www"]},
        {"access_token": secrets[3], "user": "ben@example.com"},
        {"access_token": secrets[4]},
    )
    assert first_tokens(given) == [secrets[4], secrets[3]]


def test_the_schema_is_up_to_date() -> None:
    assert (DOCS / "scenario.schema.json").read_text("utf-8") == scenario_schema()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_fit_the_schema(path: Path) -> None:
    schema = json.loads(scenario_schema())
    jsonschema.Draft202012Validator.check_schema(schema)
    values = plain_values(path.read_text("utf-8"), is_json=False)
    jsonschema.Draft202012Validator(schema).validate(values)
    assert read_file(path).customers


def test_every_setting_of_a_customer_can_be_given() -> None:
    pointers = {f"{kind}_contact_id" for kind in CONTACTS}
    stamps = {"owner_id", "created_at", "updated_at", "deleted_at"}
    assert set(CustomerRow.__struct_fields__) - pointers - stamps < set(Customer.__struct_fields__)
