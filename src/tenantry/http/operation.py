"""The operation table: each endpoint is a function under one line that says what it is.

    @operation("GET /user/{user_id}", allow=own_or("user.read", "user_id"), wire=LEGACY)
    async def get_user(call: Reading, user_id: str) -> User: ...

`allow` has no default: an operation that names no permission does not import. What a function
gets is what its parameters name: parts of the path by their names, and `body`, `query`,
`credentials`, `visit` (a page's browser) and `evidence` (what `prepare` found before the unit of
work began).
"""

import base64
import inspect
import typing
from collections.abc import Awaitable, Callable
from typing import Any, Literal

import msgspec

from tenantry.core.context import Reading
from tenantry.core.database import Database
from tenantry.core.errors import Problem
from tenantry.http.body import Body, Shape
from tenantry.http.message import Query, Request, Response
from tenantry.http.visit import Visit
from tenantry.http.wire import Wire

Who = Literal["public", "any key", "customer", "person", "operator"]


class Allow(msgspec.Struct, frozen=True, kw_only=True):
    """Who may call an operation."""

    who: Who
    permission: str | None = None
    own: str | None = None
    """The part of the path that, when it names the caller, makes the permission unnecessary."""
    own_form: bool = False
    """Who holds the permission for his own objects comes in; the function narrows it to them."""
    widened: str | None = None
    """The permission with which the function reaches everybody's objects, not one's own alone."""
    service: bool = False
    """The permission is one on a service: the function asks `call.reach` for it."""
    sudo: bool = False
    owner: bool = False
    anywhere: bool = False
    """The customer's list of allowed addresses does not hold (contract: access §10.3)."""
    of_closed: bool = False
    """Operators read it of a closed customer as well, whose log is kept (contract: access §12)."""


PUBLIC = Allow(who="public")
"""No key needed; one that is sent and opens something is used."""
ANY_KEY = Allow(who="any key")
"""Any key, whatever its scope: a token may always look at and revoke itself."""
CUSTOMER = Allow(who="customer")
"""Everybody of the customer: the function narrows it to what is his own."""
ANYWHERE = Allow(who="customer", anywhere=True)
"""Everybody of the customer, also from addresses that it does not allow: statistics."""
PERSON = Allow(who="person")
"""Users, not automation tokens: about oneself."""
OWNER = Allow(who="person", owner=True)
"""The account's owner alone."""
OPERATOR = Allow(who="operator")
"""Operator keys."""


def permission(name: str, *, sudo: bool = False, person: bool = False) -> Allow:
    """Who holds an account permission."""
    return Allow(who="person" if person else "customer", permission=name, sudo=sudo)


def own_or(name: str, own: str) -> Allow:
    """Oneself, or who holds the permission."""
    return Allow(who="customer", permission=name, own=own)


def permission_or_own(name: str) -> Allow:
    """Who holds an account permission, or the form of it for one's own objects."""
    return Allow(who="customer", permission=name, own_form=True)


def on_service(name: str) -> Allow:
    """Who holds a permission on the service that the path names."""
    return Allow(who="customer", permission=name, service=True)


class Refused(msgspec.Struct, frozen=True):
    """An answer that refuses and yet commits what was done: a failed sign-in is remembered."""

    problem: Problem


class Answer(msgspec.Struct, frozen=True):
    """An answer with more than a body."""

    body: Any = None
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()


class Then(Answer, frozen=True, kw_only=True):
    """An answer that is yet to be worked for, when the call's own unit is committed.

    In units of its own, because it is too much for one. A dry run leaves it undone.
    """

    work: Callable[[Database], Awaitable[Answer | Response]]


class Status(msgspec.Struct, frozen=True):
    """The legacy family's acknowledgement."""

    status: Literal["ok"] = "ok"


OK = Status()


class Credentials(msgspec.Struct, frozen=True):
    """What proves a person besides a key (contract: protocol §2)."""

    username: str | None
    password: str | None
    otp: str | None
    has_key: bool
    bearer: str | None = None
    """What came as a bearer token, be it a key or none of ours."""


def read_credentials(request: Request) -> Credentials:
    """HTTP Basic (RFC 7617; empty means absent), a bearer token (RFC 6750) and `Fastly-OTP`."""
    username = password = bearer = None
    scheme, _, encoded = (request.headers.get("authorization") or "").partition(" ")
    if scheme.lower() == "basic":
        try:
            username, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except ValueError:
            username = password = None
    elif scheme.lower() == "bearer":
        bearer = encoded.strip()
    return Credentials(
        username=username or None,
        password=password or None,
        otp=request.headers.get("fastly-otp"),
        has_key=bool(request.headers.get("fastly-key")) or bearer is not None,
        bearer=bearer or None,
    )


class QueryParameter(msgspec.Struct, frozen=True):
    """One documented parameter of a query string."""

    name: str
    type: Literal["integer", "string", "boolean"] = "string"
    description: str = ""


