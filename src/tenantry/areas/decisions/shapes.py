"""What is told of access, as JSON."""

from typing import Literal

import msgspec

from tenantry.access.comparison import Held
from tenantry.access.verdict import Named, Verdict, Way


class AsOf(msgspec.Struct, frozen=True):
    """The moment that an answer is about."""

    sequence: int
    """The number of the newest event then."""
    at: str


class Somebody(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who holds, or lacks, a permission."""

    kind: Literal["user", "token", "automation"]
    """A user, whatever key he comes with; one of his tokens; or an automation token."""
    id: str
    name: str = ""
    """As it is called today; absent if nothing is left of it but its history."""
    login: str = ""
    """A user's own; for a token, its user's."""
    user_id: str = ""
    """Whose token it is."""


class Explanation(Verdict, frozen=True, kw_only=True):
    """Whether somebody may do something, and everything that led to it."""

    subject: Somebody
    permission: str
    scope: Literal["account", "service"]
    """Whether it is held on the account as a whole, or on one service at a time."""
    service: Named | None
    """The service asked about; null: the account, or any service at all."""
    as_of: AsOf
    operations: list[str]
    """The operations that ask for the permission, but for writes that the token's scope never
    lets through, and what an automation token, which has no password, can't be lifted for."""


class Holder(msgspec.Struct, frozen=True):
    """Somebody who holds the permission, and by which ways."""

    subject: Somebody
    held: list[str]
    """The forms of the permission that are held."""
    ways: list[Way]


class HoldersMeta(msgspec.Struct, frozen=True):
    """Where a list of holders stands."""

    limit: int
    next_cursor: str
    """Where the next page begins; empty on the last one."""
    as_of: AsOf
    """All pages are of this same moment."""


class Holders(msgspec.Struct, frozen=True):
    """A page of the users and automation tokens that hold a permission."""

    data: list[Holder]
    meta: HoldersMeta


class Shift(msgspec.Struct, frozen=True):
    """What some gained and lost, the same each of them."""

    subjects: list[Somebody]
    gained: Held
    lost: Held


class Actor(msgspec.Struct, frozen=True):
    """Who caused an event."""

    user_id: str | None
    token_id: str | None
    login: str
    """The user's; empty for a program, or somebody who was erased."""
    operator: bool
    """Whether the installation's operator did it."""


class Cause(msgspec.Struct, frozen=True):
    """An event of the log."""

    sequence: int
    id: str
    action: str
    created_at: str
    actor: Actor


class Turn(msgspec.Struct, frozen=True):
    """An event, and how it changed who may do what."""

    event: Cause
    changes: list[Shift]


class DiffMeta(msgspec.Struct, frozen=True):
    """Where a list of changes stands."""

    limit: int
    next_cursor: str
    """Where the next page begins; empty on the last one."""
    since: AsOf
    until: AsOf


class Diff(msgspec.Struct, frozen=True):
    """Who gained and lost what between two moments."""

    net: list[Shift]
    """The two moments compared, what came and went in between left out; on the first page only.
    A token that merely expired stands only here, because no event made it expire."""
    data: list[Turn]
    """The events that changed anybody's access, in their order."""
    meta: DiffMeta


class Asked(msgspec.Struct, frozen=True):
    """The operation that refused."""

    name: str
    operations: list[str]
    """Its method and path."""


class DecisionRecord(msgspec.Struct, frozen=True):
    """A refusal, as it was answered, and why."""

    id: str
    operation: Asked
    refusal: str
    """What was answered; empty where a proof, such as a password, was wrong."""
    at: str
    sequence: int
    """The number of the newest event then."""
    token_id: str
    permission: str | None
    """The permission that was asked for; null where none would have helped: the operation is for
    others, or the token's scope, address or sudo mode was refused."""
    explanation: Explanation | None
    """Why, as of then; null where it is no matter of a permission, or of an operator's key. Where
    it allows, the permission was held and the operation refused what was asked of it."""
