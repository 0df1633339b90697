"""How an account's people come in: its providers, its mail domains and its rules (access §10)."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from tenantry.areas.customers import model as customers
from tenantry.areas.customers.logins import logins
from tenantry.areas.customers.model import CustomerChange
from tenantry.areas.federation import bypasses, domains
from tenantry.areas.federation import model as providers
from tenantry.areas.federation.provider import ProviderChange
from tenantry.areas.users import model as users
from tenantry.areas.users import sign_in_policy
from tenantry.areas.users.sign_in_policy import SignInPolicy
from tenantry.console import words
from tenantry.console.frame import COMPANY, page
from tenantry.core.context import Reading, Writing
from tenantry.core.errors import Problem
from tenantry.http.body import Body
from tenantry.http.message import Response
from tenantry.http.operation import operation, permission
from tenantry.http.pages import see_other
from tenantry.http.visit import Visit
from tenantry.http.wire import PAGE

LOOK = permission("customer.security", person=True)
SET = permission("customer.security", person=True, sudo=True)
"""Who says who may come in has proved lately that it is he."""
MINUTE = 60

_NOTICES = {
    "rules": "The rules are saved.",
    "provider": "The provider is disconnected.",
    "domain": "The domain is given up.",
    "spared": "The superuser keeps a password.",
    "bound": "The superuser signs in through the company from now on.",
}


def company_view(
    call: Reading, visit: Visit, template: str, notices: Mapping[str, str], **facts: Any
) -> Response:
    """A page on how the company signs in: what was just done stands on it, or what is wrong."""
    done = visit.query.get("done") or ""
    status = 400 if facts["problem"] else 200
    notice = notices.get(done, "")
    return page(call, visit, template, status, words=words, notice=notice, **facts)


class CompanyForm(msgspec.Struct):
    """What the forms of the page send: `do` says which of them."""

    do: Literal["provider", "domain", "rules", "spare", "bind"]
    name: str = ""
    issuer: str = ""
    client_id: str = ""
    client_secret: str = ""
    domain: str = ""
    login: str = ""
    user_id: str = ""
    idle_minutes: int = 0
    session_minutes: int = 0
    allows_passkey_alone: bool = False
    force_sso: bool = False


async def _company(
    call: Reading, visit: Visit, form: CompanyForm | None = None, problem: str = ""
) -> Response:
    customer = await customers.find(call, call.customer_id)
    policy = await sign_in_policy.find_policy(call)
    filled = form or CompanyForm("rules")
    if filled.do != "rules" or form is None:
        filled.idle_minutes = policy.idle_seconds // MINUTE
        filled.session_minutes = policy.session_seconds // MINUTE
        filled.allows_passkey_alone = policy.allows_passkey_alone
        filled.force_sso = customer.force_sso
    spared = [row.user_id for row in await bypasses.list_all(call)]
    return company_view(
        call,
        visit,
        "company",
        _NOTICES,
        providers=await providers.list_all(call),
        domains=await domains.list_all(call),
        spared=await logins(call, spared),
        filled=filled,
        problem=problem,
    )


@operation(f"GET {COMPANY}", allow=LOOK, wire=PAGE)
async def get_company_page(call: Reading, visit: Visit) -> Response:
    """Providers, domains and rules, and the forms for new ones."""
    return await _company(call, visit)


@operation(f"POST {COMPANY}", allow=SET, wire=PAGE)
async def change_company(call: Writing, body: Body[CompanyForm], visit: Visit) -> Response:
    """Connect a provider, claim a domain, change the rules or whom they spare.

    Raises Problem 403.
    """
    form = body()
    providers.check_superuser(call)
    try:
        # Each refuses before it changes anything: what is caught here leaves nothing behind.
        return see_other(await _done(call, form))
    except Problem as problem:
        return await _company(call, visit, form, problem.detail or problem.title)


async def _done(call: Writing, form: CompanyForm) -> str:
    """Do it; where to go on. Raises Problem 400, 404."""
    match form.do:
        case "provider":
            asked = ProviderChange(
                name=form.name,
                issuer=form.issuer,
                client_id=form.client_id,
                client_secret=form.client_secret,
            )
            row = await providers.create(call, asked)
            return f"{COMPANY}/providers/{row.id}?done=made"
        case "domain":
            claimed = await domains.claim(call, form.domain)
            return f"{COMPANY}/domains/{claimed.domain}"
        case "rules":
            await _set_rules(call, form)
            return f"{COMPANY}?done=rules"
        case "spare":
            await _spare(call, form.login)
            return f"{COMPANY}?done=spared"
        case "bind":
            await bypasses.take(call, form.user_id)
            return f"{COMPANY}?done=bound"


async def _spare(call: Writing, login: str) -> None:
    row = await users.find_by_login(call, login.strip())
    if row is None or row.customer_id != call.customer_id:
        raise Problem(404, "Not found", "No superuser of this account has that login")
    await bypasses.give(call, row.id)


async def _set_rules(call: Writing, form: CompanyForm) -> None:
    policy = SignInPolicy(
        idle_seconds=form.idle_minutes * MINUTE,
        session_seconds=form.session_minutes * MINUTE,
        allows_passkey_alone=form.allows_passkey_alone,
    )
    sign_in_policy.check_policy(policy)
    await customers.change(call, call.customer_id, CustomerChange(force_sso=form.force_sso))
    await sign_in_policy.set_policy(call, policy)
