"""Text as bytes is UTF-8, on both databases, whatever a URL says."""

from sqlalchemy import bindparam, func, select
from sqlalchemy.types import Text

from tenantry.core.clock import system_clock
from tenantry.core.database import open_database
from tenantry.core.statements import Statement
from tenantry.core.text_bytes import as_bytes

_SAID = bindparam("said", type_=Text())
_READ = Statement(select(as_bytes(func.coalesce(_SAID, "")), func.coalesce(_SAID, "")))


async def test_text_is_read_as_the_bytes_it_was_written_as(database_url: str, dialect: str) -> None:
    asked = "?client_encoding=LATIN1" if dialect == "postgresql" else ""
    database = open_database(database_url + asked, system_clock)
    await database.start()
    try:
        assert await database.all(_READ, said="Zoë ✓") == [("Zoë ✓".encode(), "Zoë ✓")]
    finally:
        await database.stop()
