"""What the commands about operator keys do."""

from tenantry.areas.operator import founding, operator_keys
from tenantry.core.clock import shown
from tenantry.opening import opened
from tenantry.settings import Settings


async def create_key(settings: Settings, name: str) -> str:
    """A new key."""
    async with opened(settings, makes=True) as (database, keyring):
        return await founding.create_operator_key(database, keyring, name)


async def list_keys(settings: Settings) -> list[str]:
    """A line for each key, oldest first."""
    async with opened(settings) as (database, _):
        keys = await operator_keys.list_all(database)
    return [f"{key.id}  {shown(key.created_at)}  {key.name}" for key in keys]


async def revoke_key(settings: Settings, key_id: str) -> None:
    """End a key. Raises Problem 404."""
    async with opened(settings) as (database, _):
        await operator_keys.revoke(database, key_id)
