"""What an example of a write says."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from tests.world import ADA, Person, World


@dataclass
class Write:
    """A call that succeeds, and the events it leaves."""

    actions: list[str]
    """None where what changes belongs to no customer, or has a record of its own."""
    path: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] | Callable[[dict[str, str]], dict[str, Any]] | None = None
    """What is sent; where it names what was made ready, made from the parts of the path."""
    before: Callable[[World], Awaitable[dict[str, str] | None]] | None = None
    """Made ready first; may name parts of the path."""
    who: Person | str = ADA
