"""A port is one server's, on whichever of its addresses another would listen."""

import pytest

from tenantry.ports import claimed
from tenantry.settings import BadSetting
from tests.infrastructure.server import free_port

EVERY = "0.0.0.0"  # noqa: S104 - nobody listens on it here


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("127.0.0.1", "localhost"),
        ("127.0.0.1", EVERY),
        (EVERY, "127.0.0.1"),
    ],
)
def test_an_address_is_claimed_by_one(first: str, second: str) -> None:
    port = free_port()
    refused = pytest.raises(BadSetting, match=f"can't listen on {second}:{port}: Address")
    with claimed("PORT", first, port), refused:
        claimed("PORT", second, port).close()
    claimed("PORT", second, port).close()


def test_two_addresses_are_claimed_by_two() -> None:
    port = free_port()
    with claimed("PORT", "127.0.0.1", port), claimed("PORT", "127.0.0.2", port):
        pass
