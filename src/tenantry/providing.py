"""What the commands of the identity provider do."""

from tenantry.areas.realm import keys
from tenantry.opening import opened
from tenantry.settings import Settings


async def rotate_key(settings: Settings) -> str:
    """Begin a new key for web tokens; its id."""
    async with opened(settings) as (database, keyring):
        return await database.write(lambda unit: keys.rotate(unit, keyring))
