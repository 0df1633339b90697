"""The log: canonical, chained, and without a person's data where a hash needs it to stay."""

from typing import Any

import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import bindparam, delete, update

from tenantry.core import chain, schema
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tests.world import ADA, BEN, WIDGETS, World

_E = schema.events.c

_words = st.text(alphabet=st.characters(codec="utf-8"))
_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | _words,
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text("abcdefghijklmnopqrstuvwxyz_.-0129"), inner)
    ),
)


@given(_values)
def test_bodies_are_canonical_json(value: Any) -> None:
    """RFC 8785, as an independent implementation of it has it."""
    assert msgspec.json.encode(value, order="sorted") == rfc8785.dumps(value)


async def test_personal_values_stand_beside_the_body(world: World) -> None:
    await world.ask(ADA, "POST", "/user", data={"login": "new@example.com", "name": "Nina"})
    _, _, body, personal, _, _ = (await world.events())[-1]
    for value in ("new@example.com", "192.0.2.10"):
        assert value not in body
        assert value in personal
    event = chain.opened(body, personal)
    assert event["metadata"]["login"] == "new@example.com"
    assert event["description"] == "User 'new@example.com' was created"
    assert event["ip"] == "192.0.2.10"
    assert event["user_id"] == ADA.id
    erased = chain.opened(body, None)
    assert erased["metadata"]["login"] == ""


_TAMPER: dict[str, Statement[Any]] = {
    "changed": Statement(update(schema.events).where(_E.sequence == 5).values(body='{"a":1}')),
    "removed": Statement(delete(schema.events).where(_E.sequence == 5)),
    "cut off": Statement(delete(schema.events).where(_E.sequence > 5)),
    "renumbered": Statement(
        update(schema.events).where(_E.sequence == 5).values(sequence=bindparam("to"))
    ),
    "personal value changed": Statement(
        update(schema.events)
        .where(_E.sequence == 5)
        .values(personal='{"description":["00","Something else"]}')
    ),
}


@pytest.mark.parametrize("how", list(_TAMPER))
async def test_tampering_is_found(world: World, how: str) -> None:
    database = world.app.database
    assert (await chain.verify(database, WIDGETS)).problem is None

    async def work(unit: Unit) -> None:
        await unit.run(_TAMPER[how], **({"to": 1000} if how == "renumbered" else {}))

    await database.write(work)
    problem = (await chain.verify(database, WIDGETS)).problem
    assert problem is not None
    assert "5" in problem


async def test_erasing_personal_values_breaks_no_hash(world: World) -> None:
    erase = Statement(update(schema.events).where(_E.sequence > 0).values(personal=None))

    async def work(unit: Unit) -> None:
        await unit.run(erase)

    await world.app.database.write(work)
    assert (await chain.verify(world.app.database, WIDGETS)).problem is None


async def test_an_event_names_the_state_it_left(world: World) -> None:
    await world.ask(ADA, "PUT", f"/user/{BEN.id}", data={"role": "billing"})
    body = (await world.events())[-1][2]
    event = msgspec.json.decode(body)
    assert set(event["rows"]) == {f"user/{BEN.id}"}
    assert event["metadata"]["old"]["role"] == "engineer"
    assert event["metadata"]["new"]["role"] == "billing"
