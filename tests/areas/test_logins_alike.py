"""Which logins are the same (contract: identity §3.4)."""

from tests.world import ADA, World


async def test_logins_that_look_alike_are_one_and_mailboxes_are_not(world: World) -> None:
    for login, status in (
        ("müller@example.com", 200),
        ("Mu\u0308ller@example.com", 409),
        ("straße@example.com", 200),
        ("strasse@example.com", 200),
    ):
        answer = await world.ask(ADA, "POST", "/user", data={"login": login})
        assert answer.status_code == status, answer.text
