"""How a customer's mail domains are reached, and how an operator vouches for one."""

from dataclasses import replace
from typing import Literal

import msgspec

from tenantry.areas.customers.model import find as find_customer
from tenantry.areas.federation import domains, model
from tenantry.areas.federation.domain_proof import dns_name, file_url, proof_of
from tenantry.areas.federation.domains import DomainRow
from tenantry.core.clock import shown, shown_or_none
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import bad_request
from tenantry.http.body import Body
from tenantry.http.operation import OPERATOR, Credentials, operation, permission
from tenantry.http.wire import LEGACY, PLAIN

DOMAINS = "/_tenantry/v1/email-domains"
SECURITY = permission("customer.security")
SECURING = permission("customer.security", sudo=True)
"""Who says who may come in proves once more that it is he."""


class NewDomain(msgspec.Struct):
    """The domain that is claimed."""

    domain: str


class EmailDomain(msgspec.Struct):
    """A domain of mail addresses, and how to show that it is the customer's."""

    domain: str
    challenge: str
    dns_name: str
    """Publish the challenge as a TXT record of this name …"""
    file_url: str
    """… or as a file at this address."""
    verified_at: str | None
    proof: Literal["dns", "https", "operator"] | None
    """How it was shown."""
    missing_since: str | None
    """Since when the challenge is not found any more: it is looked for daily."""
    lapsed_at: str | None
    """When the domain was lost, because the challenge stayed away."""
    created_at: str


class EmailDomains(msgspec.Struct):
    """All that a customer has claimed."""

    data: list[EmailDomain]


def shown_domain(row: DomainRow) -> EmailDomain:
    """A domain."""
    return EmailDomain(
        domain=row.domain,
        challenge=row.challenge,
        dns_name=dns_name(row),
        file_url=file_url(row),
        verified_at=shown_or_none(row.verified_at),
        proof=row.proof,  # type: ignore[arg-type] # one of the three
        missing_since=shown_or_none(row.missing_since),
        lapsed_at=shown_or_none(row.lapsed_at),
        created_at=shown(row.created_at),
    )


@operation(f"GET {DOMAINS}", allow=SECURITY, wire=PLAIN)
async def list_email_domains(call: Reading) -> EmailDomains:
    """The domains that the customer has claimed, verified or not."""
    return EmailDomains([shown_domain(row) for row in await domains.list_all(call)])


@operation(f"POST {DOMAINS}", allow=SECURING, wire=PLAIN, status=201)
async def create_email_domain(call: Writing, body: Body[NewDomain]) -> EmailDomain:
    """Claim a domain; the challenge says what to publish."""
    return shown_domain(await domains.claim(call, body().domain))


@operation(f"GET {DOMAINS}/{{domain}}", allow=SECURITY, wire=PLAIN)
async def get_email_domain(call: Reading, domain: str) -> EmailDomain:
    """One domain."""
    return shown_domain(await domains.find(call, domain))


@operation(f"DELETE {DOMAINS}/{{domain}}", allow=SECURING, wire=PLAIN, status=204)
async def delete_email_domain(call: Writing, domain: str) -> None:
    """Give a domain up; others may have it then."""
    await domains.remove(call, domain)


class Proof(msgspec.Struct, frozen=True):
    """A domain, and where its challenge was found, before the unit of work."""

    row: DomainRow
    how: str | None


async def look(call: Reading, _body: None, _credentials: Credentials, domain: str) -> Proof:
    """Look for the challenge. Raises Problem 403, 404."""
    model.check_superuser(call)
    row = await domains.find(call, domain)
    return Proof(row, await proof_of(call.provider_networks, row))


@operation(f"POST {DOMAINS}/{{domain}}/verify", allow=SECURING, wire=PLAIN, prepare=look)
async def verify_email_domain(call: Writing, evidence: Proof) -> EmailDomain:
    """Look for the challenge in the domain's DNS and on its web server."""
    if evidence.how is None:
        raise bad_request(
            f"The challenge stands neither in a TXT record {dns_name(evidence.row)} "
            f"nor at {file_url(evidence.row)}"
        )
    return shown_domain(await domains.verify(call, evidence.row, evidence.how))


@operation(
    "PUT /_operator/v1/customers/{customer}/email-domains/{of_domain}", allow=OPERATOR, wire=LEGACY
)
async def set_customer_email_domain(call: Writing, customer: str, of_domain: str) -> EmailDomain:
    """Say that a domain is a customer's, whatever is published."""
    await find_customer(call, customer)
    inside = replace(call, customer_id=customer)
    row = await domains.claim(inside, of_domain)
    return shown_domain(await domains.verify(inside, row, "operator"))
