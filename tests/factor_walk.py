"""A walk past everything that the log tells of second factors."""

from tests.areas.test_two_factor import make_token
from tests.console.security_key import SecurityKey
from tests.console.test_factors import FACTORS, begun, codes_in, signed_in
from tests.console.test_passkeys import add
from tests.world import BEN, World


async def walk_with_factors(world: World) -> None:
    """Add what there is, use it, and take it away again."""
    ben = await signed_in(world)
    place, app = await begun(world, ben)
    await ben.send(place, {"code": app.code()})
    await add(ben, SecurityKey())
    page = (await ben.get(FACTORS)).text
    passkey = page[page.index("Blue key") :].partition('href="')[2].partition("/name")[0]
    await ben.send(f"{passkey}/name", {"name": "Green key"})
    codes = codes_in(world, await ben.send(f"{FACTORS}/recovery-codes", {}))
    assert (await make_token(world, codes[0])).status_code == 200
    for one in (passkey, place.replace("/enrol/authenticator", "")):
        assert (await ben.send(f"{one}/removal", {})).status_code == 303
    assert (await make_token(world, who=BEN)).status_code == 200
