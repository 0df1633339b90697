"""Examples of what a superuser writes about single sign-on."""

from typing import Any

from tests.world import ADA, OPERATOR, SUE, WIDGETS, World
from tests.write import Write

PROVIDERS = "/_tenantry/v1/identity-providers"
DOMAINS = "/_tenantry/v1/email-domains"
BYPASSES = "/_tenantry/v1/sso-bypasses"
# An address that no server has (RFC 5737), so that nobody is asked.
PROVIDER: dict[str, Any] = {
    "name": "Example Login",
    "issuer": "https://192.0.2.1",
    "client_id": "tenantry",
    "client_secret": "provider-secret-0000000000000000",
    "scopes": ["openid", "email"],
    "role_map": {"Edge": "engineer"},
}
_ONE = f"{PROVIDERS}/{{identity_provider_id}}"
_DOMAIN = "widgets.example.com"
_CLAIM = {"domain": _DOMAIN}


def operators(domain: str, customer_id: str = WIDGETS) -> str:
    """Where an operator vouches for a domain."""
    return f"/_operator/v1/customers/{customer_id}/email-domains/{domain}"


async def lifted(world: World) -> None:
    """Ada has proved once more that it is she."""
    await world.sudo(ADA)


async def _provider(world: World) -> dict[str, str]:
    await world.sudo(ADA)
    answer = await world.ask(ADA, "POST", PROVIDERS, json=PROVIDER)
    return {"identity_provider_id": answer.json()["id"]}


async def _claimed(world: World) -> dict[str, str]:
    await world.sudo(ADA)
    await world.ask(ADA, "POST", DOMAINS, json=_CLAIM)
    return {"domain": _DOMAIN}


async def _verified(world: World) -> dict[str, str]:
    await world.sudo(ADA)
    await world.ask(OPERATOR, "PUT", operators(_DOMAIN))
    return {"domain": _DOMAIN}


async def _bypass(world: World) -> dict[str, str]:
    await world.sudo(ADA)
    await world.ask(ADA, "PUT", f"{BYPASSES}/{SUE.id}")
    return {"user_id": SUE.id}


FEDERATION: dict[str, Write] = {
    f"POST {PROVIDERS}": Write(["identity_provider.create"], body=PROVIDER, before=lifted),
    f"PATCH {_ONE}": Write(
        ["identity_provider.update"], body={"name": "Renamed"}, before=_provider
    ),
    f"DELETE {_ONE}": Write(["identity_provider.delete"], before=_provider),
    # It is found to be wrong, as it was; what else may come of it: test_identity_providers.py.
    f"POST {_ONE}/check": Write([], before=_provider),
    f"POST {DOMAINS}": Write(["email_domain.create"], body=_CLAIM, before=lifted),
    f"DELETE {DOMAINS}/{{domain}}": Write(["email_domain.delete"], before=_claimed),
    # One that is verified already; how it comes to be: tests/areas/test_email_domains.py.
    f"POST {DOMAINS}/{{domain}}/verify": Write([], before=_verified),
    f"PUT {BYPASSES}/{{user_id}}": Write(
        ["sso_bypass.create"], path={"user_id": SUE.id}, before=lifted
    ),
    f"DELETE {BYPASSES}/{{user_id}}": Write(["sso_bypass.delete"], before=_bypass),
    f"PUT {operators('{of_domain}', '{customer}')}": Write(
        ["email_domain.create", "email_domain.verify"],
        path={"customer": WIDGETS, "of_domain": _DOMAIN},
        who=OPERATOR,
    ),
}
