"""What the tests of accounts share: what no operation does is put into the database here."""

from typing import Any

import msgspec
from sqlalchemy import insert

from tenantry.areas.customers import model as customers
from tenantry.areas.tokens import model as tokens
from tenantry.areas.users import model as users
from tenantry.core.context import system_call
from tenantry.core.security_tables import sessions
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit
from tests.world import WIDGETS, Person, World

_ADD_SESSION = Statement(insert(sessions))


async def edit_user(world: World, person: Person, **values: Any) -> None:
    """Write columns of a user."""

    async def work(unit: Unit) -> None:
        call = system_call(unit, world.app.keyring, person.customer_id)
        row = await users.find(call, person.id)
        await users.store(call, msgspec.structs.replace(row, **values))

    await world.app.database.write(work, customer_id=person.customer_id)


async def edit_customer(world: World, customer_id: str = WIDGETS, **values: Any) -> None:
    """Write columns of a customer, and move its version so that nobody knows the old ones."""

    async def work(unit: Unit) -> None:
        call = system_call(unit, world.app.keyring, customer_id)
        row = msgspec.structs.replace(await customers.find(call, customer_id), **values)
        await customers.store(call, row)
        renamed = customers.CustomerChange(name=f"{row.name}.")
        await customers.change(call, customer_id, renamed)

    await world.app.database.write(work, customer_id=customer_id)


async def session_of(world: World, person: Person) -> str:
    """The secret of a sign-in session."""

    async def work(unit: Unit) -> str:
        call = system_call(unit, world.app.keyring, person.customer_id)
        row = tokens.new_row(call, "session", user_id=person.id, name="browser session")
        await call.run(
            _ADD_SESSION,
            customer_id=row.customer_id,
            token_id=row.id,
            user_id=person.id,
            methods='["pwd"]',
            device_id=None,
            created_at=call.now,
        )
        return await tokens.issue(call, row)

    return await world.app.database.write(work, customer_id=person.customer_id)
