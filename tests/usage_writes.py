"""Examples of the writes that concern metered usage."""

from tests.areas.usage_calls import PATH, event, send
from tests.world import OPERATOR, World
from tests.write import Write

_EVENT = event("a", timestamp="2026-03-01T10:00:00Z")


async def _metered(world: World) -> None:
    await send(world, _EVENT)


USAGE: dict[str, Write] = {
    # The ledger is its own record: it only ever grows.
    f"POST {PATH}": Write([], body={"events": [_EVENT]}, who=OPERATOR),
    f"POST {PATH}/void": Write(
        ["usage.void"], body={"source": "edge-01", "id": "a"}, before=_metered, who=OPERATOR
    ),
}
