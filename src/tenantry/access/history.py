"""A customer's access as it was at one moment, rebuilt from the revisions of its rows.

`load` reads the rows that stood when an event had just happened. A `State` answers what anybody
held then, in the form that `decide` takes, and touches no database: so the same function that
enforces today explains any other day. `State.changed` is the state that revisions which are not
stored yet would lead to.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Self

import msgspec
from sqlalchemy import bindparam, or_, select

from tenantry.access.table import Body, Table
from tenantry.core import schema
from tenantry.core.clock import Instant, shown
from tenantry.core.context import Grants, Group
from tenantry.core.errors import Problem
from tenantry.core.permissions import ROLE_OF_ID
from tenantry.core.session import Reads
from tenantry.core.statements import Statement, is_one_of

_R, _E = schema.revisions.c, schema.events.c


class Change(msgspec.Struct, frozen=True):
    """A row as it is from some event on; `body` is None when it is gone."""

    kind: str
    row_id: str
    body: Body | None

    @classmethod
    def read(cls, kind: str, row_id: str, body: str | None) -> Self:
        """A stored revision."""
        return cls(kind, row_id, None if body is None else msgspec.json.decode(body))


EVERYBODY = ("token", "user")
"""The kinds of rows that are somebody's own, of which most questions need only a few."""
EVERYTHING = (
    "customer",
    "role",
    "service",
    "service_authorization",
    "service_group",
    "service_group_service",
    "user_group",
    "user_group_member",
    "user_group_role",
    "user_group_service_group",
)
"""All other kinds that access depends on."""

_THEN = (
    _R.customer_id == bindparam("customer_id"),
    is_one_of(_R.kind, "kinds"),
    _R.from_sequence <= bindparam("sequence"),
    or_(_R.to_sequence.is_(None), _R.to_sequence > bindparam("sequence")),
    _R.body.is_not(None),
)
_STOOD = Statement(select(_R.kind, _R.row_id, _R.body).where(*_THEN))
_STOOD_AMONG = Statement(
    select(_R.kind, _R.row_id, _R.body).where(*_THEN, is_one_of(_R.row_id, "ids"))
)


