"""What a verb knows of the call it serves: who asks, from where, when, and the database.

A verb that only reads takes a `Reading`; one that changes things takes a `Writing`, which is a
`Reading` too. Handing the first to the second does not type-check.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import msgspec

from tenantry.core.addresses import EVERYWHERE
from tenantry.core.clock import Instant
from tenantry.core.secrets import Keyring
from tenantry.core.session import Reads
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit

R = TypeVar("R")


class Group(msgspec.Struct, frozen=True):
    """A user group as it counts for a member."""

    id: str
    roles: frozenset[str]
    services: dict[str, frozenset[str]]
    """Its service groups: the id of each, and the services in it."""


class Grants(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """What access is decided from: the rows about one principal, as of one moment."""

    roles: frozenset[str] = frozenset()
    """Built-in ones by name, the customer's own by id."""
    custom: dict[str, frozenset[str]] = msgspec.field(default_factory=dict)
    """What each role of the customer's own permits that counts here, directly or by a group."""
    groups: tuple[Group, ...] = ()
    limit_services: bool = False
    authorizations: dict[str, str] = msgspec.field(default_factory=dict)
    """Service authorizations: service id to permission (contract: access §3)."""
    scopes: frozenset[str] = frozenset({"global"})
    token_limited: bool = False
    token_services: frozenset[str] = frozenset()


class Policies(msgspec.Struct, frozen=True):
    """What a customer asks of its users."""

    force_2fa: bool
    has_pci_passwords: bool
    force_sso: bool


NO_POLICIES = Policies(force_2fa=False, has_pci_passwords=False, force_sso=False)
"""Of who is in no customer."""


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Who a key stands for."""

    kind: Literal["user", "session", "automation", "operator", "nobody"]
    customer_id: str = ""
    customer_name: str = ""
    version: int = 0
    """The number of the customer's newest event when this was read."""
    token_id: str = ""
    token_name: str = ""
    token_created_at: Instant = 0
    user_id: str | None = None
    login: str = ""
    name: str = ""
    is_owner: bool = False
    expires_at: Instant | None = None
    sudo_expires_at: Instant | None = None
    last_used_at: Instant | None = None
    hourly_writes: int = 1000
    refused: str | None = None
    """Of nobody: why the key that was sent opens nothing."""
    ip_whitelist: str = EVERYWHERE
    policies: Policies
    """Not to be left out: what a customer asks would be forgotten."""
    grants: Grants = Grants()

    @property
    def is_person(self) -> bool:
        """A user, through a token or a session of his own."""
        return self.user_id is not None

    @property
    def is_program(self) -> bool:
        """An automation token, which belongs to nobody."""
        return self.kind == "automation"

    @property
    def meter(self) -> str | None:
        """Whose hourly writes a call counts towards: a user's tokens share one count."""
        return self.user_id or self.token_id or None


NOBODY = Principal(kind="nobody", policies=NO_POLICIES, grants=Grants(scopes=frozenset()))
"""Who came without a key."""

SYSTEM = Principal(
    kind="operator", policies=NO_POLICIES, grants=Grants(roles=frozenset({"superuser"}))
)
"""The installation itself: first start, scenario files, the worker, the command line."""


@dataclass(slots=True, kw_only=True)
class Reading:
    """A call that only reads."""

    rows: Reads
    keyring: Keyring
    now: Instant
    principal: Principal = SYSTEM
    customer_id: str = ""
    """The customer inside which the call acts; the principal's own, but for operators."""
    ip: str = ""
    via: str = ""
    """The same, and the trusted proxies that it came through, as events tell it."""
    user_agent: str = ""
    request_id: str = ""
    public_url: str = ""
    extended_events: bool = False
    """Whether events that the wire has no name for are shown too."""
    refused_at: float = 0.0
    """Before which instant of the loop's clock no refusal leaves: its time shall tell nothing."""
    provider_networks: str = ""
    """Networks off the public internet in which identity providers may stand."""

    async def one(self, statement: Statement[R], **given: Any) -> R | None:
        """The first row, or None."""
        return await self.rows.one(statement, **given)

    async def all(self, statement: Statement[R], **given: Any) -> list[R]:
        """Every row."""
        return await self.rows.all(statement, **given)

    def inside(self, unit: Unit, principal: Principal) -> "Writing":
        """The same call in a unit of work, by whom it found to be there then."""
        return Writing(
            rows=unit,
            unit=unit,
            keyring=self.keyring,
            now=unit.now,
            principal=principal,
            customer_id=self.customer_id,
            ip=self.ip,
            via=self.via,
            user_agent=self.user_agent,
            request_id=self.request_id,
            public_url=self.public_url,
            provider_networks=self.provider_networks,
        )


@dataclass(slots=True, kw_only=True)
class Writing(Reading):
    """A call that changes things, in one unit of work."""

    unit: Unit
    # Of the call that is handed to it: one that held the call would make a circle, which with all
    # that the unit added would wait for the collector.
    admission: Callable[[Reading], str | None] = lambda _call: None

    def decision_id(self) -> str | None:
        """The id by which it can be looked up why the call was let in, if a key opened the door."""
        return self.admission(self)

    async def run(self, statement: Statement[Any], **given: Any) -> int:
        """Change rows; how many were. Raises UniqueViolation."""
        return await self.unit.run(statement, **given)

    async def run_many(self, statement: Statement[Any], rows: Sequence[dict[str, Any]]) -> None:
        """Run a change once for each set of values. Raises UniqueViolation."""
        await self.unit.run_many(statement, rows)


def system_call(
    unit: Unit, keyring: Keyring, customer_id: str = "", *, public_url: str = ""
) -> Writing:
    """A program's own call, which no request asked for: it acts as the installation, `SYSTEM`.

    It is of its unit's moment and comes from no address. Without `customer_id` it acts inside
    nobody, and writes no event; `public_url` begins the links in what it mails.
    """
    return Writing(
        rows=unit,
        unit=unit,
        keyring=keyring,
        now=unit.now,
        customer_id=customer_id,
        public_url=public_url,
    )
