"""Beginning: the installation's own row, its operator keys, and customers with their owners."""

import secrets

import msgspec
from sqlalchemy import bindparam, insert, select

from tenantry.areas.customers import model as customers
from tenantry.areas.tokens import model as tokens
from tenantry.areas.users import model as users
from tenantry.areas.users.passwords import set_password
from tenantry.core import schema
from tenantry.core.context import system_call
from tenantry.core.database import Database
from tenantry.core.ids import new_id
from tenantry.core.secrets import Keyring, hash_password, new_token
from tenantry.core.statements import Statement
from tenantry.core.unit import Unit

_I = schema.installation.c
_READ = Statement(select(_I.secret_fingerprint).where(_I.id == 1))
_BEGIN = Statement(
    lambda insert_: (
        insert_(schema.installation)
        .values(id=1, secret_fingerprint=bindparam("fingerprint"), created_at=bindparam("now"))
        .on_conflict_do_nothing(index_elements=["id"])
    )
)
_ADD_OPERATOR = Statement(insert(schema.operator_keys))
_ANY_CUSTOMER = Statement(select(schema.customers.c.id).limit(1))


class WrongKey(RuntimeError):
    """The database was begun with another secret key; its text says what to do."""


class Founded(msgspec.Struct, kw_only=True):
    """A new customer, and what its owner signs in with; told once."""

    customer_id: str
    user_id: str
    login: str
    password: str
    token: str
    operator_key: str | None = None


async def has_begun(database: Database) -> bool:
    """Whether a key was made for the installation, without which nothing of it can be opened."""
    return await database.one(_READ) is not None


async def begin(database: Database, keyring: Keyring) -> None:
    """Make the installation's row, or check that the key is the one it was made with.

    Raises WrongKey.
    """
    fingerprint = keyring.fingerprint()
    known = await database.one(_READ)
    if known is None:

        async def work(unit: Unit) -> None:
            await unit.run(_BEGIN, fingerprint=fingerprint, now=unit.now)

        await database.write(work)
        known = await database.one(_READ)
    if known != (fingerprint,):
        message = (
            "this database was begun with another secret key: name its file with "
            "TENANTRY_SECRET_FILE, or the key itself with TENANTRY_SECRET_KEY"
        )
        raise WrongKey(message)


async def is_empty(database: Database) -> bool:
    """Whether no customer was ever founded."""
    return await database.one(_ANY_CUSTOMER) is None


def new_password() -> str:
    """A random password that meets the rules, easy to copy and to read aloud."""
    return "-".join(secrets.token_hex(3) for _ in range(3)) + "-aA1"


async def found_customer(
    database: Database, keyring: Keyring, *, name: str, login: str, password: str
) -> Founded:
    """Create a customer with an owner and an API token of his. Raises Problem 400, 409."""
    hashed = await hash_password(password)
    customer_id, user_id = new_id(), new_id()

    async def work(unit: Unit) -> Founded:
        call = system_call(unit, keyring, customer_id)
        await customers.found(call, customers.CustomerRow(customer_id, name, user_id))
        new = users.NewUser(login=login, name=login.partition("@")[0], role="superuser")
        owner = await users.add(call, new, user_id=user_id)
        await set_password(call, owner, hashed)
        token = tokens.new_row(call, "user", user_id=user_id, name="first token")
        secret = await tokens.issue(call, token)
        return Founded(
            customer_id=customer_id, user_id=user_id, login=login, password=password, token=secret
        )

    return await database.write(work, customer_id=customer_id)


async def create_operator_key(
    database: Database, keyring: Keyring, name: str = "operator", key: str | None = None
) -> str:
    """A key for the installation's operator; told once."""
    key = key or new_token()

    async def work(unit: Unit) -> None:
        await unit.run(
            _ADD_OPERATOR, id=new_id(), name=name, digest=keyring.digest(key), created_at=unit.now
        )

    await database.write(work)
    return key
