"""A database for measuring access: a customer of many people, and two of many and of few services.

The first has users with a key each, who hold rights in every way there is, and a history as long
again as what stands. The other two are alike but for the number of their services.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from bench.fill import Row, Tables, store, stored
from tenantry.areas.customers import keys
from tenantry.areas.customers import model as customers
from tenantry.areas.services import model as services
from tenantry.areas.services.versions import VersionRow
from tenantry.areas.tokens.model import TokenRow
from tenantry.areas.users import authorizations
from tenantry.areas.users import model as users
from tenantry.core.audit import Revision
from tenantry.core.chain import canonical
from tenantry.core.clock import system_clock
from tenantry.core.ids import new_id
from tenantry.core.permissions import PERMISSION_IDS, ROLE_IDS
from tenantry.core.secrets import Keyring, new_token

GROUPS = 50
"""User groups, each with a service group of its own, and all the people in one of them each."""
SERVICES_OF_A_GROUP = 200
AUTHORIZED = 20
"""Services that the limited user of the smaller customers may use."""
FEW = 100
_EVENTS = 2
_PARENTS_FIRST = (
    "customers",
    "users",
    "tokens",
    "chains",
    "events",
    "services",
    "service_versions",
    "service_authorizations",
    "roles",
    "service_groups",
    "service_group_services",
    "user_groups",
    "user_group_members",
    "user_group_roles",
    "user_group_service_groups",
    "revisions",
)


class Crowd(msgspec.Struct, frozen=True):
    """The customer of many people."""

    customer_id: str
    sequence: int
    """Of its newest event."""
    people: int
    owner: str
    """The key of its owner; likewise below."""
    member: str
    """Of who is in all the groups."""
    service_id: str
    """In one of the service groups."""
    role_id: str
    """A role that a tenth of the people hold."""
    permission_id: str
    """One of those that it permits."""


class Shop(msgspec.Struct, frozen=True):
    """A customer of some number of services."""

    services: int
    owner: str
    limited: str
    """The key of a user who may use only some of them."""
    service_id: str
    """One of these."""


class World(msgspec.Struct, frozen=True):
    """What can be asked of the database."""

    crowd: Crowd
    many: Shop
    few: Shop


async def fill(url: str, keyring: Keyring, people: int, services_: int) -> World:
    """Migrate an empty database and fill it."""
    filling = _Filling(keyring)
    world = World(filling.crowd(people), filling.shop(services_), filling.shop(FEW))
    await store(url, keyring, iter([filling.tables]))
    return world


class _Filling:
    """The rows, as they come together."""

    def __init__(self, keyring: Keyring) -> None:
        self.tables: Tables = {name: [] for name in _PARENTS_FIRST}
        self._keyring = keyring
        self._now = system_clock()
        self._customer_id = ""
        self._people = 0

    def crowd(self, people: int) -> Crowd:
        """Many people, in groups and beside them."""
        owner = self._customer("Crowd")
        service_ids = self._services(GROUPS * SERVICES_OF_A_GROUP)
        role_id = self._role("Auditor", ["invoice.read", "service.read", "service.stats"])
        member_id = self._user(limit_services=True)
        ids = [self._person(number, role_id) for number in range(people - 2)]
        for one in ids:
            self._token(one)
        for number, one in enumerate(ids[1::10]):
            self._authorize(one, service_ids[number % len(service_ids) :][:3])
        purger_id = self._role("Purger", ["service.purge_all", "service.read"])
        for number in range(GROUPS):
            inside = service_ids[number * SERVICES_OF_A_GROUP :][:SERVICES_OF_A_GROUP]
            members = [member_id, *ids[number : people // 2 : GROUPS]]
            self._group(number, inside, members, [ROLE_IDS["engineer"], purger_id])
        return Crowd(
            self._customer_id,
            _EVENTS,
            people,
            owner,
            self._token(member_id),
            service_ids[0],
            role_id,
            PERMISSION_IDS["invoice.read"],
        )

    def _person(self, number: int, role_id: str) -> str:
        """Of ten, one holds a role of the customer's own, one is limited to services."""
        roles = f'["{role_id}"]' if number % 10 == 0 else "[]"
        return self._user(roles=roles, limit_services=number % 10 == 1)

    def shop(self, services_: int) -> Shop:
        """Some number of services, of which one user may use twenty."""
        owner = self._customer(f"Shop of {services_:,}")
        service_ids = self._services(services_)
        user_id = self._user(role="engineer", limit_services=True)
        mine = service_ids[:: len(service_ids) // AUTHORIZED][:AUTHORIZED]
        self._authorize(user_id, mine)
        return Shop(services_, owner, self._token(user_id), mine[0])

    def _add(self, table: str, row: msgspec.Struct, **more: Any) -> None:
        self.tables[table].append(msgspec.structs.asdict(row) | more)

    def _revise(self, revision: Revision, *, is_changed: bool = False) -> None:
        """A row as it stands, since the second event if it was changed then."""
        row = {
            "customer_id": self._customer_id,
            "kind": revision.kind,
            "row_id": revision.row_id,
            "from_sequence": 1,
            "to_sequence": None,
            "body": canonical(revision.body or {}).decode(),
        }
        if is_changed:
            self.tables["revisions"].append({**row, "to_sequence": _EVENTS})
            row["from_sequence"] = _EVENTS
        self.tables["revisions"].append(row)

    def _pair(self, table: str, *pairs: tuple[str, str], **more: str) -> None:
        row = dict(pairs) | more
        (_, group), (_, member) = pairs
        stamped = {"customer_id": self._customer_id, **row, "added_at": self._now}
        self.tables[table].append(stamped)
        self._revise(Revision(table.removesuffix("s"), f"{group}/{member}", row), is_changed=True)

    def _customer(self, name: str) -> str:
        """A customer with a short log; the key of its owner."""
        self._customer_id, owner_id = new_id(), new_id()
        row = customers.CustomerRow(
            self._customer_id, name, owner_id, hourly_writes=1_000_000_000, created_at=self._now
        )
        self._add("customers", row)
        self._revise(customers.revision(row))
        for sequence in range(1, _EVENTS + 1):
            self.tables["events"].append(self._event(sequence))
        end = {"sequence": _EVENTS, "hash": bytes(32)}
        self.tables["chains"].append({"customer_id": self._customer_id, **end})
        return self._token(self._user(owner_id, role="superuser"))

    def _event(self, sequence: int) -> Row:
        return {
            "customer_id": self._customer_id,
            "sequence": sequence,
            "id": new_id(),
            "action": "customer.update",
            "created_at": self._now,
            "body": "{}",
            "hash": bytes(32),
        }

    def _user(self, user_id: str = "", **own: Any) -> str:
        self._people += 1
        login = f"user{self._people:06d}@example.com"
        row = users.UserRow(
            self._customer_id,
            user_id or new_id(),
            f"User {self._people}",
            login,
            login,
            created_at=self._now,
            **own,
        )
        self.tables["users"].append(stored(row))
        self._revise(users.revision(row), is_changed=True)
        return row.id

    def _token(self, user_id: str) -> str:
        secret = new_token()
        row = TokenRow(
            customer_id=self._customer_id,
            id=new_id(),
            kind="user",
            user_id=user_id,
            name="load",
            created_at=self._now,
        )
        self._add("tokens", row, digest=self._keyring.digest(secret))
        self._revise(keys.revision(row))
        return secret

    def _services(self, count: int) -> list[str]:
        ids = sorted(new_id() for _ in range(count))
        for number, one in enumerate(ids):
            stamps = self._now + number, self._now + number
            row = services.ServiceRow(
                self._customer_id, one, f"service-{number:06d}", "vcl", "", *stamps
            )
            self._add("services", row)
            self._revise(services.revision(row))
            version = VersionRow(
                self._customer_id,
                one,
                1,
                active=True,
                locked=True,
                comment="",
                created_at=0,
                updated_at=0,
            )
            self._add("service_versions", version)
        return ids

    def _authorize(self, user_id: str, service_ids: Iterable[str]) -> None:
        for one in service_ids:
            row = authorizations.AuthorizationRow(
                self._customer_id, new_id(), user_id, one, "full", self._now, self._now
            )
            self._add("service_authorizations", row)
            self._revise(authorizations.revision(row))

    def _named(self, table: str, name: str, body: Row, **more: str) -> str:
        row_id = new_id()
        row = {"customer_id": self._customer_id, "id": row_id, "name": name, "name_key": name}
        stamps = {"created_at": self._now, "updated_at": self._now}
        self.tables[table].append({**row, **more, **stamps})
        self._revise(Revision(table.removesuffix("s"), row_id, {"name": name, **body}))
        return row_id

    def _role(self, name: str, permissions: list[str]) -> str:
        stored = msgspec.json.encode(permissions).decode()
        return self._named("roles", name, {"permissions": permissions}, permissions=stored)

    def _group(
        self, number: int, service_ids: list[str], members: list[str], roles: list[str]
    ) -> None:
        """A user group with a service group."""
        inside = self._named("service_groups", f"Services {number}", {})
        for one in service_ids:
            self._pair("service_group_services", ("service_group_id", inside), ("service_id", one))
        group = ("user_group_id", self._named("user_groups", f"People {number}", {}))
        for one in members:
            self._pair("user_group_members", group, ("member_id", one), kind="user")
        for one in roles:
            self._pair("user_group_roles", group, ("role_id", one))
        self._pair("user_group_service_groups", group, ("service_group_id", inside))
