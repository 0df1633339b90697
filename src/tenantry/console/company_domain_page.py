"""One of an account's mail domains: what to publish, whether it is found, and giving it up."""

from typing import Literal

import msgspec

from tenantry.areas.federation import domains, model
from tenantry.areas.federation.domain_proof import dns_name, file_url, proof_of
from tenantry.areas.federation.domains import DomainRow
from tenantry.console.company_page import LOOK, SET, company_view
from tenantry.console.frame import COMPANY
from tenantry.core.context import Reading, Writing
from tenantry.http.body import Body
from tenantry.http.message import Response
from tenantry.http.operation import Credentials, operation
from tenantry.http.pages import see_other
from tenantry.http.visit import Visit
from tenantry.http.wire import PAGE

PATH = f"{COMPANY}/domains/{{domain}}"

_NOTICES = {"verified": "The domain is verified."}
_NOT_FOUND = "The challenge is not found yet. It can take a while until a new record is seen."


class DomainForm(msgspec.Struct):
    """What the forms of the page send: `do` says which of them."""

    do: Literal["verify", "remove"]


def _domain(call: Reading, visit: Visit, row: DomainRow, problem: str = "") -> Response:
    return company_view(
        call,
        visit,
        "company_domain",
        _NOTICES,
        domain=row,
        dns_name=dns_name(row),
        file_url=file_url(row),
        problem=problem,
    )


@operation(f"GET {PATH}", allow=LOOK, wire=PAGE)
async def get_company_domain_page(call: Reading, visit: Visit, domain: str) -> Response:
    """What to publish, and whether it is found. Raises Problem 404."""
    return _domain(call, visit, await domains.find(call, domain))


class Proof(msgspec.Struct, frozen=True):
    """A domain, and where its challenge was found before the unit of work."""

    row: DomainRow
    how: str | None = None


async def look(
    call: Reading, body: Body[DomainForm], _credentials: Credentials, domain: str
) -> Proof:
    """Look for the challenge, if that is wanted. Raises Problem 400, 403, 404."""
    model.check_superuser(call)
    row = await domains.find(call, domain)
    if body().do != "verify":
        return Proof(row)
    return Proof(row, await proof_of(call.provider_networks, row))


@operation(f"POST {PATH}", allow=SET, wire=PAGE, prepare=look)
async def change_company_domain(
    call: Writing, body: Body[DomainForm], visit: Visit, evidence: Proof
) -> Response:
    """Verify it, or give it up. Raises Problem 400, 403, 404."""
    row = evidence.row
    if body().do == "remove":
        await domains.remove(call, row.domain)
        return see_other(f"{COMPANY}?done=domain")
    if evidence.how is None:
        return _domain(call, visit, row, _NOT_FOUND)
    await domains.verify(call, row, evidence.how)
    return see_other(f"{COMPANY}/domains/{row.domain}?done=verified")