class State:
    """Everything that access in one customer is decided from, at one moment."""

    def __init__(
        self, customer_id: str, sequence: int, at: Instant, tables: Mapping[str, Table]
    ) -> None:
        """Take the tables by kind; `sequence` is that of the last event, `at` the moment."""
        self.customer_id = customer_id
        self.sequence = sequence
        self.at = at
        self._tables = tables
        # People with the same holdings share one Grants, and so the rights worked out from it.
        self._shared: dict[Any, Grants] = {}
        self._groups: dict[str, Group] = {}

    @classmethod
    def of(cls, customer_id: str, sequence: int, at: Instant, rows: Iterable[Change]) -> Self:
        """The state in which exactly these rows stand."""
        tables: dict[str, dict[str, Body]] = {}
        for row in rows:
            if row.body is not None:
                tables.setdefault(row.kind, {})[row.row_id] = row.body
        return cls(customer_id, sequence, at, {kind: Table(one) for kind, one in tables.items()})

    def table(self, kind: str) -> Table:
        """The rows of a kind."""
        return self._tables.get(kind) or Table({})

    def row(self, kind: str, row_id: str) -> Body | None:
        """One row; None where there was none."""
        return self.table(kind).rows.get(row_id)

    def changed(self, changes: Iterable[Change], sequence: int | None = None) -> "State":
        """The state after these changes, in their order; this one stays as it is."""
        tables = dict(self._tables)
        by_kind: dict[str, dict[str, Body | None]] = {}
        for change in changes:
            by_kind.setdefault(change.kind, {})[change.row_id] = change.body
        for kind, rows in by_kind.items():
            tables[kind] = self.table(kind).changed(rows)
        return State(
            self.customer_id, self.sequence if sequence is None else sequence, self.at, tables
        )

    @property
    def is_closed(self) -> bool:
        """Whether the customer was closed, or not yet there."""
        customer = self.row("customer", self.customer_id)
        return customer is None or bool(customer["deleted"])

    def is_automation(self, subject_id: str) -> bool:
        """Whether somebody is a program: an automation token."""
        token = self.row("token", subject_id)
        return token is not None and token["kind"] == "automation"

    def is_expired(self, token: Body) -> bool:
        """Whether a token had expired by then."""
        return token["expires_at"] is not None and self.at >= token["expires_at"]

    def grants_of_user(self, user_id: str) -> Grants:
        """What a user held, whatever key he came with; nothing if he was locked or not there."""
        user = self.row("user", user_id)
        if user is None or user["locked"] or self.is_closed:
            return Grants()
        authorizations = {}
        if user["limit_services"]:
            services = self.table("service").rows
            found = self.table("service_authorization").where("user_id", user_id).values()
            authorizations = {
                one["service_id"]: one["permission"]
                for one in found
                if one["service_id"] in services
            }
        return self._share(
            _roles_of(user),
            self.groups_of(user_id),
            limit_services=user["limit_services"],
            authorizations=authorizations,
        )

    def grants_of_token(self, token_id: str) -> Grants:
        """What a token let its bearer do; nothing if it had expired or was not there."""
        token = self.row("token", token_id)
        if token is None or self.is_expired(token) or self.is_closed:
            return Grants()
        if token["kind"] == "automation":
            held = self._share(_roles_of(token), ())
        else:
            held = self.grants_of_user(token["user_id"])
        return msgspec.structs.replace(
            held,
            scopes=frozenset(token["scope"].split()),
            token_limited=token["limited"],
            token_services=frozenset(token["services"]),
        )

    def groups_of(self, user_id: str) -> tuple[Group, ...]:
        """The user groups that a user was in, in the order of their ids."""
        members = self.table("user_group_member").where("member_id", user_id).values()
        known = self.table("user_group").rows
        ids = sorted(one["user_group_id"] for one in members if one["user_group_id"] in known)
        return tuple(self.group(one) for one in ids)

    def group(self, group_id: str) -> Group:
        """A user group as it counted for its members."""
        group = self._groups.get(group_id)
        if group is None:
            roles = self._others("user_group_role", "user_group_id", group_id, "role_id")
            linked = self._others(
                "user_group_service_group", "user_group_id", group_id, "service_group_id"
            )
            known = self.table("service_group").rows
            group = self._groups[group_id] = Group(
                group_id,
                _names(one for one in roles if one in ROLE_OF_ID or self.row("role", one)),
                {one: self.services_in(one) for one in sorted(linked) if one in known},
            )
        return group

    def services_in(self, service_group_id: str) -> frozenset[str]:
        """The services in a service group that were there."""
        found = self._others(
            "service_group_service", "service_group_id", service_group_id, "service_id"
        )
        return frozenset(found & self.table("service").rows.keys())

    def custom_of(self, roles: Iterable[str]) -> dict[str, frozenset[str]]:
        """What the customer's own among some roles permitted."""
        own = self.table("role").rows
        return {one: frozenset(own[one]["permissions"]) for one in roles if one in own}

    def _others(self, kind: str, column: str, value: str, other: str) -> set[str]:
        """What a thing is paired with."""
        return {one[other] for one in self.table(kind).where(column, value).values()}

    def _share(
        self,
        roles: frozenset[str],
        groups: tuple[Group, ...],
        *,
        limit_services: bool = False,
        authorizations: dict[str, str] | None = None,
    ) -> Grants:
        authorizations = authorizations or {}
        key = (
            roles,
            tuple(group.id for group in groups),
            limit_services,
            frozenset(authorizations.items()),
        )
        held = self._shared.get(key)
        if held is None:
            counted = roles.union(*(group.roles for group in groups))
            held = self._shared[key] = Grants(
                roles=roles,
                custom=self.custom_of(counted),
                groups=groups,
                limit_services=limit_services,
                authorizations=authorizations,
            )
        return held


def _roles_of(body: Body) -> frozenset[str]:
    """The roles of a user's or a token's row: a list wins over the single one."""
    return _names(body["roles"]) or frozenset({body["role"] or "user"})


def _names(ids: Iterable[str]) -> frozenset[str]:
    """Roles by their ids: built-in ones by name, the customer's own as they are."""
    return frozenset(ROLE_OF_ID.get(one, one) for one in ids)


OLDEST = Statement(
    select(_E.sequence, _E.created_at)
    .where(_E.customer_id == bindparam("customer_id"))
    .order_by(_E.sequence)
    .limit(1)
)


def forgotten(oldest: int, at: Instant) -> Problem:
    """410: what was before the oldest event that is kept was archived (docs/retention.md)."""
    detail = f"The oldest moment that can be told is event {oldest}, at {shown(at)}"
    return Problem(410, "Gone", detail)


_MANY = 1000
"""Rows that are made into a state on the event loop; more go to a thread."""


async def load(
    rows: Reads,
    customer_id: str,
    sequence: int,
    at: Instant,
    about: Iterable[str] | None = None,
) -> State:
    """The state just after a customer's event of that number, seen at an instant not before it.

    `about` names the users and tokens that are asked about, by id: others are left out, however
    many have come and gone.
    """
    oldest = await rows.one(OLDEST, customer_id=customer_id)
    if oldest is not None and sequence < oldest[0] - 1:
        raise forgotten(oldest[0], oldest[1])
    then = {"customer_id": customer_id, "sequence": sequence}
    kinds = [*EVERYTHING] if about is not None else [*EVERYTHING, *EVERYBODY]
    stood = await rows.all(_STOOD, kinds=kinds, **then)
    if about is not None:
        stood += await rows.all(_STOOD_AMONG, kinds=[*EVERYBODY], ids=sorted(about), **then)

    def made() -> State:
        return State.of(customer_id, sequence, at, (Change.read(*row) for row in stood))

    return made() if len(stood) < _MANY else await asyncio.to_thread(made)
