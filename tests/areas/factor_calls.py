"""What the tests of second factors share: people who have some, and the codes of their apps."""

import base64

import pyotp

from tenantry.areas.users import authenticators, factors, model
from tenantry.core.context import system_call
from tenantry.core.unit import Unit
from tests.world import Person, World


class App:
    """Somebody's authenticator app."""

    def __init__(self, world: World, secret: str) -> None:
        """Take a secret in, as people type it."""
        self._world = world
        self.secret = secret.replace(" ", "")
        self._counter = pyotp.TOTP(self.secret)

    def code(self, *, steps: int = 0) -> str:
        """What it shows now, or some steps of thirty seconds away."""
        return self._counter.generate_otp(self._world.clock.now // authenticators.STEP + steps)

    def wrong(self) -> str:
        """A code that it shows neither now nor a step away."""
        shown = {self.code(steps=one) for one in (-1, 0, 1)}
        return next(one for one in ("000000", "111111", "222222", "333333") if one not in shown)


async def enrol(world: World, person: Person) -> tuple[App, list[str]]:
    """Give somebody an authenticator app, and recovery codes; no code of it is used yet."""

    async def work(unit: Unit) -> tuple[str, list[str]]:
        call = system_call(unit, world.app.keyring, person.customer_id)
        row = await model.find(call, person.id)
        one = await authenticators.find(call, row.id, await authenticators.begin(call, row, "App"))
        secret = authenticators.shown_secret(call, one)
        # One that will have gone by, so that the code of now is still good.
        assert await authenticators.confirm(call, row.id, one, App(world, secret).code(steps=-1))
        codes = await factors.record_added(call, row.id, "authenticator", one.id, one.name)
        return secret, codes

    secret, codes = await world.app.database.write(work, customer_id=person.customer_id)
    world.secrets |= {secret, secret.replace(" ", ""), *codes}
    world.secrets.add(base64.b32decode(secret.replace(" ", "")).hex())
    return App(world, secret), codes
