"""Whatever was sent and voided, in whatever order: the sums are what the ledger comes to."""

import random

import pytest

from tenantry.areas.usage.sums import changes, month_usage
from tenantry.core.clock import DAY, shown
from tests.areas.usage_calls import check_sums, event, later, send, void
from tests.world import API, OTHER, WIDGETS, WWW, World

STEPS, MOST = 25, 12
_METRICS = [("cdn_usage", "requests", "usa"), ("cdn_usage", "bandwidth", "europe")]
_METRICS += [("ngwaf", "requests", "")]
_QUANTITIES = ["0", "0.000001", "1", "999999.999999", "1000000", "123456789012345678.5"]
_WHOSE = [(WIDGETS, None), (WIDGETS, WWW), (WIDGETS, API), (OTHER, None)]


class History:
    """What was sent so far, and what should stand in the ledger."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self.first: dict[str, dict[str, object]] = {}
        self.voided: set[str] = set()

    def draw(self) -> dict[str, object]:
        """An event, often by a name that was used before."""
        customer_id, service_id = self.chance.choice(_WHOSE)
        product_id, metric, region = self.chance.choice(_METRICS)
        at = self.world.clock.now - self.chance.randrange(DAY)
        return event(
            f"event-{self.chance.randrange(150)}",
            customer_id=customer_id,
            service_id=service_id,
            product_id=product_id,
            metric=metric,
            region=region or None,
            quantity=self.chance.choice(_QUANTITIES),
            timestamp=shown(at),
        )

    def expect(self, sent: dict[str, object]) -> str:
        """What must become of an event; remembered if it is the first of its name."""
        first = self.first.setdefault(str(sent["id"]), sent)
        if first is sent:
            return "accepted"
        return "duplicate" if first == sent else "conflict"

    async def send(self) -> None:
        """Send a few, some of them again."""
        events = [self.draw() for _ in range(self.chance.randrange(1, MOST))]
        again = self.chance.sample(list(self.first.values()), min(len(self.first), 3))
        events += [dict(one) for one in again]
        expected = [self.expect(one) for one in events]
        assert [status for status, _ in await send(self.world, *events)] == expected

    async def void(self) -> None:
        """Void one, perhaps again."""
        if self.first:
            name = self.chance.choice(sorted(self.first))
            expected = "duplicate" if name in self.voided else "accepted"
            assert await void(self.world, name) == (200, expected)
            self.voided.add(name)

    def micros(self, customer_id: str) -> int:
        """What all of a customer's events that were not voided come to."""
        counted = [one for name, one in self.first.items() if name not in self.voided]
        of_customer = [one for one in counted if one["customer_id"] == customer_id]
        return sum(_micros(str(one["quantity"])) for one in of_customer)


def _micros(quantity: str) -> int:
    whole, _, fraction = quantity.partition(".")
    return int(whole) * 10**6 + int(fraction.ljust(6, "0"))


@pytest.mark.parametrize("seed", range(6))
async def test_sums_are_what_the_ledger_comes_to(world: World, seed: int) -> None:
    later(world)
    history = History(world, seed)
    for _ in range(STEPS):
        world.clock.turn(history.chance.randrange(3 * DAY))
        await (history.void if history.chance.random() < 0.4 else history.send)()
        assert await check_sums(world.app.database) == len(history.first)
    for customer_id in (WIDGETS, OTHER):
        months = [one.month for one in await changes(world.app.database, customer_id)]
        used = [await month_usage(world.app.database, customer_id, one) for one in months]
        assert sum(sum(one.values()) for one in used) == history.micros(customer_id)


async def test_splitting_an_event_changes_no_sum(world: World) -> None:
    """Invariant 9 of the rating model begins here."""
    later(world)
    await send(world, event("whole", quantity="1000000.1", region="usa"))
    parts = [event(f"part-{n}", quantity="100000.01", region="europe") for n in range(10)]
    await send(world, *parts)
    used = await month_usage(world.app.database, WIDGETS, 202603)
    assert used["cdn_usage", "requests", "usa"] == used["cdn_usage", "requests", "europe"]
