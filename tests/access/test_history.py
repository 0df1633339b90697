"""The state of a past moment is what was enforced then."""

from sqlalchemy import bindparam, select

from tenantry.access.decide import rights
from tenantry.access.history import State, load
from tenantry.access.state import read_principal
from tenantry.core import schema
from tenantry.core.context import Grants
from tenantry.core.statements import Statement
from tests.world import ADA, BEN, BOT, LIM, OTHER, UMA, WIDGETS, World

_HEAD = Statement(
    select(schema.chains.c.sequence).where(schema.chains.c.customer_id == bindparam("customer_id"))
)
_TOKENS = Statement(
    select(schema.tokens.c.id, schema.tokens.c.digest).where(
        schema.tokens.c.customer_id == bindparam("customer_id")
    )
)


async def present(world: World, customer_id: str = WIDGETS) -> State:
    """The state as of now."""
    head = await world.app.database.one(_HEAD, customer_id=customer_id)
    assert head is not None
    return await load(world.app.database, customer_id, head[0], world.clock())


async def enforced(world: World, customer_id: str = WIDGETS) -> dict[str, Grants]:
    """What each token is given by the front door, by its id."""
    found = {}
    for token_id, digest in await world.app.database.all(_TOKENS, customer_id=customer_id):
        principal = await read_principal(world.app.database, digest)
        is_dead = principal is None or (
            principal.expires_at is not None and world.clock() >= principal.expires_at
        )
        found[token_id] = Grants() if principal is None or is_dead else principal.grants
    return found


async def check_agreement(world: World) -> None:
    """History and enforcement hold the same of every token."""
    for customer_id in (WIDGETS, OTHER):
        state = await present(world, customer_id)
        for token_id, grants in (await enforced(world, customer_id)).items():
            assert rights(state.grants_of_token(token_id)) == rights(grants), token_id


async def test_the_present_state_is_what_is_enforced(world: World) -> None:
    await check_agreement(world)
    state = await present(world)
    assert state.grants_of_user(BEN.id).roles == {"engineer"}
    assert state.grants_of_user(LIM.id).limit_services
    assert state.grants_of_user("0Unknown00000000000000") == Grants()


async def test_a_past_state_is_what_was_enforced_then(world: World) -> None:
    """Who is demoted, locked or removed today still held it yesterday."""
    seen = [(await present(world), await enforced(world))]
    for path, form in (
        (f"/user/{BEN.id}", {"role": "billing"}),
        (f"/user/{UMA.id}", {"locked": "true"}),
        (f"/user/{BEN.id}", {"role": "superuser"}),
    ):
        answer = await world.ask(ADA, "PUT", path, data=form)
        assert answer.status_code == 200, answer.text
        seen.append((await present(world), await enforced(world)))
    assert (await world.ask(ADA, "DELETE", f"/tokens/{BOT.token_id}")).status_code == 204
    for then, tokens in seen:
        again = await load(world.app.database, WIDGETS, then.sequence, then.at)
        for token_id, grants in tokens.items():
            assert rights(again.grants_of_token(token_id)) == rights(grants), token_id
    assert (await present(world)).grants_of_token(BOT.token_id) == Grants()
    assert seen[2][0].grants_of_user(UMA.id) == Grants()
