"""Bounds how often one address may fail at single sign-on; each failure makes this server ask."""

from tenantry.areas.users import guesses
from tenantry.core.context import Reading, Writing


def _subjects(call: Reading) -> list[str]:
    return guesses.subjects(call, f"sso:{guesses.origin(call)}")


async def check(call: Reading) -> None:
    """Refuse another try after too many failures. Raises Problem 429."""
    await guesses.check(call, _subjects(call))


async def count(call: Writing) -> None:
    """Note a failure."""
    await guesses.count(call, _subjects(call))
