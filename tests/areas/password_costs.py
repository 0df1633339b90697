"""Passwords at another cost than the world's, for a test."""

from collections.abc import Iterator
from contextlib import contextmanager

from tenantry.core.secrets import PasswordCost, set_password_cost
from tests.world import CHEAP

USUAL = PasswordCost()
"""What the server spends where nothing is set."""


@contextmanager
def hashed_at(cost: PasswordCost) -> Iterator[None]:
    """Within, passwords are hashed at that cost."""
    set_password_cost(cost)
    try:
        yield
    finally:
        set_password_cost(CHEAP)
