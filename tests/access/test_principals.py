"""Principals are kept as long as there is room: who reaches many services takes more of it."""

from tenantry.access.principals import Principals, weight
from tenantry.core.context import NO_POLICIES, Grants, Group, Principal
from tests.world import ADA, BEN, EVE, World

_HUNDRED = frozenset(f"service {number}" for number in range(100))


async def test_the_oldest_goes_when_there_is_no_room(world: World) -> None:
    principals = Principals(world.app.database, room=2)
    ada, ben, eve = (world.app.keyring.digest(one.token) for one in (ADA, BEN, EVE))
    for one in (ada, ben, ben, eve):
        assert await principals.find(one) is not None
    assert principals.kept(ada) is None
    assert principals.kept(ben) is not None
    assert principals.kept(eve) is not None


async def test_what_is_forgotten_or_replaced_makes_room(world: World) -> None:
    principals = Principals(world.app.database, room=2)
    ada, ben, eve = (world.app.keyring.digest(one.token) for one in (ADA, BEN, EVE))
    for _ in range(3):
        await world.ask(ADA, "PUT", f"/user/{BEN.id}", data={"name": "Ben"})
        await principals.find(ada)
        await principals.find(ben)
        principals.forget(ben)
    await principals.find(eve)
    assert principals.kept(ada) is not None
    assert principals.kept(eve) is not None


async def test_who_is_too_heavy_is_kept_alone(world: World) -> None:
    principals = Principals(world.app.database, room=0)
    ada, ben = (world.app.keyring.digest(one.token) for one in (ADA, BEN))
    for one in (ada, ben):
        await principals.find(one)
        assert principals.kept(one) is not None
    assert principals.kept(ada) is None


def test_services_weigh_however_they_are_held() -> None:
    """A service group that comes by several user groups is there once."""
    groups = tuple(Group(name, frozenset(), {"shared": _HUNDRED}) for name in ("a", "b"))
    listed = dict.fromkeys(_HUNDRED, "full")
    assert weight(Principal(kind="user", policies=NO_POLICIES)) == 1
    held = (
        Grants(groups=groups),
        Grants(limit_services=True, authorizations=listed),
        Grants(token_limited=True, token_services=_HUNDRED),
    )
    assert [weight(Principal(kind="user", policies=NO_POLICIES, grants=one)) for one in held] == [
        7,
        7,
        7,
    ]
