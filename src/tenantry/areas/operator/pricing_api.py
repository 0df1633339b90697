"""How an operator says what things cost (contract: billing §9 O4)."""

from typing import Generic, TypeVar

import msgspec

from tenantry.areas.pricing import documents, setting
from tenantry.areas.pricing.catalogue import BUILT_IN, Catalogue
from tenantry.areas.pricing.documents import Document, Kind
from tenantry.areas.pricing.money import in_plain_text
from tenantry.areas.pricing.setting import TaxRules
from tenantry.areas.pricing.terms import Plan
from tenantry.core.clock import shown
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import not_found
from tenantry.http.body import Body
from tenantry.http.message import Query
from tenantry.http.operation import OPERATOR, PAGED, Answer, operation
from tenantry.http.paging import link_header, numbered
from tenantry.http.wire import LEGACY

B = TypeVar("B")


class Revision(msgspec.Struct, Generic[B], kw_only=True):
    """One revision of a document."""

    id: str
    """Of the document: all its revisions have it; empty for what is built in."""
    revision: int
    """Counted from 1; 0 for what is built in."""
    created_at: str | None
    key_name: str
    """The operator key with which it was written; empty where it was none."""
    body: B


def _shown(document: Document, shape: type[B]) -> Revision[B]:
    return Revision(
        id=document.id,
        revision=document.revision,
        created_at=shown(document.created_at),
        key_name=document.key_name,
        body=in_plain_text(msgspec.json.decode(document.body, type=shape)),
    )


def _built_in(body: B) -> Revision[B]:
    return Revision(id="", revision=0, created_at=None, key_name="", body=body)


async def _page(call: Reading, query: Query, of: tuple[Kind, str], shape: type[B]) -> Answer:
    """A page of a document's revisions."""
    page = numbered(query)
    rows, records = await documents.history(call, *of, page.size, page.skipped)
    link = link_header(query, page, records)
    headers = () if link is None else (("link", link),)
    return Answer([_shown(one, shape) for one in rows], headers=headers)


@operation("GET /_operator/v1/catalogue", allow=OPERATOR, wire=LEGACY)
async def get_catalogue(call: Reading) -> Revision[Catalogue]:
    """What is metered; what is built in, until it is replaced."""
    found = await documents.find(call, "catalogue")
    return _built_in(BUILT_IN) if found is None else _shown(found, Catalogue)


@operation("PUT /_operator/v1/catalogue", allow=OPERATOR, wire=LEGACY)
async def set_catalogue(call: Writing, body: Body[Catalogue]) -> Revision[Catalogue]:
    """Replace what is metered.

    Refused if a plan charges what would be gone, and if what was used would be counted otherwise.
    """
    return _shown(await setting.set_catalogue(call, body.values()), Catalogue)


@operation(
    "GET /_operator/v1/catalogue/history",
    allow=OPERATOR,
    wire=LEGACY,
    query=PAGED,
    answers=list[Revision[Catalogue]],
)
async def list_catalogue_revisions(call: Reading, query: Query) -> Answer:
    """Every catalogue there was, the newest first."""
    return await _page(call, query, ("catalogue", ""), Catalogue)


@operation("GET /_operator/v1/tax-rules", allow=OPERATOR, wire=LEGACY)
async def get_tax_rules(call: Reading) -> Revision[TaxRules]:
    """The table of taxes; an empty one, until it is replaced."""
    found = await documents.find(call, "tax_rules")
    return _built_in(TaxRules(())) if found is None else _shown(found, TaxRules)


@operation("PUT /_operator/v1/tax-rules", allow=OPERATOR, wire=LEGACY)
async def set_tax_rules(call: Writing, body: Body[TaxRules]) -> Revision[TaxRules]:
    """Replace the table of taxes, for whatever is not posted yet."""
    return _shown(await setting.set_tax_rules(call, body.values()), TaxRules)


@operation(
    "GET /_operator/v1/tax-rules/history",
    allow=OPERATOR,
    wire=LEGACY,
    query=PAGED,
    answers=list[Revision[TaxRules]],
)
async def list_tax_rules_revisions(call: Reading, query: Query) -> Answer:
    """Every table of taxes there was, the newest first."""
    return await _page(call, query, ("tax_rules", ""), TaxRules)


@operation("GET /_operator/v1/plans", allow=OPERATOR, wire=LEGACY)
async def list_plans(call: Reading) -> list[Revision[Plan]]:
    """Every plan as it is now, by its code."""
    return [_shown(one, Plan) for one in await documents.every(call, "plan")]


@operation("GET /_operator/v1/plans/{code}", allow=OPERATOR, wire=LEGACY)
async def get_plan(call: Reading, code: str) -> Revision[Plan]:
    """One plan as it is now."""
    found = await documents.find(call, "plan", code)
    if found is None:
        raise not_found("plan", code)
    return _shown(found, Plan)


@operation("PUT /_operator/v1/plans/{code}", allow=OPERATOR, wire=LEGACY)
async def set_plan(call: Writing, body: Body[Plan], code: str) -> Revision[Plan]:
    """Make a plan, or replace it for whatever is not posted yet; it keeps its currency."""
    return _shown(await setting.set_plan(call, code, body.values()), Plan)


@operation(
    "GET /_operator/v1/plans/{code}/history",
    allow=OPERATOR,
    wire=LEGACY,
    query=PAGED,
    answers=list[Revision[Plan]],
)
async def list_plan_revisions(call: Reading, query: Query, code: str) -> Answer:
    """Everything that a plan was, the newest first."""
    return await _page(call, query, ("plan", code), Plan)
