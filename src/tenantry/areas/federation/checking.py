"""Whether a provider can be signed in with, as far as can be seen without anybody signing in."""

from collections.abc import Mapping
from typing import Any

from tenantry.areas.federation import issuer as issuers
from tenantry.areas.federation.fetching import Failed
from tenantry.areas.federation.id_token import usable
from tenantry.areas.federation.provider import ProviderRow, secret_of
from tenantry.core.context import Reading

Finding = tuple[list[str], Mapping[str, Any] | None]
"""What is wrong, as sentences; and the discovery document, if there is one."""


async def look_at(call: Reading, row: ProviderRow) -> Finding:
    """Ask a provider for its discovery document and its keys, anew."""
    issuers.forget(row.issuer)
    try:
        found = await issuers.discover(call, row.issuer)
    except Failed as failure:
        return [f"The issuer {failure}"], None
    problems = []
    try:
        keys = await issuers.keys(call, found, stays=0)
        if not any(usable(key) for key in keys):
            problems.append(f"None of its {len(keys)} keys can be used to check an ID token")
    except Failed as failure:
        problems.append(f"The address of its keys {failure}")
    try:
        secret_of(call, row)
    except Failed as failure:
        problems.append(f"It {failure}")
    missing = set(row.scopes.split()) - set(found.scopes_supported or row.scopes.split())
    if missing:
        problems.append(f"It does not offer these scopes: {', '.join(sorted(missing))}")
    if not row.client_id:
        problems.append("The client id is missing")
    return problems, {
        "authorization_endpoint": found.authorization_endpoint,
        "token_endpoint": found.token_endpoint,
        "jwks_uri": found.jwks_uri,
        "userinfo_endpoint": found.userinfo_endpoint or None,
    }
