"""To which address of the server passkeys are bound, and where there are none."""

import pytest

from tenantry.areas.users.ceremonies import site_of
from tenantry.core.context import Reading
from tests.world import World


@pytest.mark.changes_nothing
@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://accounts.example.com", ("accounts.example.com", "https://accounts.example.com")),
        ("https://Example.com:8443/x", ("example.com", "https://example.com:8443")),
        ("http://localhost:8080", ("localhost", "http://localhost:8080")),
        ("http://accounts.example.com", None),
        ("https://192.0.2.1", None),
        ("http://[::1]:8080", None),
    ],
)
async def test_passkeys_are_bound_to_the_public_address(
    world: World, url: str, site: tuple[str, str] | None
) -> None:
    call = Reading(
        rows=world.app.database, keyring=world.app.keyring, now=world.clock.now, public_url=url
    )
    found = site_of(call)
    assert (found and (found.id, found.origin)) == site
