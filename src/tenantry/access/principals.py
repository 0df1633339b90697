"""Keeps principals while they are true.

A principal is kept by its key's digest, under the number of the customer's newest event: any
change in that customer moves the number, in every process. Where the database can say cheaply
that nobody committed anything at all (SQLite), even that number is not read.
"""

from tenantry.access.state import read_principal, read_version
from tenantry.core.context import Principal
from tenantry.core.database import Database

MAX_KEPT = 20_000
"""Principals kept in a process; each takes about 2 KB."""


class Principals:
    """The principals that this process has seen lately."""

    def __init__(self, database: Database) -> None:
        """Read through that database."""
        self._database = database
        self._kept: dict[bytes, tuple[Principal, int | None]] = {}
        self.last_known = LastKnown(self)

    async def find(self, digest: bytes) -> Principal | None:
        """Who a key stands for, as of the newest commit of any process."""
        changes = self._database.changes()
        kept = self._kept.get(digest)
        if kept is not None:
            principal, seen = kept
            if changes is not None and changes == seen:
                return principal
            if await read_version(self._database, principal.customer_id) == principal.version:
                self._keep(digest, principal, changes)
                return principal
        found = await read_principal(self._database, digest)
        if found is None:
            self._kept.pop(digest, None)
        elif found.kind != "operator":
            self._keep(digest, found, changes)
        return found

    def kept(self, digest: bytes) -> Principal | None:
        """Who it stood for when that was last asked, if it is remembered."""
        kept = self._kept.get(digest)
        return None if kept is None else kept[0]

    def forget(self, digest: bytes) -> None:
        """It was seen to be outdated."""
        self._kept.pop(digest, None)

    def _keep(self, digest: bytes, principal: Principal, changes: int | None) -> None:
        if len(self._kept) >= MAX_KEPT and digest not in self._kept:
            # The oldest goes: dicts remember the order of insertion.
            del self._kept[next(iter(self._kept))]
        self._kept[digest] = (principal, changes)


class LastKnown:
    """Takes who asks as he was last known: for writes, which look again under their lock."""

    def __init__(self, principals: Principals) -> None:
        """Ask them where nothing is known."""
        self._principals = principals

    async def find(self, digest: bytes) -> Principal | None:
        """Who a key stands for, or did lately."""
        return self._principals.kept(digest) or await self._principals.find(digest)
