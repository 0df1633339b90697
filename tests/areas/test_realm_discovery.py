"""Each field of the discovery document is true (OpenID Connect Discovery 1.0 §3, RFC 8414 §2)."""

from typing import Any

from tenantry.app import operations
from tests.areas.realm_calls import CERTS, Program, answered, claims, program
from tests.console.browser import ORIGIN
from tests.world import World

PATH = "/realms/fastly/.well-known/openid-configuration"
UNUSED = (
    "claims_parameter_supported",
    "request_parameter_supported",
    "request_uri_parameter_supported",
)
OTHERS = {
    "response_type": ("token", "id_token", "code token", "none"),
    "response_mode": ("fragment", "form_post", "jwt"),
    "code_challenge_method": ("plain",),
    "prompt": ("create",),
}
"""What is not offered, by parameter."""


async def document(world: World) -> dict[str, Any]:
    answer = await world.ask(None, "GET", PATH)
    assert answer.headers["content-type"] == "application/json"
    found: dict[str, Any] = answer.json()
    return found


async def test_where_it_stands_follows_from_the_issuer(world: World) -> None:
    found = await document(world)
    assert found["issuer"] + "/.well-known/openid-configuration" == ORIGIN + PATH
    paths = {one.path for one in operations()}
    ends = [found[name] for name in found if name.endswith(("_endpoint", "_uri"))]
    assert len(ends) == 3
    assert {one.removeprefix(ORIGIN) for one in ends} <= paths


async def test_what_is_offered_is_taken_and_nothing_else_is(world: World) -> None:
    found, cli = await document(world), await program(world)
    offered = {
        "response_type": found["response_types_supported"],
        "response_mode": found["response_modes_supported"],
        "code_challenge_method": found["code_challenge_methods_supported"],
        "scope": found["scopes_supported"],
        "prompt": found["prompt_values_supported"],
    }
    for name, values in offered.items():
        for value in values:
            answer = await cli.open(**{name: value})
            if answer.status_code == 303 and "/sign-in" not in answer.headers["location"]:
                assert answered(answer)["error"] in {"login_required", "consent_required"}, value
            else:
                assert answer.status_code in {200, 303}, (name, value)
    for name, values in OTHERS.items():
        assert not set(values) & set(offered[name])
        for value in values:
            told = answered(await cli.open(**{name: value}))
            assert told["error"] in {"invalid_request", "unsupported_response_type"}, value


async def test_each_grant_is_known_and_no_other(world: World) -> None:
    found, cli = await document(world), Program(world)
    for grant in found["grant_types_supported"]:
        told = (await cli.post(grant_type=grant, client_id="fastly-cli")).json()
        assert told["error"] == "invalid_request", grant
    for grant in ("password", "client_credentials", "implicit", "urn:ietf:params:oauth:x"):
        told = (await cli.post(grant_type=grant, client_id="fastly-cli")).json()
        assert told["error"] == "unsupported_grant_type", grant


async def test_the_tokens_are_as_told(world: World) -> None:
    found, cli = await document(world), await program(world)
    told = answered(await cli.allow(nonce="n"))
    assert (told["iss"] == found["issuer"]) is found[
        "authorization_response_iss_parameter_supported"
    ]
    issued = (await cli.redeem(told["code"])).json()
    assert set(claims(issued["id_token"])) == set(found["claims_supported"])
    assert claims(issued["id_token"])["sub"] == claims(issued["access_token"])["sub"]
    assert found["subject_types_supported"] == ["public"]
    keys = (await world.ask(None, "GET", CERTS)).json()["keys"]
    assert {key["alg"] for key in keys} == set(found["id_token_signing_alg_values_supported"])
    assert issued["scope"].split() == found["scopes_supported"]
    assert not any(found[name] for name in UNUSED)


async def test_more_scopes_than_there_are_are_left_out(world: World) -> None:
    cli = await program(world)
    issued = (await cli.redeem(await cli.code(scope="openid profile offline_access"))).json()
    assert issued["scope"] == "openid"
    assert claims(issued["access_token"])["scope"] == "openid"


async def test_an_id_token_of_a_refresh_is_that_of_the_sign_in(world: World) -> None:
    """OpenID Connect Core §12.2: the same person, moment and audience, and no nonce."""
    cli = await program(world)
    first = (await cli.redeem(await cli.code(nonce="n"))).json()
    world.clock.turn(60 * 1_000_000)
    second = (await cli.refresh(first["refresh_token"])).json()
    before, after = claims(first["id_token"]), claims(second["id_token"])
    same = ("iss", "sub", "aud", "azp", "auth_time", "amr")
    assert {name: before[name] for name in same} == {name: after[name] for name in same}
    assert after["iat"] == before["iat"] + 60
    assert "nonce" not in after
