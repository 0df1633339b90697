"""The documents that say what things cost: catalogue, tax rules, each plan; and who sells.

A document is replaced as a whole, and every revision stays: the newest counts, for whatever is not
posted yet (contract: billing §9 O4). They are the installation's and belong to no customer, so no
customer's log tells of them. Their history is their trace instead: what was written when, and by
the holder of which operator key.
"""

from functools import lru_cache
from typing import Any, Literal

import msgspec
from sqlalchemy import bindparam, func, insert, select

from tenantry.areas.pricing.catalogue import BUILT_IN, Catalogue, parse_catalogue
from tenantry.areas.pricing.money import decode_exactly
from tenantry.areas.pricing.terms import Plan, TaxRule, parse_plan, parse_tax_rules
from tenantry.core import schema
from tenantry.core.billing_tables import pricing_documents
from tenantry.core.clock import Instant
from tenantry.core.context import Writing
from tenantry.core.errors import not_found
from tenantry.core.ids import new_id
from tenantry.core.session import Reads
from tenantry.core.statements import Statement, is_one_of

Kind = Literal["catalogue", "plan", "seller", "tax_rules"]

_D, _OTHER = pricing_documents.c, pricing_documents.alias("other")


class Document(msgspec.Struct, frozen=True):
    """One revision of a document."""

    name: str
    """A plan's code; nothing for the others, of which there is one."""
    id: str
    """Of the document: its revisions share it."""
    revision: int
    body: str
    """JSON, written in its one way, its decimals as text."""
    key_name: str
    """The operator key's whose holder wrote it; nothing for a scenario file."""
    created_at: Instant


_COLUMNS = [pricing_documents.c[name] for name in Document.__struct_fields__]
_NEWEST = _D.revision == (
    select(func.max(_OTHER.c.revision))
    .where(_OTHER.c.kind == _D.kind, _OTHER.c.name == _D.name)
    .correlate(pricing_documents)
    .scalar_subquery()
)
_OF_KIND, _NAMED = _D.kind == bindparam("of_kind"), _D.name == bindparam("named")
_FIND = Statement(
    select(*_COLUMNS).where(_OF_KIND, _NAMED).order_by(_D.revision.desc()).limit(1), Document
)
_AMONG = Statement(
    select(*_COLUMNS).where(_OF_KIND, is_one_of(_D.name, "names"), _NEWEST), Document
)
_ALL = Statement(select(*_COLUMNS).where(_OF_KIND, _NEWEST).order_by(_D.name), Document)
_HISTORY = Statement(
    select(*_COLUMNS)
    .where(_OF_KIND, _NAMED)
    .order_by(_D.revision.desc())
    .limit(bindparam("size"))
    .offset(bindparam("skipped")),
    Document,
)
_ADD = Statement(insert(pricing_documents))
_LOCK = Statement(
    select(schema.installation.c.id).where(schema.installation.c.id == 1).with_for_update()
)


async def find(reads: Reads, kind: Kind, name: str = "") -> Document | None:
    """The newest revision of a document; None if it was never written."""
    return await reads.one(_FIND, of_kind=kind, named=name)


async def catalogue(reads: Reads) -> Catalogue:
    """What is metered; what is built in, until an operator says otherwise."""
    found = await find(reads, "catalogue")
    return BUILT_IN if found is None else _catalogue(found.body)


async def tax_rules(reads: Reads) -> tuple[TaxRule, ...]:
    """The taxes; none, until an operator says otherwise."""
    found = await find(reads, "tax_rules")
    return () if found is None else _tax_rules(found.body)


async def plan(reads: Reads, code: str) -> Plan | None:
    """A plan as it is now; None if there is none of that code."""
    found = await find(reads, "plan", code)
    return None if found is None else _plan(found.body)


async def plans(reads: Reads, codes: list[str]) -> dict[str, Plan]:
    """The plans of these codes as they are now, by code."""
    found = await reads.all(_AMONG, of_kind="plan", names=codes)
    return {document.name: _plan(document.body) for document in found}


async def every(reads: Reads, kind: Kind) -> list[Document]:
    """The newest revision of every document of a kind, by name."""
    return await reads.all(_ALL, of_kind=kind)


async def every_plan(reads: Reads) -> dict[str, Plan]:
    """All plans as they are now, by code."""
    return {document.name: _plan(document.body) for document in await every(reads, "plan")}


async def history(
    reads: Reads, kind: Kind, name: str, size: int, skipped: int
) -> tuple[list[Document], int]:
    """A page of a document's revisions, the newest first, and how many there are.

    Raises Problem 404 for a plan that was never written.
    """
    newest = await find(reads, kind, name)
    if newest is None:
        if kind == "plan":
            raise not_found("plan", name)
        return [], 0
    # Revisions have no gaps: the newest one's number is how many there are.
    rows = await reads.all(_HISTORY, of_kind=kind, named=name, size=size, skipped=skipped)
    return rows, newest.revision


async def lock(call: Writing) -> None:
    """Let nobody else write documents until the commit: each is checked against the others."""
    await call.one(_LOCK)


async def put(call: Writing, kind: Kind, name: str, content: Any) -> Document:
    """Make the content the newest revision; none is added if nothing changed.

    Whoever calls this has taken `lock` and seen that the content can be used.
    """
    before = await find(call, kind, name)
    body = msgspec.json.encode(content).decode()
    if before is not None and before.body == body:
        return before
    document = Document(
        name=name,
        id=new_id() if before is None else before.id,
        revision=1 if before is None else before.revision + 1,
        body=body,
        key_name=call.principal.token_name,
        created_at=call.now,
    )
    await call.run(_ADD, kind=kind, **msgspec.structs.asdict(document))
    return document


@lru_cache(maxsize=64)
def _catalogue(body: str) -> Catalogue:
    return parse_catalogue(decode_exactly(body))


@lru_cache(maxsize=64)
def _tax_rules(body: str) -> tuple[TaxRule, ...]:
    return tuple(parse_tax_rules(decode_exactly(body)))


@lru_cache(maxsize=1024)
def _plan(body: str) -> Plan:
    return parse_plan(decode_exactly(body))
