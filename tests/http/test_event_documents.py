"""Events as the strictest of the official clients read them."""

import pytest

from tenantry.core.event_types import EVENT_TYPES
from tests.areas.event_calls import busy, ids, listed
from tests.http.go_client import decoded_events
from tests.world import ADA, BEN, UMA, Person, World


@pytest.mark.parametrize("who", [ADA, BEN, UMA], ids=lambda who: who.name)
async def test_go_reads_every_page_and_stops(world: World, who: Person) -> None:
    """With `PageNumber` 0 it follows `links.next` as it stands until there is none."""
    await busy(world)
    shall = ids(await listed(world, who, "page[size]=100"))
    assert len(shall) < 100
    for size in (1, 3, len(shall) or 1, 100):
        found: list[str] = []
        url: str | None = f"http://api.example.com/events?page[size]={size}"
        while url:
            page = decoded_events((await world.ask(who, "GET", url)).content)
            found += page.ids
            assert len(found) <= len(shall), "it would never stop"
            url = page.following
        assert found == shall


async def test_an_empty_page_is_read(world: World) -> None:
    for query in ("filter[event_type]=waf.create", "page[number]=99"):
        page = decoded_events((await listed(world, ADA, query)).content)
        assert page == ([], None)


async def test_only_names_that_the_python_client_knows_are_told(world: World) -> None:
    await busy(world)
    from fastly.model.event_attributes import EventAttributes  # noqa: PLC0415 - slow to import

    known = EventAttributes.allowed_values[("event_type",)].values()
    assert list(EVENT_TYPES) == sorted(known)
    told = {
        one["attributes"]["event_type"]
        for one in (await listed(world, ADA, "page[size]=100")).json()["data"]
    }
    assert told <= set(EVENT_TYPES)
