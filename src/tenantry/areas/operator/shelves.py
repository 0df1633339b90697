"""Shelves: the rows that stand in a customer, by kind, and by what they are found by."""

from collections.abc import Hashable, Mapping
from typing import Any, Literal, get_args

import msgspec
from sqlalchemy import Table, bindparam, select

from tenantry.core.statements import Statement

Kind = Literal[
    "customer",
    "role",
    "user",
    "service",
    "token",
    "automation token",
    "service group",
    "invitation",
    "user group",
    "membership",
    "service authorization",
    "contact",
    "star",
    "operator key",
    "catalogue",
    "tax table",
    "plan",
    "plan assignment",
    "address",
    "tax id",
    "tax status",
    "coupon",
    "usage event",
]


class Stand(msgspec.Struct, frozen=True):
    """A row that stands, as far as a scenario could have made it."""

    id: str
    keys: tuple[Hashable, ...]
    """What it is found by, beside its id."""
    facts: Mapping[str, Any]
    is_gone: bool = False


class Shelf:
    """The rows of one kind that stand in a customer."""

    def __init__(self, stands: list[Stand]) -> None:
        self.all = stands
        self.by_id = {stand.id: stand for stand in stands}
        # One that is gone holds its id, but no longer its name.
        self.by_key = {key: one for one in stands if not one.is_gone for key in one.keys}


Standing = Mapping[Kind, Shelf]
NOTHING: Standing = {kind: Shelf([]) for kind in get_args(Kind)}


def of_customer(table: Table, names: tuple[str, ...], row: Any = None) -> Statement[Any]:
    """Reads these columns of every row that a customer has in a table."""
    columns = [table.c[name] for name in names]
    return Statement(select(*columns).where(table.c.customer_id == bindparam("customer_id")), row)