PAGED = (
    QueryParameter("page", "integer", "Which page, from 1"),
    QueryParameter("per_page", "integer", "Records on a page"),
)
JSON_API_PAGED = (
    QueryParameter("page[number]", "integer", "Which page, from 1"),
    QueryParameter("page[size]", "integer", "Records on a page"),
)
CURSORED = (
    QueryParameter("limit", "integer", "Records in one answer"),
    QueryParameter("cursor", "string", "Where the answer before ended"),
)

Handler = Callable[..., Awaitable[Any]]
_SPECIAL = frozenset({"body", "credentials", "evidence", "query", "visit"})


class Operation:
    """A row of the table."""

    def __init__(self, route: str, allow: Allow, wire: Wire, function: Handler) -> None:
        """Read the function's signature. Raises TypeError if it asks for what there is not."""
        self.method, self.path = route.split(" ")
        self.allow = allow
        self.wire = wire
        self.function = function
        self.name = function.__name__
        self.prepare: Handler | None = None
        self.status = 200
        self.query: tuple[QueryParameter, ...] = ()
        self.writes = self.method not in {"GET", "HEAD"}
        self.compatibility: str | None = None
        hints = typing.get_type_hints(function)
        self.returns = hints.get("return")
        self.answers: Any = None
        self.takes = hints.get("body")
        self.shape: Shape[Any] | None = None
        self._read_shape()
        self._specials = self._check_signature()

    def prepare_with(self, prepare: Handler) -> None:
        """Have it prepared by that, which may be the only one to ask for the body."""
        self.prepare = prepare
        if self.takes is None:
            self.takes = typing.get_type_hints(prepare).get("body")
            self._read_shape()

    def _read_shape(self) -> None:
        if self.takes is not None:
            self.shape = Shape(typing.get_args(self.takes)[0])

    @property
    def is_form(self) -> bool:
        """Whether it takes a page's form; where the path holds a code, that proves who comes."""
        takes_form = self.writes and self.method != "GET" and self.wire.name == "page"
        return takes_form and "{code}" not in self.path

    def _check_signature(self) -> frozenset[str]:
        asked = list(inspect.signature(self.function).parameters)[1:]
        parts = {part[1:-1] for part in self.path.split("/") if part.startswith("{")}
        unknown = set(asked) - parts - _SPECIAL
        if unknown:
            message = f"{self.name}() asks for {sorted(unknown)}, which {self.path} does not have"
            raise TypeError(message)
        self.unasked = parts - set(asked)
        return frozenset(asked) & _SPECIAL

    def arguments(self, request: Request, path: dict[str, str], evidence: Any) -> dict[str, Any]:
        """What the function is called with, besides the call."""
        if self.unasked:
            path = {name: value for name, value in path.items() if name not in self.unasked}
        if self._specials:
            path = dict(path)
            if "body" in self._specials:
                path["body"] = self.body(request)  # type: ignore[assignment] # arguments are of many types
            if "query" in self._specials:
                path["query"] = Query(request)  # type: ignore[assignment] # likewise
            if "visit" in self._specials:
                path["visit"] = Visit(request)  # type: ignore[assignment] # likewise
            if "credentials" in self._specials:
                path["credentials"] = read_credentials(request)  # type: ignore[assignment] # likewise
            if "evidence" in self._specials:
                path["evidence"] = evidence
        return path

    async def evidence(self, request: Request, call: Reading, path: dict[str, str]) -> Any:
        """What `prepare` finds before the unit of work."""
        if self.prepare is None:
            return None
        named = inspect.signature(self.prepare).parameters
        parts: dict[str, Any] = {name: value for name, value in path.items() if name in named}
        if "visit" in named:
            parts["visit"] = Visit(request)
        return await self.prepare(call, self.body(request), read_credentials(request), **parts)

    def body(self, request: Request) -> Body[Any] | None:
        """The body, not yet decoded."""
        if self.shape is None:
            return None
        return Body(request, self.shape, takes_forms=self.wire.takes_forms)


TABLE: list[Operation] = []
"""Every operation, in the order of import."""


def operation(  # noqa: PLR0913 - a row has that many columns
    route: str,
    *,
    allow: Allow,
    wire: Wire,
    status: int = 200,
    prepare: Handler | None = None,
    query: tuple[QueryParameter, ...] = (),
    compatibility: str | None = None,
    answers: Any = None,
    writes: bool = False,
) -> Callable[[Handler], Handler]:
    """Declare an operation.

    `status` is that of success (a function that returns None answers it without a body).
    `prepare` runs before the unit of work: what takes long (a password's hash) belongs there. It
    gets the call, the body, the credentials and the parts of the path that it names, and may set
    the call's `customer_id`. `compatibility` names the shim for clients that need one.
    `answers` is the type of a success that is told through an Answer, for the documentation.
    `writes` is for a GET that changes something, because others send a browser there with a code
    that is worth something once; all else that changes something says so by its method.
    """

    def declare(function: Handler) -> Handler:
        row = Operation(route, allow, wire, function)
        row.status = status
        if prepare is not None:
            row.prepare_with(prepare)
        row.query = query
        row.compatibility = compatibility
        row.answers = answers
        row.writes = row.writes or writes
        TABLE.append(row)
        return function

    return declare
