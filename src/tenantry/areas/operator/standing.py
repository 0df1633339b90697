"""What stands in the database of what a scenario is about: read before anything is written."""

from collections import defaultdict

import msgspec
from sqlalchemy import bindparam, select

from tenantry.areas.customers.contacts import ContactRow
from tenantry.areas.customers.model import CustomerRow
from tenantry.areas.operator.shelves import Shelf, Stand, Standing, of_customer
from tenantry.areas.operator.standing_access import of_access, roles_that_stand
from tenantry.areas.operator.standing_billing import of_billing
from tenantry.areas.services.model import ServiceRow
from tenantry.areas.services.versions import VersionRow
from tenantry.areas.users import model as users
from tenantry.core import schema
from tenantry.core.clock import shown_or_none
from tenantry.core.database import Database
from tenantry.core.statements import Statement, point

_C, _U, _T, _O = schema.customers.c, schema.users.c, schema.tokens.c, schema.operator_keys.c


CustomerName = tuple[str, str, int | None]
"""A customer's id, its name, and when it was closed."""


class _Token(msgspec.Struct, array_like=True, frozen=True):
    id: str
    digest: bytes
    kind: str
    user_id: str | None
    name: str
    scope: str
    services: str
    role: str | None
    roles: str
    tls_access: bool
    expires_at: int | None


_CUSTOMERS: Statement[CustomerName] = Statement(
    select(_C.id, _C.name, _C.deleted_at), lambda *columns: columns
)
_CUSTOMER = Statement(
    select(*(schema.customers.c[name] for name in CustomerRow.__struct_fields__)).where(
        _C.id == bindparam("customer_id")
    ),
    CustomerRow,
)
_USERS = of_customer(schema.users, tuple(users.STORED), users.UserRow)
_SERVICES = of_customer(schema.services, ServiceRow.__struct_fields__, ServiceRow)
_VERSIONS = of_customer(schema.service_versions, VersionRow.__struct_fields__, VersionRow)
_TOKENS = of_customer(schema.tokens, _Token.__struct_fields__, _Token)
_CONTACTS = of_customer(schema.contacts, ContactRow.__struct_fields__, ContactRow)
_STARS = of_customer(schema.stars, ("id", "user_id", "service_id"))
_LIVING = select(_U.customer_id, _U.login_key).where(_U.deleted_at.is_(None)).subquery()
_LOGIN = point([_LIVING.c.customer_id], _LIVING, login_key=_LIVING.c.login_key)
_SECRET = point([_T.customer_id], schema.tokens, digest=_T.digest)
_OPERATOR_KEY = point([_O.name], schema.operator_keys, digest=_O.digest)


async def customers(database: Database) -> list[CustomerName]:
    """Every customer there ever was."""
    return await database.all(_CUSTOMERS)


async def customer_row(database: Database, customer_id: str) -> CustomerRow:
    """The customer itself, which stands."""
    (row,) = await database.all(_CUSTOMER, customer_id=customer_id)
    return row


async def login_holder(database: Database, login_key: str) -> str | None:
    """The customer in which a living user has a login."""
    row = await database.one(_LOGIN, login_key=login_key)
    return None if row is None else str(row[0])


async def is_token(database: Database, digest: bytes) -> bool:
    """Whether a token of any customer has this secret."""
    return await database.one(_SECRET, digest=digest) is not None


async def is_operator_key(database: Database, digest: bytes) -> bool:
    """Whether an operator key has this secret."""
    return await database.one(_OPERATOR_KEY, digest=digest) is not None


async def inside(database: Database, row: CustomerRow) -> Standing:
    """Everything that stands in a customer."""
    rows = {
        name: await database.all(statement, customer_id=row.id)
        for name, statement in (
            ("users", _USERS),
            ("services", _SERVICES),
            ("versions", _VERSIONS),
            ("tokens", _TOKENS),
            ("contacts", _CONTACTS),
            ("stars", _STARS),
        )
    }
    versions = defaultdict(list)
    for version in sorted(rows["versions"], key=lambda one: one.number):
        versions[version.service_id].append(version)
    # One shelf for both kinds of token: they share their ids.
    tokens = Shelf([_token(one) for one in rows["tokens"]])
    return {
        "user": Shelf([_user(one, row.owner_id) for one in rows["users"]]),
        "service": Shelf([_service(one, versions[one.id]) for one in rows["services"]]),
        "token": tokens,
        "automation token": tokens,
        "contact": Shelf([_contact(one) for one in rows["contacts"]]),
        "star": Shelf([Stand(one, ((user, on),), {}) for one, user, on in rows["stars"]]),
        **await of_access(database, row.id),
        **await of_billing(database, row.id),
    }


def _user(row: users.UserRow, owner_id: str | None) -> Stand:
    facts = {name: getattr(row, name) for name in ("name", "limit_services")}
    facts |= {
        "locked": bool(row.locked),
        "require_new_password": bool(row.require_new_password),
        "login": row.login_key,
        "owner": row.id == owner_id,
        **roles_that_stand(row.role, row.roles),
    }
    return Stand(row.id, (row.login_key,), facts, row.deleted_at is not None)


def _service(row: ServiceRow, versions: list[VersionRow]) -> Stand:
    facts = {name: getattr(row, name) for name in ("name", "type", "comment")}
    facts |= {
        "active_version": next((one.number for one in versions if one.active), None),
        "versions": [{"comment": one.comment, "locked": one.locked} for one in versions],
    }
    return Stand(row.id, (row.name,), facts, row.deleted_at is not None)


def _token(row: _Token) -> Stand:
    facts = {name: getattr(row, name) for name in ("kind", "name", "scope", "tls_access")}
    facts |= {
        "access_token": row.digest,
        "expires_at": shown_or_none(row.expires_at),
        # A user's key has the roles of its user.
        **({} if row.role is None else roles_that_stand(row.role, row.roles)),
        "services": msgspec.json.decode(row.services),
        "user": row.user_id,
    }
    maker = None if row.kind == "automation" else row.user_id
    # A session is nothing that a scenario names.
    named = () if row.kind == "session" else ((maker, row.name),)
    return Stand(row.id, (row.digest, *named), facts)


def _contact(row: ContactRow) -> Stand:
    key = (row.contact_type, row.user_id or (row.email or "").casefold())
    return Stand(row.id, (key,), {"name": row.name, "phone": row.phone})
