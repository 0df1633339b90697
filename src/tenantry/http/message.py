"""Request and response: the little that the pipeline needs of either, whoever serves."""

import re
from collections.abc import Iterator, Mapping
from typing import Protocol
from urllib.parse import quote, unquote_to_bytes

from tenantry.core.errors import bad_request

Header = tuple[str, str]
_HOST = re.compile(r"[A-Za-z0-9.:\-\[\]_]+")
MAX_PARAMETERS = 200
"""Of a query string."""


class Headers(Protocol):
    """Looked up by lower-case name."""

    def get(self, name: str, /) -> str | None:
        """The header's value."""


class Request:
    """What was asked. The path is percent-decoded; a body over the limit was not read."""

    __slots__ = (
        "body",
        "client",
        "headers",
        "host",
        "is_too_large",
        "method",
        "path",
        "query_string",
        "scheme",
        "via",
    )

    def __init__(  # noqa: PLR0913 - as many as a request has parts
        self,
        method: str,
        path: str,
        query_string: str,
        headers: Headers,
        *,
        client: str,
        scheme: str,
        body: bytes = b"",
        is_too_large: bool = False,
    ) -> None:
        """Take the parts as a server hands them over."""
        self.method = method
        self.path = path
        self.query_string = query_string
        self.headers = headers
        self.client = client
        self.via = client
        """The client and the trusted proxies behind which it stands, separated by `, `."""
        self.scheme = scheme
        self.host = headers.get("host") or ""
        self.body = body
        self.is_too_large = is_too_large


class Response:
    """What is answered; the pipeline adds the headers that every answer bears."""

    __slots__ = ("body", "content_type", "headers", "status")

    def __init__(
        self,
        status: int,
        body: bytes = b"",
        content_type: str | None = None,
        headers: tuple[Header, ...] = (),
    ) -> None:
        """A response; without a body it has no content type (contract: protocol §5.5)."""
        self.status = status
        self.body = body
        self.content_type = content_type
        self.headers = headers


class Query:
    """The query string: single values by name (the last wins), and where it was asked."""

    __slots__ = ("_text", "_values", "origin", "path")

    def __init__(self, request: Request) -> None:
        """Parse it. Raises Problem 400 if it is not UTF-8 or holds a NUL."""
        # Links repeat the host: it must not be able to break out of them.
        host = request.host if _HOST.fullmatch(request.host) else "localhost"
        self.origin = f"{request.scheme}://{host}"
        self.path = request.path
        self._text = request.query_string
        self._values = parse_query(request.query_string) if request.query_string else {}

    def get(self, name: str) -> str | None:
        """The value of a parameter, if it was given."""
        return self._values.get(name)

    def __iter__(self) -> Iterator[str]:
        """The names that were given."""
        return iter(self._values)

    @property
    def repeated(self) -> frozenset[str]:
        """The names that were given more than once."""
        names = [name for name, _ in pairs_of(self._text.encode(), MAX_PARAMETERS)]
        return frozenset(name for name in names if names.count(name) > 1)

    def link(self, changes: Mapping[str, object], *, brackets: bool = False) -> str:
        """This same address with some parameters changed, absolute, sorted by name."""
        values = {**self._values, **{name: str(value) for name, value in changes.items()}}
        safe = "[]" if brackets else ""
        pairs = "&".join(
            f"{quote(name, safe)}={quote(value, safe)}" for name, value in sorted(values.items())
        )
        return f"{self.origin}{quote(self.path)}?{pairs}"


def parse_query(text: str) -> dict[str, str]:
    """Parameters by name; the last of two wins. Raises Problem 400."""
    try:
        values = dict(pairs_of(text.encode(), MAX_PARAMETERS))
    except ValueError as problem:
        detail = "The query string is not valid UTF-8 or has too many fields"
        raise bad_request(detail) from problem
    if "\0" in text or "%00" in text:
        raise bad_request("The query string holds a NUL character")
    return values


def pairs_of(raw: bytes, most: int) -> list[tuple[str, str]]:
    """The names and values of a form or a query string, in order (WHATWG URL §5.1).

    Raises ValueError if there are more than `most`, or one is not UTF-8.
    """
    # Not parse_qsl: it takes twice as long.
    parts = raw.split(b"&")
    if len(parts) > most:
        message = f"{len(parts)} fields are more than {most}"
        raise ValueError(message)
    split = (part.partition(b"=") for part in parts if part)
    return [(_decoded(name), _decoded(value)) for name, _, value in split]


def _decoded(part: bytes) -> str:
    return unquote_to_bytes(part.replace(b"+", b" ")).decode()
