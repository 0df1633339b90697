"""A connection to an SQLite file as the server uses them, and how values go in and come out."""

import apsw
import msgspec

from tenantry.core.statements import Compiled, Row

BUSY_MILLISECONDS = 15_000
_BOOLEANS = {0: False, 1: True, None: None}


def connect(path: str, *, flags: int = apsw.SQLITE_OPEN_READWRITE) -> apsw.Connection:
    """A connection whose commits are durable when they return. Raises apsw.CantOpenError."""
    connection = apsw.Connection(path, flags=flags, statementcachesize=500)
    connection.set_busy_timeout(BUSY_MILLISECONDS)
    # Plans must not depend on the values that are bound: this library is built so (STAT4) that
    # a statement would be compiled anew for each, which costs more than running it.
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    # What is erased must not stay behind in parts of the file that nothing uses any more.
    pragmas = "synchronous=FULL", "temp_store=MEMORY", "foreign_keys=ON", "secure_delete=ON"
    for pragma in pragmas:
        connection.execute(f"PRAGMA {pragma}")
    return connection


def connect_read_only(path: str) -> apsw.Connection:
    """A connection that cannot write (WAL needs the file opened for writing all the same).

    For one thread at a time, which nothing checks: it takes no lock for each value that is read,
    which was a fifth of the time that a list of users took to be read.
    """
    connection = connect(path, flags=apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_NOMUTEX)
    connection.execute("PRAGMA query_only=ON")
    return connection


def with_booleans(row: Row, flags: tuple[int, ...]) -> Row:
    """A row with the numbers in these places turned into booleans."""
    changed = list(row)
    for at in flags:
        changed[at] = _BOOLEANS[changed[at]]
    return tuple(changed)


def bound(compiled: Compiled, arguments: Row) -> Row:
    """Lists go in as JSON, for `json_each`."""
    if not compiled.lists:
        return arguments
    return tuple(
        msgspec.json.encode(value).decode() if isinstance(value, list) else value
        for value in arguments
    )
