"""What names a person is found however it is written: pure text, and no database."""

from typing import Any

import msgspec
import pytest

from tenantry.areas.audit.traces import Person, Texts, folded, left, texts

SALT = "s" * 22
STREET = "straße@example.com"


def rest(person: Person, description: str, **metadata: str) -> Any:
    """The personal values that are left of what somebody else did."""
    facts = {
        "action": "role.update",
        "admin": False,
        "description": "",
        "metadata": dict.fromkeys(metadata, ""),
        "rows": {},
        "token_id": "t",
        "user_id": "u",
    }
    values = {f"metadata.{key}": (SALT, one) for key, one in metadata.items()}
    personal = msgspec.json.encode({"description": (SALT, description), **values}).decode()
    found = left(msgspec.json.encode(facts).decode(), personal, person)
    return [] if found is None else sorted(msgspec.json.decode(found))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ΝΙΚΟΣ ΠΑΠΑΣ", "ΝΙΚΟΣ ΠΑΠΑΣ's role"),
        ("Νίκος Παπάς", "the role of ΝΊΚΟΣ ΠΑΠΆΣ"),
        ("Weiß Straße", "WEISS STRASSE"),
        ("Zo\N{LATIN SMALL LETTER E WITH DIAERESIS} Li", "of zoe\N{COMBINING DIAERESIS} li"),
        ("Ri\N{GREEK SMALL LETTER IOTA WITH DIALYTIKA AND TONOS} A", "RI\u03aa\u0301 A"),
    ],
)
def test_a_name_is_found_in_a_text(name: str, text: str) -> None:
    person = Person((), texts([], [name]))
    assert rest(person, text) == []
    assert rest(person, "of somebody else") == ["description"]
    as_posted_before = Person((), Texts(frozenset(), frozenset({name.casefold()})), folded)
    assert rest(as_posted_before, text) == []


@pytest.mark.parametrize("key", ["email", "login"])
def test_what_is_addressed_to_another_mailbox_is_not_about_him(key: str) -> None:
    """Only the text in which the address would be his is lost; of folded addresses, all."""
    person = Person((), texts([STREET], []))
    assert rest(person, "", **{key: "Stra\N{LATIN CAPITAL LETTER SHARP S}e@example.com"}) == []
    assert rest(person, "", **{key: "strasse@example.com"}) == ["description"]
    before = Person((), Texts(frozenset({STREET.casefold()}), frozenset()), folded)
    assert rest(before, "", **{key: "STRAßE@example.com"}) == []
    for one in (person, before):
        assert rest(one, "for STRASSE@example.com") == []
