"""Text as the bytes that it is stored as: what is hashed is not made into text on the way.

On PostgreSQL these are in the encoding of the connection, which is UTF-8 whatever a URL says.
"""

from typing import Any

from sqlalchemy import ColumnElement, LargeBinary
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler


class _Bytes(ColumnElement[bytes]):
    inherit_cache = False

    def __init__(self, column: ColumnElement[Any]) -> None:
        self.column = column
        self.type = LargeBinary()


def as_bytes(column: ColumnElement[Any]) -> ColumnElement[bytes]:
    """A column of text, in UTF-8."""
    return _Bytes(column)


@compiles(_Bytes, "sqlite")
def _as_blob(element: _Bytes, compiler: SQLCompiler, **options: Any) -> str:
    return f"CAST({compiler.process(element.column, **options)} AS BLOB)"


@compiles(_Bytes, "postgresql")
def _as_bytea(element: _Bytes, compiler: SQLCompiler, **options: Any) -> str:
    # What is sent of a text; convert_to() would look through it and copy it once more.
    return f"textsend({compiler.process(element.column, **options)})"
