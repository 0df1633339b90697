"""Keeps principals while they are true.

A principal is kept by its key's digest, under the number of the customer's newest event: any
change in that customer moves the number, in every process. Where the database can say cheaply
that nobody committed anything at all (SQLite), even that number is not read.
"""

from typing import Any, Self, TypeVar

from tenantry.access.state import read_principal, read_version
from tenantry.core.context import Principal
from tenantry.core.database import Database
from tenantry.core.gathering import Found
from tenantry.core.session import Reads
from tenantry.core.statements import Statement

R = TypeVar("R")

ROOM = 20_000
"""What the principals that a process keeps may weigh together: about 60 MB."""
_SERVICES_OF_ONE = 16
"""So many services, with the rights to them, take as much as a principal without any: 3 KB."""


def weight(principal: Principal) -> int:
    """How much it takes to keep a principal, whom access to many services makes heavy."""
    grants = principal.grants
    inside = {one: services for group in grants.groups for one, services in group.services.items()}
    listed = (grants.authorizations, grants.token_services, *inside.values())
    return 1 + sum(map(len, listed)) // _SERVICES_OF_ONE


class Principals:
    """The principals that this process has seen lately."""

    def __init__(self, database: Database, room: int = ROOM) -> None:
        """Read through that database, and keep what weighs no more than that together."""
        self.rows = database
        self._room = room
        self._kept: dict[bytes, tuple[Principal, int | None]] = {}
        self.last_known = LastKnown(self)

    async def find(self, digest: bytes) -> Principal | None:
        """Who a key stands for, as of the newest commit of any process."""
        changes = self.rows.changes()
        kept = self._kept.get(digest)
        if kept is not None:
            principal, seen = kept
            if changes is not None and changes == seen:
                return principal
            if await read_version(self.rows, principal.customer_id) == principal.version:
                self._keep(digest, principal, changes)
                return principal
        found = await read_principal(self.rows, digest)
        if found is None:
            self.forget(digest)
        elif found.kind != "operator":
            self._keep(digest, found, changes)
        return found

    def kept(self, digest: bytes) -> Principal | None:
        """Who it stood for when that was last asked, if it is remembered."""
        kept = self._kept.get(digest)
        return None if kept is None else kept[0]

    def forget(self, digest: bytes) -> None:
        """It was seen to be outdated."""
        kept = self._kept.pop(digest, None)
        if kept is not None:
            self._room += weight(kept[0])

    def _keep(self, digest: bytes, principal: Principal, changes: int | None) -> None:
        if self.kept(digest) is not principal:
            self.forget(digest)
            self._room -= weight(principal)
            while self._room < 0 and self._kept:
                # The oldest goes: dicts remember the order of insertion.
                self.forget(next(iter(self._kept)))
        self._kept[digest] = (principal, changes)


class LastKnown:
    """Takes who asks as he was last known: for writes, which look again under their lock."""

    def __init__(self, principals: Principals) -> None:
        """Ask them where nothing is known."""
        self._principals = principals
        self.rows = principals.rows

    async def find(self, digest: bytes) -> Principal | None:
        """Who a key stands for, or did lately."""
        return self._principals.kept(digest) or await self._principals.find(digest)


class Outdated(BaseException):
    """Who asks is no longer who he was: what was found out for him is worth nothing.

    No Exception, so that nobody takes it for a failure and carries on.
    """


class Trust:
    """Takes a principal as he was kept, and sees while reading whether he still is that.

        async with Trust(principals) as trust:
            principal = await trust.find(digest)
            ...

    Saves the round trip that asking first would take. Inside, all is read through the trust. What
    stands inside has no effects, because leaving it raises Outdated where the trust was misplaced,
    whatever else was raised or returned: then it is done again, and without trust.
    """

    def __init__(self, principals: Principals) -> None:
        """Trust them for one request."""
        self._principals = principals
        self._database = principals.rows
        self._digest = b""
        self._trusted: Principal | None = None
        """None as soon as he was seen to be who he was."""

    @property
    def rows(self) -> Reads:
        """What to read through."""
        return self

    async def find(self, digest: bytes) -> Principal | None:
        """Who a key stands for, if nothing changed lately."""
        self._trusted, self._digest = self._principals.kept(digest), digest
        return self._trusted or await self._principals.find(digest)

    async def one(self, statement: Statement[R], **given: Any) -> R | None:
        """The first row, or None. Raises Outdated."""
        if not self._can_see(statement, given):
            return await self._database.one(statement, **given)
        found = await self._database.found(statement, **given)
        self._see(found)
        return found.rows[0] if found.rows else None

    async def all(self, statement: Statement[R], **given: Any) -> list[R]:
        """Every row. Raises Outdated."""
        if not self._can_see(statement, given):
            return await self._database.all(statement, **given)
        found = await self._database.found(statement, **given)
        self._see(found)
        return list(found.rows)

    async def __aenter__(self) -> Self:
        """Begin."""
        return self

    async def __aexit__(self, _: object, error: BaseException | None, __: object) -> None:
        """Make sure: not even a refusal may rest on what is no longer true. Raises Outdated."""
        trusted = self._trusted
        if trusted is not None and (error is None or isinstance(error, Exception)):
            self._compare(await read_version(self._database, trusted.customer_id))

    def _can_see(self, statement: Statement[Any], given: dict[str, Any]) -> bool:
        """Whether the version comes along with these rows."""
        trusted = self._trusted
        return trusted is not None and given.get(statement.owner) == trusted.customer_id

    def _see(self, found: Found[Any]) -> None:
        if found.version is not None:
            self._compare(found.version)

    def _compare(self, version: int | None) -> None:
        if self._trusted is not None and self._trusted.version != version:
            self._principals.forget(self._digest)
            raise Outdated
        self._trusted = None


Finder = Principals | LastKnown | Trust
"""Whoever can say for whom a key stands, and what such a call reads through."""
