"""What is in a group: pairs of a group and one of its services, members, roles or service groups.

A set, whatever it holds, is extended and reduced in the same way: all of what is named or none of
it, and what is there already, or not there, is no error (contract: access §7, §8).
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Table, bindparam, delete, insert, select

from tenantry.areas.groups import model
from tenantry.areas.groups.model import SERVICE_GROUPS, USER_GROUPS, GroupRow, Kind
from tenantry.core import access_tables as tables
from tenantry.core.audit import Revision
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import not_found
from tenantry.core.ids import is_id
from tenantry.core.statements import Statement, is_one_of, unindexed

_LONGEST_TOLD = 64


class Named(msgspec.Struct, array_like=True, frozen=True):
    """Something that is in a group, by its name."""

    id: str
    name: str


N = TypeVar("N", bound=Named)


class Pairs:
    """One set of every group of a kind: where it is stored, and what it is called."""

    def __init__(self, of: Kind[Any], table: Table) -> None:
        """Compose its statements."""
        column = table.c
        self.of = of
        self.word = table.name.removeprefix(f"{of.name}_")
        """`services`, say: as events and bodies have it."""
        self.kind = table.name.removesuffix("s")
        """As revisions have it."""
        self.owner = f"{of.name}_id"
        self.member = f"{self.word.removesuffix('s')}_id"
        group, member = column[self.owner], column[self.member]
        mine = column.customer_id == bindparam("customer_id")
        inside = select(unindexed(member)).where(mine, is_one_of(group, "groups"))
        self.all = Statement(inside.distinct())
        self.owners = Statement(select(group).where(mine, is_one_of(member, "members")))
        self.among = Statement(
            select(member).where(mine, group == bindparam("group"), is_one_of(member, "members"))
        )
        self.insert = Statement(insert(table))
        self.delete = Statement(
            delete(table).where(mine, group == bindparam("group"), is_one_of(member, "members"))
        )


SERVICES = Pairs(SERVICE_GROUPS, tables.service_group_services)
MEMBERS = Pairs(USER_GROUPS, tables.user_group_members)
ROLES = Pairs(USER_GROUPS, tables.user_group_roles)
SERVICE_GROUPS_OF = Pairs(USER_GROUPS, tables.user_group_service_groups)


async def known(
    call: Reading, statement: Statement[N], noun: str, ids: Iterable[str]
) -> dict[str, N]:
    """What these ids name, in their order and each once. Raises Problem 404 for the first lost."""
    wanted = list(dict.fromkeys(ids))
    asked = [one for one in wanted if is_id(one)]
    found: dict[str, N] = {}
    if asked:
        rows = await call.all(statement, customer_id=call.customer_id, ids=asked, now=call.now)
        found = {row.id: row for row in rows}
    for one in wanted:
        if one not in found:
            raise not_found(noun, one[:_LONGEST_TOLD])
    return {one: found[one] for one in wanted}


async def in_groups(call: Reading, pairs: Pairs, groups: list[str]) -> list[str]:
    """The ids of what is in any of these groups."""
    rows = await call.all(pairs.all, customer_id=call.customer_id, groups=groups)
    return [one for (one,) in rows]


async def endings(call: Reading, group_id: str, *sets: Pairs) -> list[Revision]:
    """That all in these sets of a group is in it no longer: another may get its id (scenarios)."""
    return [
        gone(pairs, group_id, one)
        for pairs in sets
        for one in sorted(await in_groups(call, pairs, [group_id]))
    ]


async def holding(call: Reading, pairs: Pairs, members: list[str]) -> list[str]:
    """The ids of the groups that any of these is in."""
    rows = await call.all(pairs.owners, customer_id=call.customer_id, members=members)
    return sorted({one for (one,) in rows})


async def add(
    call: Writing,
    pairs: Pairs,
    group: GroupRow,
    members: Iterable[str],
    kinds: Mapping[str, str] | None = None,
) -> list[str]:
    """Put into a group what is not in it yet; the ids of that. Members of a user group have kinds.

    Raises Problem 404.
    """
    members = list(members)
    there = await _there(call, pairs, group, members)
    added = [one for one in members if one not in there]
    if not added:
        return []
    rows = {one: {pairs.owner: group.id, pairs.member: one} for one in added}
    for one, kind in (kinds or {}).items():
        if one in rows:
            rows[one]["kind"] = kind
    stored = {"customer_id": call.customer_id, "added_at": call.now}
    await call.run_many(pairs.insert, [{**row, **stored} for row in rows.values()])
    await model.touch(call, pairs.of, group)
    revisions = [Revision(pairs.kind, f"{group.id}/{one}", row) for one, row in rows.items()]
    word = f"{pairs.word}.add"
    await model.record(call, pairs.of, group, word, revisions, **{pairs.word: added})
    return added


async def remove(call: Writing, pairs: Pairs, group: GroupRow, members: Iterable[str]) -> list[str]:
    """Take out of a group what is in it; the ids of that. Raises Problem 404."""
    members = list(members)
    there = await _there(call, pairs, group, members)
    removed = [one for one in members if one in there]
    if not removed:
        return []
    key = {"customer_id": call.customer_id, "group": group.id}
    await call.run(pairs.delete, **key, members=removed)
    await model.touch(call, pairs.of, group)
    revisions = [gone(pairs, group.id, one) for one in removed]
    word = f"{pairs.word}.remove"
    await model.record(call, pairs.of, group, word, revisions, **{pairs.word: removed})
    return removed


def gone(pairs: Pairs, group_id: str, member_id: str) -> Revision:
    """That something is in a group no longer."""
    return Revision(pairs.kind, f"{group_id}/{member_id}", None)


async def _there(call: Reading, pairs: Pairs, group: GroupRow, members: list[str]) -> set[str]:
    if not members:
        return set()
    key = {"customer_id": call.customer_id, "group": group.id}
    return {one for (one,) in await call.all(pairs.among, **key, members=members)}
