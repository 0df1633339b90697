"""Users, through the front door."""

from tests.world import ADA, World


async def test_a_user_sees_himself(world: World) -> None:
    answer = await world.ask(ADA, "GET", "/current_user")
    assert answer.status_code == 200
    assert answer.json()["login"] == "ada@example.com"
