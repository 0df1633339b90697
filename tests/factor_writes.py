"""Examples of the writes of second factors."""

from tests.areas.factor_calls import enrol
from tests.world import BEN, OPERATOR, World
from tests.write import Write


async def _second_factor(world: World) -> dict[str, str]:
    await enrol(world, BEN)
    return {"user": BEN.id}


FACTORS = {
    "DELETE /_operator/v1/users/{user}/factors": Write(
        ["two_factor_auth.disable"], before=_second_factor, who=OPERATOR
    ),
}
